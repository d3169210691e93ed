//! Sessions over time, and several of them.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{interval, sleep};
use tower_cassandra::{Applied, ErrorKind};

use crate::support::{PATIENCE, at_rest, builder, create_keyspace, done, one_node};

const QUERY: &str = "SELECT release_version FROM system.local";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qry_10_a_session_stays_good() {
    let Some(cluster) = one_node("qry_10").await else {
        return;
    };
    let session = builder(&cluster).connect().await.unwrap();
    let query = session.prepare(QUERY).await.unwrap();
    for _ in 0..100 {
        let response = session.execute(query.bind(()).unwrap()).await.unwrap();
        assert_eq!(response.len(), 1);
        sleep(Duration::from_millis(10)).await;
    }
    // For five seconds, or as long as the machine takes for so many.
    let (mut probes, mut good) = (interval(Duration::from_millis(100)), 0);
    for _ in 0..50 {
        probes.tick().await;
        good += u32::from(session.execute(QUERY).await.is_ok());
    }
    assert!(good >= 45, "{good}");
    at_rest(&session).await;
    session.close(PATIENCE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qry_11_sessions_of_one_cluster_are_their_own() {
    let Some(cluster) = one_node("qry_11").await else {
        return;
    };
    let cluster = builder(&cluster).build().unwrap();
    let mut sessions = Vec::new();
    for _ in 0..5 {
        sessions.push(cluster.connect().await.unwrap());
    }
    let queries = sessions
        .iter()
        .flat_map(|session| (0..10).map(move |_| session.execute(QUERY)));
    let results = join_all(queries).await;
    assert_eq!(results.len(), 50);
    for result in results {
        assert!(
            result
                .unwrap()
                .one::<(String,)>()
                .unwrap()
                .unwrap()
                .0
                .contains('.')
        );
    }

    let closed = sessions.remove(2);
    closed.close(PATIENCE).await.unwrap();
    let error = closed.execute(QUERY).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Closed, Applied::No));
    assert!(closed.is_closed());
    for session in sessions {
        assert!(!session.is_closed());
        assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
        at_rest(&session).await;
        session.close(PATIENCE).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyspace_that_the_driver_was_told_not_to_read_can_be_used() {
    let Some(cluster) = one_node("keyspaces_to_fetch").await else {
        return;
    };
    let session = builder(&cluster)
        .configure(|driver| driver.keyspaces_to_fetch(["system"]))
        .connect()
        .await
        .unwrap();
    let keyspace = create_keyspace(&session, "not_read", 1).await;
    session.set_keyspace(&keyspace, false).await.unwrap();
    assert_eq!(session.keyspace().as_deref(), Some(&*keyspace));
    let missing = session.set_keyspace("no_such_keyspace", false).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Invalid);
    done(session, &keyspace).await;
}
