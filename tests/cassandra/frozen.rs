//! A node that is silent, and one that is dead, among three.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep};
use tower_cassandra::layers::health::State;
use tower_cassandra::{Applied, ErrorKind, NodeHealth, Session, Statement};

use crate::support::{PATIENCE, at_rest, builder, create_keyspace, done, eventually, host_id};
use crate::three::three_nodes;

const QUERY: &str = "SELECT release_version FROM system.local";

fn node(session: &Session, address: &str) -> NodeHealth {
    let nodes = session.health().nodes;
    nodes.into_iter().find(|node| node.address == address).unwrap()
}

/// Does one thing as long as another takes.
async fn beside<T>(whole: impl Future<Output = T>, meanwhile: impl Future<Output = ()>) -> T {
    tokio::select! {
        result = whole => result,
        () = meanwhile => unreachable!("it never ends"),
    }
}

/// What was seen of a node while something else went on.
#[derive(Default)]
struct Seen {
    stalled: AtomicBool,
    in_flight: AtomicU32,
    abandoned: AtomicU32,
}

impl Seen {
    /// Looks at the node until it is dropped.
    async fn watch(&self, session: &Session, address: &str) {
        loop {
            let seen = node(session, address);
            self.stalled.fetch_or(seen.state == State::Stalled, Relaxed);
            self.in_flight.fetch_max(seen.in_flight, Relaxed);
            self.abandoned.fetch_max(seen.abandoned, Relaxed);
            sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_node_costs_no_read() {
    let Some(three) = three_nodes("a_frozen_node_costs_no_read").await else {
        return;
    };
    let cluster = three.cluster;
    // Its connection is not to be given up meanwhile: this is about what is done as long as nobody says that the node is gone.
    let client = three.client().keepalive(Duration::from_secs(1), PATIENCE * 5);
    let session = client.connect().await.unwrap();
    let keyspace = create_keyspace(&session, "frozen", 3).await;
    let table = format!("{keyspace}.t");
    // The coordinators, too, must not wait for the frozen replica: of a new table they do for 2.5 s.
    session
        .execute(format!(
            "CREATE TABLE {table} (id int PRIMARY KEY, v int) WITH speculative_retry = 'ALWAYS'"
        ))
        .await
        .unwrap();
    let insert = session
        .prepare(format!("INSERT INTO {table} (id, v) VALUES (?, ?)"))
        .await
        .unwrap();
    try_join_all((0..20).map(|id| session.execute(insert.bind((id, id)).unwrap())))
        .await
        .unwrap();
    let select = session
        .prepare(format!("SELECT v FROM {table} WHERE id = ?"))
        .await
        .unwrap();
    let address = cluster.node(1).address();
    eventually(PATIENCE, "all are healthy", || session.health().healthy == 3).await;

    cluster.node(1).freeze().unwrap();
    let (started, mut slowest, mut attempts) = (Instant::now(), Duration::ZERO, 0);
    let seen = Seen::default();
    for _ in 0..10 {
        let reads = (0..20).map(|id| {
            let read = session.execute(select.bind((id,)).unwrap());
            async move {
                let started = Instant::now();
                let response = read.await?;
                assert_eq!(response.one::<(i32,)>()?, Some((id,)));
                Ok::<_, tower_cassandra::Error>((started.elapsed(), response.attempts()))
            }
        });
        // Not one of them fails.
        for (took, used) in beside(try_join_all(reads), seen.watch(&session, address))
            .await
            .unwrap()
        {
            slowest = slowest.max(took);
            attempts += used;
        }
        sleep(Duration::from_millis(100)).await;
    }
    let (in_flight, abandoned) = (seen.in_flight.load(Relaxed), seen.abandoned.load(Relaxed));
    println!(
        "200 reads with a frozen node: {:?}, slowest {slowest:?}, {attempts} attempts, at most {in_flight} under way there and {abandoned} abandoned",
        started.elapsed()
    );
    assert!(in_flight > 0, "none was sent there: nothing was tested");
    assert!(seen.stalled.load(Relaxed), "it was never seen to be silent");
    assert!(abandoned > 0, "what was given up was not kept");
    // Found out by the first ones; the rest goes elsewhere. Were it not, a third of all would go there.
    assert!(attempts < 240, "{attempts}");
    assert!(slowest < PATIENCE / 2, "{slowest:?}");

    cluster.node(1).resume().unwrap();
    // Ejected after its failures, it comes back by a request that succeeds and not by a probe.
    let resumed = Instant::now();
    loop {
        let seen = node(&session, address);
        if seen.is_healthy() && seen.abandoned == 0 {
            break;
        }
        assert!(resumed.elapsed() < PATIENCE, "{seen:?}");
        session.execute(select.bind((1,)).unwrap()).await.unwrap();
        sleep(Duration::from_millis(50)).await;
    }
    println!("healthy again after {:?}", resumed.elapsed());
    // It takes its part again.
    let on_it = Statement::new(QUERY).on_host(host_id(&session, cluster.node(1)));
    session.execute(on_it).await.unwrap();
    cluster.ready().await.unwrap();
    done(session, &keyspace).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn err_04_each_caller_sees_its_own_outcome() {
    let Some(three) = three_nodes("err_04").await else {
        return;
    };
    let cluster = three.cluster;
    let session = builder(cluster).connect().await.unwrap();
    let dead = host_id(&session, cluster.node(2));
    cluster.node(2).kill().await.unwrap();
    let address = cluster.node(2).address();
    eventually(PATIENCE, "seen to be gone", || !node(&session, address).connected).await;

    let started = Instant::now();
    let (invalid, good, pinned) = tokio::join!(
        session.execute("SELECT * FROM no_such_keyspace.t"),
        session.execute(QUERY),
        session.execute(Statement::new(QUERY).on_host(dead)),
    );
    let took = started.elapsed();
    assert_eq!(invalid.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(good.unwrap().len(), 1);
    let error = pinned.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoHost, "{error:?}");
    assert_eq!((error.node(), error.applied()), (Some(dead), Applied::No));
    assert!(error.to_string().contains(&dead.to_string()), "{error}");
    assert!(error.attempts().iter().all(|it| it.node() == Some(dead)));
    // At once, and not when a limit has passed.
    assert!(took < PATIENCE / 4, "{took:?}");

    // A node that never was.
    let nowhere = uuid::Uuid::from_u128(1);
    let error = session
        .execute(Statement::new(QUERY).on_host(nowhere))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::NoHost, Applied::No));

    cluster.node(2).restart().await.unwrap();
    eventually(PATIENCE, "connected again", || node(&session, address).connected).await;
    at_rest(&session).await;
    session.close(PATIENCE).await.unwrap();
}
