//! Table F: sessions that cannot be made.

use scripted_cassandra::{Action, ErrorFrame, Match, Opcode, ScriptedCluster};
use tower_cassandra::{ClusterBuilder, Error, ErrorKind};

use crate::support::{client, ms, server};

async fn fails(cluster: &ScriptedCluster, change: impl FnOnce(ClusterBuilder) -> ClusterBuilder) -> Error {
    let client = client(cluster).tcp_connect_timeout(ms(300));
    change(client).connect().await.unwrap_err()
}

#[tokio::test]
async fn wrong_credentials_are_tried_once() {
    let cluster = server(1).login("me", "secret").start().await.unwrap();
    let error = fails(&cluster, |client| client.credentials("me", "public")).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error:?}");
    assert_eq!((cluster.logins().accepted, cluster.logins().refused), (0, 1));
    let error = fails(&cluster, |client| client).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error:?}");
    assert_eq!(cluster.logins().refused, 1);
}

#[tokio::test]
async fn what_the_set_up_is_answered_decides_whether_it_is_repeated() {
    for (answer, kind, rounds) in [
        (ErrorFrame::protocol_error("no v4"), ErrorKind::Protocol, 1),
        (ErrorFrame::bad_credentials("who?"), ErrorKind::Authentication, 1),
        (ErrorFrame::overloaded("busy"), ErrorKind::Connect, 3),
        (ErrorFrame::bootstrapping("soon"), ErrorKind::Connect, 3),
        (ErrorFrame::server_error("oh"), ErrorKind::Connect, 3),
    ] {
        let cluster = server(1).start().await.unwrap();
        let rule = cluster.on(Match::opcode(Opcode::Startup)).then(answer);
        let error = fails(&cluster, |client| client).await;
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(rule.applied() >= rounds, "{kind}: {}", rule.applied());
        if rounds == 1 {
            // The driver tries a contact point again after its name is resolved anew.
            assert!(rule.applied() <= 2, "{kind}: {}", rule.applied());
        }
        println!("F    STARTUP: {kind}: sent {} times", rule.applied());
    }
}

#[tokio::test]
async fn a_set_up_answered_by_what_was_not_asked_for_ends_at_once() {
    let cluster = server(1).start().await.unwrap();
    // SUPPORTED, with nothing in it.
    let rule = cluster
        .on(Match::opcode(Opcode::Startup))
        .then(Action::Frame(0x06, vec![0, 0]));
    let error = fails(&cluster, |client| client).await;
    println!("F    STARTUP: {:?}, sent {} times", error.kind(), rule.applied());
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error:?}");
    assert!(rule.applied() <= 2, "{}", rule.applied());
}

#[tokio::test]
async fn what_use_is_answered_decides_what_becomes_of_connecting() {
    for (answer, kind) in [
        (ErrorFrame::unauthorized("not yours"), ErrorKind::Unauthorized),
        (ErrorFrame::invalid("what keyspace?"), ErrorKind::Invalid),
        (ErrorFrame::overloaded("busy"), ErrorKind::Overloaded),
    ] {
        let cluster = server(1).start().await.unwrap();
        let rule = cluster
            .on(Match::any().statement_contains("USE").including_driver())
            .then(answer);
        let error = fails(&cluster, |client| client.keyspace("ks")).await;
        println!("F    USE: {:?}, sent {} times", error.kind(), rule.applied());
        assert_eq!(error.kind(), kind, "{error:?}");
    }
}

#[tokio::test]
async fn a_keyspace_that_is_not_there_is_found_at_once() {
    let cluster = server(1).start().await.unwrap();
    let error = fails(&cluster, |client| client.keyspace("nowhere")).await;
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
}

#[tokio::test]
async fn without_metadata_there_is_no_session() {
    let cluster = server(1).start().await.unwrap();
    cluster
        .on(Match::any().including_driver())
        .then(Action::Error(ErrorFrame::server_error("no")));
    let error = fails(&cluster, |client| client).await;
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
}

#[tokio::test]
async fn a_node_that_is_not_there_is_tried_three_times() {
    let cluster = server(1).start().await.unwrap();
    cluster.node(0).crash().await.unwrap();
    let error = fails(&cluster, |client| client).await;
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
}
