//! Sessions that connect in the background.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use scripted_cassandra::ScriptedCluster;
use tokio::time::{Instant, advance, pause, resume, sleep};
use tower_cassandra::cluster::defaults;
use tower_cassandra::{Applied, Credentials, Error, ErrorKind, Session};

use crate::heard::Heard;
use crate::support::{PATIENCE, SELECT, client, ms, server, tasks_at_rest, until};

const QUERY: &str = "SELECT key FROM system.local";

/// A cluster that refuses connections.
async fn away() -> ScriptedCluster {
    let cluster = server(1).start().await.unwrap();
    cluster.node(0).stop_listening().await.unwrap();
    cluster
}

fn cause(error: &Error) -> Option<&Error> {
    error.source()?.downcast_ref()
}

/// Waits until an attempt has failed.
async fn failed_once(session: &Session) -> Error {
    let failed = |session: &Session| {
        let error = session.health().connecting;
        error.filter(|error| cause(error).is_some())
    };
    until("an attempt has failed", || failed(session).is_some()).await;
    failed(session).unwrap()
}

#[tokio::test]
async fn a_session_is_there_before_its_database_and_works_once_that_is() {
    let cluster = away().await;
    let before = Instant::now();
    let session = client(&cluster).keyspace("ks").connect_lazy().unwrap();
    let clone = session.clone();
    // Everything that is asked of it meanwhile has the same answer at once.
    let errors = [
        session.execute(QUERY).await.map(drop),
        session.query(SELECT, (1,)).await.map(drop),
        session.prepare(SELECT).await.map(drop),
        session.set_keyspace("ks", false).await,
        session.refresh_metadata().await,
        session.stream::<(String,)>(QUERY).next().await.unwrap().map(drop),
        session.check_ready(),
        session.monitor().map(drop),
        session.driver().map(drop),
    ];
    assert!(before.elapsed() < PATIENCE / 4);
    for error in errors {
        let error = error.unwrap_err();
        assert_eq!(
            (error.kind(), error.applied()),
            (ErrorKind::Connect, Applied::No),
            "{error:?}"
        );
    }
    let error = failed_once(&session).await;
    assert_eq!(cause(&error).unwrap().kind(), ErrorKind::Connect);
    assert!(
        error
            .retry_after()
            .is_none_or(|pause| pause <= defaults::LAZY_LONGEST_PAUSE * 5 / 4)
    );
    assert!(session.keyspace().is_none() && !session.is_closed());
    let mut ready = session.watch_ready();
    assert_eq!(ready.next().await, Some(false));

    cluster.node(0).listen_again().await.unwrap();
    assert_eq!(ready.next().await, Some(true));
    assert_eq!(clone.execute(QUERY).await.unwrap().len(), 1);
    assert_eq!(clone.keyspace().as_deref(), Some("ks"));
    assert!(clone.health().connecting.is_none() && clone.health().local_datacenter.is_some());
    assert!(clone.monitor().is_ok() && clone.query(SELECT, (1,)).await.is_ok());

    clone.close(PATIENCE).await.unwrap();
    assert_eq!(ready.next().await, Some(false));
    assert_eq!(ready.next().await, None);
    assert_eq!(
        session.execute(QUERY).await.unwrap_err().kind(),
        ErrorKind::Closed
    );
    until("all connections are closed", || {
        cluster.node(0).connections() == 0
    })
    .await;
}

/// Lets so much time pass at once, while nothing is under way.
async fn pass(time: Duration) {
    pause();
    advance(time).await;
    resume();
}

