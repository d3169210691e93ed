//! The end of a session, and what is left of it.

use local_cassandra::testing;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use futures_util::future::join_all;
use local_cassandra::LocalCluster;
use tokio::time::Instant;
use tower_cassandra::{Applied, ErrorKind};

use crate::support::{PATIENCE, at_rest, builder, eventually};

const QUERY: &str = "SELECT key FROM system.local";

/// Connections of this process to the node that are open, by the table of the kernel.
fn connections(address: &str) -> Option<usize> {
    let (ip, port) = address.rsplit_once(':')?;
    let IpAddr::V4(ip) = ip.parse().ok()? else {
        return None;
    };
    let number = u32::from_le_bytes(Ipv4Addr::octets(&ip));
    let port: u16 = port.parse().ok()?;
    let remote = format!("{number:08X}:{port:04X}");
    let table = std::fs::read_to_string("/proc/self/net/tcp").ok()?;
    let is_open = |line: &&str| {
        let mut fields = line.split_whitespace().skip(2);
        // 01 is ESTABLISHED.
        fields.next() == Some(&remote) && fields.next() == Some("01")
    };
    Some(table.lines().filter(is_open).count())
}

/// A node of its own: the connections of other tests must not be counted.
async fn alone(test: &str) -> Option<LocalCluster> {
    let cluster = local_cassandra::testing::start(test, LocalCluster::builder()).await?;
    (!cluster.is_external()).then_some(cluster)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_session() {
    let Some(cluster) = alone("nothing_is_left_of_a_session").await else {
        return;
    };
    let address = cluster.node(0).address();
    let open = || connections(address);
    if open().is_none() {
        testing::skip("nothing_is_left_of_a_session", "no /proc/self/net/tcp");
        return;
    }
    let gone = async |what: &str| {
        let started = Instant::now();
        eventually(Duration::from_secs(5), what, || open() == Some(0)).await;
        println!("{what}: no connection after {:?}", started.elapsed());
    };

    let session = builder(&cluster).connect().await.unwrap();
    at_rest(&session).await;
    assert!(open() > Some(0));
    let started = Instant::now();
    let closed = join_all((0..5).map(|_| session.close(PATIENCE))).await;
    let took = started.elapsed();
    assert!(closed.into_iter().all(|result| result.is_ok()));
    println!("5 closes of an idle session at once: {took:?}");
    assert!(took < Duration::from_millis(100), "{took:?}");
    gone("closed").await;
    for error in [
        session.execute(QUERY).await.unwrap_err(),
        session.prepare(QUERY).await.unwrap_err(),
        session.set_keyspace("system", false).await.unwrap_err(),
        session.driver().unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Closed, Applied::No));
    }
    session.close(PATIENCE).await.unwrap();
    assert!(session.is_closed());

    let session = builder(&cluster).connect().await.unwrap();
    let other = session.clone();
    at_rest(&session).await;
    drop(session);
    other.execute(QUERY).await.unwrap();
    assert!(open() > Some(0));
    drop(other);
    gone("dropped").await;

    // Dropped in the middle of connecting, and of calls.
    for wait in [1, 5, 20, 100] {
        let connecting = builder(&cluster).connect();
        let _ = tokio::time::timeout(Duration::from_millis(wait), connecting).await;
    }
    gone("connecting given up").await;
    let session = builder(&cluster).connect().await.unwrap();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.execute(QUERY).await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    for call in &calls {
        call.abort();
    }
    drop((session, join_all(calls).await));
    gone("dropped with calls given up").await;
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_waits_for_what_runs() {
    let Some(cluster) = crate::support::one_node("closing_waits").await else {
        return;
    };
    let session = builder(&cluster).connect().await.unwrap();
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.execute(QUERY).await })
        })
        .collect();
    eventually(PATIENCE, "some are running", || session.running() > 0).await;
    session.close(PATIENCE).await.unwrap();
    assert_eq!(session.running(), 0);
    for result in join_all(calls).await {
        match result.unwrap() {
            Ok(response) => assert_eq!(response.len(), 1),
            // Came too late; what was inside was let finish.
            Err(error) => assert_eq!((error.kind(), error.applied()), (ErrorKind::Closed, Applied::No)),
        }
    }
}
