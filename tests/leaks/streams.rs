//! Streams, scans and bulks that are under way in several sessions, ended in every way there is: no permit, task, socket or thread is left of them.

use std::time::Duration;

use local_cassandra::testing;
use tokio::time::{Instant, sleep};
use tower_cassandra::{Cluster, ErrorKind, NodeHealth, Session};

use super::open::Open;
use super::{ALONE, Left, PATIENCE, QUERY, client_of, runtime, settled};

const SESSIONS: usize = 4;
const ROWS: i32 = 500;
/// How they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The streams are dropped, some of them in the middle of a page.
    Dropped,
    Closed,
    CancelledFromElsewhere,
    /// Between two pages, and somebody still holds the streams.
    SessionClosed,
    /// The last handle of the session is dropped before its streams.
    SessionDropped,
    /// In the middle of pages, which are cut off.
    ClusterClosed,
}

/// Every call has given its place back, and there is one for the next.
async fn all_permits_are_back(session: &Session, end: End) {
    let limit = session.limits().concurrency.unwrap();
    let start = Instant::now();
    let busy = || {
        let owed = |node: &NodeHealth| node.in_flight + node.abandoned;
        let nodes = session.health().nodes;
        (
            limit.active(),
            limit.queued(),
            session.running(),
            nodes.iter().map(owed).sum::<u32>(),
        )
    };
    while busy() != (0, 0, 0, 0) {
        assert!(start.elapsed() < PATIENCE, "{end:?}: {:?}", busy());
        sleep(Duration::from_millis(5)).await;
    }
    if !session.is_closed() {
        assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
    }
}

async fn open_and_end(cluster: &Cluster, end: End, before: Left) {
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(cluster.connect().await.unwrap());
    }
    let connected = settled(None).await;
    let mut all = Vec::new();
    for session in &sessions {
        all.push(Open::begin(session).await);
    }
    let open = Left::now();
    assert!(
        open.tasks > before.tasks && open.sockets >= before.sockets + SESSIONS,
        "{open:?}"
    );
    if end != End::SessionClosed {
        all.iter_mut().for_each(Open::look);
    }
    match end {
        End::Dropped => all.clear(),
        End::Closed => {
            for (open, session) in all.iter_mut().zip(&sessions) {
                open.close(session);
            }
        }
        End::CancelledFromElsewhere => {
            for open in &mut all {
                open.cancel().await;
            }
        }
        End::SessionClosed => {
            for open in &mut all {
                open.stop_many().await;
            }
            for session in &sessions {
                session.close(PATIENCE).await.unwrap();
            }
            for open in &mut all {
                open.say_closed().await;
            }
        }
        End::SessionDropped => {
            sessions.clear();
            // A stream holds what it needs.
            for open in &mut all {
                open.rows[0].next().await.unwrap().unwrap();
            }
            all.clear();
        }
        End::ClusterClosed => {
            // Nobody polls what is under way.
            let error = cluster.close(Duration::from_millis(100)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            for open in &mut all {
                open.say_closed().await;
            }
        }
    }
    for session in &sessions {
        all_permits_are_back(session, end).await;
    }
    // Streams that are over hold nothing, also where they are not dropped: of a session that lives its own remains, of one that is closed nothing.
    let remains = match end {
        End::Dropped | End::Closed | End::CancelledFromElsewhere => connected,
        End::SessionClosed | End::SessionDropped | End::ClusterClosed => before,
    };
    let held = settled(Some(remains)).await;
    assert!(
        held.is_at_most(remains),
        "{end:?}: {remains:?} should remain, and {held:?} does"
    );
    drop((all, sessions));
    let after = settled(Some(before)).await;
    println!("{end:?}: before {before:?}, open {open:?}, after {after:?}");
    assert!(
        after.is_at_most(before),
        "{end:?}: before {before:?}, after {after:?}"
    );
}

#[test]
fn streams_that_are_open_in_several_sessions_leave_nothing_behind() {
    let _alone = ALONE.lock().unwrap_or_else(|broken| broken.into_inner());
    runtime().block_on(async {
        let test = "streams_that_are_open_in_several_sessions_leave_nothing_behind";
        let Some(node) = testing::shared(test, testing::patient_node).await else {
            return;
        };
        let keyspace = format!("open_streams_{}", std::process::id());
        let make = client_of(&node).build().unwrap();
        let session = make.connect().await.unwrap();
        let create = format!(
            "CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}}"
        );
        session.execute(create).await.unwrap();
        session.set_keyspace(&keyspace, false).await.unwrap();
        session.execute("CREATE TABLE t (id int PRIMARY KEY, v text)").await.unwrap();
        let insert = session.prepare("INSERT INTO t (id, v) VALUES (?, ?)").await.unwrap();
        let rows = (0..ROWS).map(|id| insert.bind((id, "v")));
        assert_eq!(session.execute_many(rows).run().await.unwrap().failed, 0);
        session.close(PATIENCE).await.unwrap();
        drop(session);

        let cluster = || client_of(&node).keyspace(&keyspace).concurrency_limit(16).build().unwrap();
        // The first one may start what stays: the runtime's own.
        drop(cluster().connect().await.unwrap());
        let before = settled(None).await;
        for end in [
            End::Dropped,
            End::Closed,
            End::CancelledFromElsewhere,
            End::SessionClosed,
            End::SessionDropped,
            End::ClusterClosed,
        ] {
            open_and_end(&cluster(), end, before).await;
        }

        let session = make.connect().await.unwrap();
        session.execute(format!("DROP KEYSPACE {keyspace}")).await.unwrap();
        session.close(PATIENCE).await.unwrap();
    });
}