/// A wrong password is not sent again before the pause, a right one is found after it.
#[tokio::test]
async fn a_refused_password_is_sent_once_in_a_pause_and_a_new_one_is_found() {
    let cluster = server(1).login("me", "secret").start().await.unwrap();
    let exchanged = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicU64::new(0));
    let provider = {
        let (exchanged, asked) = (Arc::clone(&exchanged), Arc::clone(&asked));
        move || {
            asked.fetch_add(1, SeqCst);
            let password = if exchanged.load(SeqCst) { "secret" } else { "guess" };
            std::future::ready(Ok::<_, std::io::Error>(Credentials::new("me", password)))
        }
    };
    let session = client(&cluster)
        .credentials_provider(provider)
        .connect_lazy()
        .unwrap();
    let error = failed_once(&session).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Connect,
        "of the session, not of the caller"
    );
    assert_eq!(cause(&error).unwrap().kind(), ErrorKind::Authentication);
    assert!(error.retry_after().unwrap() > defaults::LAZY_REFUSED_PAUSE / 2);
    let shown = format!("{error} {error:?} {:?}", session.health());
    assert!(!shown.contains("guess") && !shown.contains("secret"), "{shown}");
    assert_eq!((cluster.logins().refused, asked.load(SeqCst)), (1, 1));

    // Long before its end nothing is tried; the machine may take a while to come by here.
    pass(defaults::LAZY_REFUSED_PAUSE / 2).await;
    sleep(ms(100)).await;
    assert_eq!((cluster.logins().refused, asked.load(SeqCst)), (1, 1));
    pass(defaults::LAZY_REFUSED_PAUSE).await;
    until("it was sent again", || cluster.logins().refused == 2).await;

    exchanged.store(true, SeqCst);
    let again = || session.health().connecting.and_then(|error| error.retry_after());
    until("it waits again", || {
        again() > Some(defaults::LAZY_REFUSED_PAUSE / 2)
    })
    .await;
    pass(defaults::LAZY_REFUSED_PAUSE * 3 / 2).await;
    until("it is connected", || session.check_ready().is_ok()).await;
    assert_eq!(cluster.logins().refused, 2);
    session.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_session_that_is_dropped_or_closed_while_connecting_leaves_no_task() {
    let cluster = away().await;
    let alive = tasks_at_rest().await;
    let lazy = client(&cluster).build().unwrap();
    let dropped = lazy.connect_lazy().unwrap();
    let closed = lazy.connect_lazy().unwrap();
    let _ = failed_once(&dropped).await;
    assert!(lazy.sessions().len() == 2);
    drop(dropped);
    closed.close(PATIENCE).await.unwrap();
    let error = closed.execute(QUERY).await.unwrap_err();
    assert_eq!(
        (error.kind(), closed.health().connecting.is_none()),
        (ErrorKind::Closed, true)
    );
    assert_eq!(tasks_at_rest().await, alive);
    // A third one is closed with its cluster, and there are no more.
    let third = lazy.connect_lazy().unwrap();
    lazy.close(PATIENCE).await.unwrap();
    assert!(third.is_closed());
    assert_eq!(lazy.connect_lazy().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(tasks_at_rest().await, alive);
    // It was the last to be asked: nobody comes back.
    let accepted = cluster.node(0).accepted();
    cluster.node(0).listen_again().await.unwrap();
    sleep(ms(600)).await;
    assert_eq!(cluster.node(0).accepted(), accepted);
}

#[tokio::test]
async fn an_attempt_is_bounded_when_a_node_accepts_and_says_nothing() {
    let cluster = server(1).start().await.unwrap();
    cluster.node(0).freeze();
    // Also the attempt that has to succeed is bounded by it, on a busy machine as well.
    let session = client(&cluster)
        .connect_timeout(ms(2_000))
        .connect_lazy()
        .unwrap();
    let error = failed_once(&session).await;
    assert_eq!(cause(&error).unwrap().kind(), ErrorKind::Timeout);
    cluster.node(0).thaw();
    until("it is connected", || session.check_ready().is_ok()).await;
    assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
    session.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn what_no_waiting_would_change_is_said_at_once() {
    let cluster = server(1).start().await.unwrap();
    let refused = |builder: tower_cassandra::ClusterBuilder| builder.connect_lazy().unwrap_err();
    let error = refused(client(&cluster).min_protocol_version(5));
    assert_eq!(error.kind(), ErrorKind::ProtocolVersion);
    let error = refused(client(&cluster).timeout(ms(0)));
    assert_eq!(error.kind(), ErrorKind::Config);
    let cluster = client(&cluster).build().unwrap();
    assert_eq!(
        cluster.connect_lazy_keyspace("a b").unwrap_err().kind(),
        ErrorKind::Config
    );
    // Outside of a runtime there is nobody to run the task.
    let outside = std::thread::spawn(move || cluster.connect_lazy().unwrap_err().kind());
    assert_eq!(outside.join().unwrap(), ErrorKind::Config);
}

/// A data centre that is not there yet is one more thing to wait for, and the next attempt begins anew.
#[tokio::test]
async fn a_cluster_that_lacks_something_is_tried_again() {
    let (heard, _guard) = Heard::listen(|metadata| metadata.target().starts_with("tower_cassandra"));
    let cluster = server(1).start().await.unwrap();
    let session = client(&cluster)
        .prefer_datacenter("west")
        .strict_locality(true)
        .connect_lazy()
        .unwrap();
    let error = failed_once(&session).await;
    assert_eq!(cause(&error).unwrap().kind(), ErrorKind::Config);
    cluster.node(0).set_place("west", "rack1");
    pass(defaults::LAZY_REFUSED_PAUSE * 3 / 2).await;
    until("it is connected", || session.check_ready().is_ok()).await;
    assert_eq!(session.health().local_datacenter.as_deref(), Some("west"));
    let lines = heard.lines();
    let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!(
        (count("not connected yet"), count("message=connected")),
        (1, 1),
        "{lines:?}"
    );
    session.close(PATIENCE).await.unwrap();
}
