//! Streams, scans and bulks that are under way in several sessions, ended in every way there is: no permit, task, socket or thread is left of them.

use std::time::Duration;

use futures_util::FutureExt;
use local_cassandra::testing;
use tokio::time::{Instant, sleep};
use tower_cassandra::bulk::Iter;
use tower_cassandra::{
    Cluster, ErrorKind, ExecuteMany, NodeHealth, PageStream, RowStream, Session, StreamOptions, TableScan,
};

use super::{ALONE, Left, PATIENCE, QUERY, client_of, runtime, settled};

const SESSIONS: usize = 4;
const ROWS: i32 = 500;
const TEXT: &str = "SELECT id, v FROM t";

type Row = (i32, String);

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

/// One of each, begun and not at its end.
struct Open {
    /// Without reading ahead, and with.
    rows: [RowStream<Row>; 2],
    pages: PageStream,
    scan: TableScan<Row>,
    many: ExecuteMany<Iter<std::iter::Repeat<&'static str>>>,
}

impl Open {
    async fn begin(session: &Session) -> Self {
        let options = |prefetch| {
            let options = StreamOptions::new().page_size(10).prefetch(prefetch);
            options.on_page(|page| assert!(page.rows <= 10))
        };
        let scan = session.scan_table("t").columns(["id", "v"]).page_size(10);
        let mut open = Self {
            rows: [0, 1].map(|prefetch| session.stream_with(TEXT, options(prefetch))),
            pages: session.pages_with(TEXT, options(0)),
            scan: scan.concurrency(4).start().await.unwrap(),
            many: session.execute_many(std::iter::repeat(TEXT)).concurrency(4),
        };
        for rows in &mut open.rows {
            // One page to its end, so that the next look is for another.
            for _ in 0..10 {
                rows.next().await.unwrap().unwrap();
            }
        }
        open.pages.next().await.unwrap().unwrap();
        open.scan.next().await.unwrap().unwrap();
        open.many.next().await.unwrap().result.unwrap();
        open
    }

    /// Asks once for what comes next, and does not wait for it.
    fn look(&mut self) {
        for rows in &mut self.rows {
            let _ = rows.next().now_or_never();
        }
        let _ = self.pages.next().now_or_never();
        let _ = self.scan.next().now_or_never();
        let _ = self.many.next().now_or_never();
    }

    fn close(&mut self) {
        self.rows.iter_mut().for_each(RowStream::close);
        self.pages.close();
        self.scan.close();
    }

    async fn cancel(&mut self) {
        for rows in &mut self.rows {
            rows.handle().cancel();
            assert!(rows.next().await.is_none());
        }
        self.pages.handle().cancel();
        assert!(self.pages.next().await.is_none());
        self.scan.handle().cancel();
        assert!(self.scan.next().await.is_none());
        self.stop_many().await;
    }

    /// What is under way ends by itself.
    async fn stop_many(&mut self) {
        self.many.progress().stop();
        while let Some(item) = self.many.next().await {
            item.result.unwrap();
        }
    }

    /// What was read is given out; then each says that the session is closed.
    async fn say_closed(&mut self) {
        for rows in &mut self.rows {
            closed(async || rows.next().await.map(|row| row.err().map(|error| error.kind()))).await;
        }
        closed(async || {
            self.pages
                .next()
                .await
                .map(|page| page.err().map(|error| error.kind()))
        })
        .await;
        closed(async || {
            self.scan
                .next()
                .await
                .map(|row| row.err().map(|error| error.kind()))
        })
        .await;
        while let Some(item) = self.many.next().await {
            if let Err(error) = item.result {
                assert_eq!(error.kind(), ErrorKind::Closed);
            }
        }
    }
}

/// The end is an error that says so, and not as if there were no more rows.
async fn closed(mut next: impl AsyncFnMut() -> Option<Option<ErrorKind>>) {
    loop {
        match next().await {
            Some(None) => {}
            Some(Some(kind)) => break assert_eq!(kind, ErrorKind::Closed),
            None => panic!("ended without an error"),
        }
    }
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
    let mut all = Vec::new();
    for _ in 0..SESSIONS {
        let session = cluster.connect().await.unwrap();
        all.push(Open::begin(&session).await);
        sessions.push(session);
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
            all.iter_mut().for_each(Open::close);
            // A bulk has no end but its own.
            all.clear();
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
    match end {
        // The streams are held still, and hold no connection.
        End::SessionClosed | End::ClusterClosed => {
            let held = settled(Some(before)).await;
            assert!(
                held.is_at_most(before),
                "{end:?}: before {before:?}, with closed sessions {held:?}"
            );
        }
        End::Dropped | End::Closed | End::CancelledFromElsewhere | End::SessionDropped => {}
    }
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
