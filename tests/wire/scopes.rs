//! Clusters and their sessions: scopes, and what is left when they end.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use scripted_cassandra::{Action, Match, Opcode, ScriptedCluster};
use tokio::time::Instant;
use tower_cassandra::{Applied, Cluster, ClusterPhase, Error, ErrorKind, Session};

use crate::support::{PATIENCE, client, ms, requests, server, until};

const QUERY: &str = "SELECT key FROM system.local";

async fn bed() -> (ScriptedCluster, Cluster) {
    let server = server(1).start().await.unwrap();
    let cluster = client(&server).build().unwrap();
    (server, cluster)
}

async fn none_connected(server: &ScriptedCluster) {
    until("all connections are closed", || server.node(0).connections() == 0).await;
}

#[tokio::test]
async fn a_scope_closes_its_session_however_it_is_left() {
    let (server, cluster) = bed().await;
    let outer = cluster.connect().await.unwrap();
    let others = server.node(0).connections();
    let mut escaped: Vec<Session> = Vec::new();

    let keys = cluster.with_session(async |session| {
        escaped.push(session.clone());
        Ok::<_, Error>(session.execute(QUERY).await?.len())
    });
    assert_eq!(keys.await.unwrap(), 1);

    // An error comes out as it went in.
    #[derive(Debug, PartialEq)]
    enum Mine {
        Own(u8),
        Database(ErrorKind),
    }
    impl From<Error> for Mine {
        fn from(error: Error) -> Self {
            Self::Database(error.kind())
        }
    }
    let failed = cluster.with_session(async |session| {
        escaped.push(session);
        Err::<(), _>(Mine::Own(7))
    });
    assert_eq!(failed.await, Err(Mine::Own(7)));

    let panicked = cluster.with_session(async |session| -> Result<(), Error> {
        escaped.push(session);
        panic!("on purpose")
    });
    assert!(AssertUnwindSafe(panicked).catch_unwind().await.is_err());

    let given_up = cluster.with_session(async |session| -> Result<(), Error> {
        escaped.push(session);
        std::future::pending().await
    });
    assert!(tokio::time::timeout(ms(3_000), given_up).await.is_err());

    assert_eq!(escaped.len(), 4);
    for session in &escaped {
        assert!(session.is_closed());
        assert_eq!(
            session.execute(QUERY).await.unwrap_err().kind(),
            ErrorKind::Closed
        );
    }
    // What is further out is untouched.
    until("the connections of the scopes are closed", || {
        server.node(0).connections() == others
    })
    .await;
    assert_eq!(outer.execute(QUERY).await.unwrap().len(), 1);
    assert_eq!(
        (cluster.phase(), cluster.sessions().len()),
        (ClusterPhase::Open, 1)
    );

    cluster.close(PATIENCE).await.unwrap();
    let refused = cluster.with_session(async |_| Ok::<_, Mine>(())).await;
    assert_eq!(refused, Err(Mine::Database(ErrorKind::Closed)));
    none_connected(&server).await;
}

#[tokio::test]
async fn five_that_close_a_cluster_at_once_wait_for_one_shutdown() {
    let (server, cluster) = bed().await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(cluster.connect().await.unwrap());
    }
    assert_eq!(cluster.sessions().len(), 3);
    sessions[0].close(PATIENCE).await.unwrap();
    assert_eq!(cluster.sessions().len(), 2);
    server.on(requests()).then(Action::delay(ms(2_800)));
    let call = tokio::spawn({
        let session = sessions[1].clone();
        async move { session.execute("SELECT v FROM ks.t WHERE id = 1").await }
    });
    until("the call is under way", || sessions[1].running() == 1).await;
    let start = Instant::now();
    let closes = (0..5).map(|_| cluster.close(PATIENCE));
    let closed = futures_util::future::join_all(closes).await;
    assert!(closed.into_iter().all(|result| result.is_ok()));
    assert!(start.elapsed() >= ms(200), "{:?}", start.elapsed());
    // What was running was let finish.
    call.await.unwrap().unwrap();
    assert_eq!(
        (cluster.phase(), cluster.is_closed()),
        (ClusterPhase::Closed, true)
    );
    assert!(sessions.iter().all(Session::is_closed) && cluster.sessions().is_empty());
    let error = cluster.connect().await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Closed, Applied::No));
    none_connected(&server).await;
    let accepted = server.node(0).accepted();
    cluster.close(PATIENCE).await.unwrap();
    assert_eq!(server.node(0).accepted(), accepted);
}

#[tokio::test]
async fn closing_a_cluster_counts_what_it_cuts_off_in_all_sessions() {
    let (server, cluster) = bed().await;
    let sessions = [cluster.connect().await.unwrap(), cluster.connect().await.unwrap()];
    server.on(requests()).then(Action::Silence);
    let calls = sessions
        .clone()
        .map(|session| tokio::spawn(async move { session.execute("SELECT v FROM ks.t WHERE id = 1").await }));
    until("the calls are under way", || {
        sessions.iter().all(|session| session.running() == 1)
    })
    .await;
    let error = cluster.close(ms(200)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("calls under way: 2"), "{source}");
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    }
    none_connected(&server).await;
}

#[tokio::test]
async fn closing_a_cluster_ends_a_session_whose_closing_was_given_up() {
    let (server, cluster) = bed().await;
    let session = cluster.connect().await.unwrap();
    server.on(Match::any()).then(Action::Silence);
    let mut call = Box::pin(session.execute("SELECT v FROM ks.t WHERE id = 1"));
    assert!(futures_util::poll!(&mut call).is_pending());
    let given_up = tokio::time::timeout(ms(20), session.close(PATIENCE)).await;
    assert!(given_up.is_err());
    drop(call);
    assert_eq!(cluster.sessions().len(), 0, "it takes nothing any more");
    cluster.close(PATIENCE).await.unwrap();
    none_connected(&server).await;
    drop(session);
}

#[tokio::test]
async fn closing_ends_what_is_still_connecting() {
    let (server, cluster) = bed().await;
    server
        .on(Match::opcode(Opcode::Startup).including_driver())
        .then(Action::Silence);
    let connecting = tokio::spawn({
        let cluster = cluster.clone();
        async move { cluster.connect().await.map(drop) }
    });
    until("it is connecting", || server.node(0).accepted() == 1).await;
    let start = Instant::now();
    cluster.close(PATIENCE).await.unwrap();
    let error = connecting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    // Not at the limit of connecting, which is 30 s.
    assert!(start.elapsed() < PATIENCE / 4, "{:?}", start.elapsed());
    none_connected(&server).await;
}

#[tokio::test]
async fn a_cluster_that_is_dropped_leaves_its_sessions_alone() {
    let (server, cluster) = bed().await;
    let session = cluster.connect().await.unwrap();
    drop(cluster);
    assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
    drop(session);
    none_connected(&server).await;
}
