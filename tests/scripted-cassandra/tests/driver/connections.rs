use std::time::Duration;

use scripted_cassandra::{Action, Match, Node, Opcode};
use scylla::errors::{ExecutionError, RequestAttemptError};

use crate::support::{INSERT, at, attempt, cluster, connected, hangs, insert, query, session, until};

#[tokio::test]
async fn a_cut_connection_breaks_what_is_on_it_and_comes_back() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    let prepared = session.prepare(INSERT).await.unwrap();
    let faults = [Action::Close, Action::Reset, Action::HalfAnswerThenClose];
    for (number, fault) in faults.into_iter().enumerate() {
        let accepted = cluster.node(0).accepted();
        cluster
            .on(Match::opcode(Opcode::Execute))
            .times(1)
            .then(fault.clone());
        let error = attempt(insert(&session, &prepared, 1).await.unwrap_err());
        assert!(
            matches!(error, RequestAttemptError::BrokenConnectionError(_)),
            "{fault:?}: {error:?}"
        );
        until("it is connected again", || connected(&session) == 1).await;
        insert(&session, &prepared, 1).await.unwrap();
        assert!(cluster.node(0).accepted() > accepted, "{number}");
        cluster.clear_rules();
    }
    for end in [Node::close_connections, Node::reset_connections] {
        let node = cluster.node(0);
        until("there is one to end", || node.connections() > 0).await;
        let accepted = node.accepted();
        assert!(end(node) >= 1);
        until("there is another one", || node.accepted() > accepted).await;
    }
    until("it is connected again", || connected(&session) == 1).await;
}

#[tokio::test]
async fn half_an_answer_holds_up_its_connection() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    cluster
        .on(Match::opcode(Opcode::Query))
        .times(1)
        .then(Action::HalfAnswer);
    assert!(hangs(query(&session, "SELECT * FROM ks.t")).await);
    assert!(hangs(query(&session, "SELECT * FROM ks.t")).await);
    // The keepalive gets no answer either, so that the driver connects anew.
    let accepted = cluster.node(0).accepted();
    until("there is another connection", || {
        cluster.node(0).accepted() > accepted
    })
    .await;
    until("it is connected again", || connected(&session) == 1).await;
    query(&session, "SELECT * FROM ks.t").await.unwrap();
}

#[tokio::test]
async fn a_connection_that_is_not_read_is_read_again_on_order() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    cluster
        .on(Match::opcode(Opcode::Query))
        .times(1)
        .then(Action::StopReading);
    assert!(hangs(query(&session, "SELECT * FROM ks.t")).await);
    let waiting = query(&session, "SELECT id FROM ks.t");
    let resumed = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(cluster.ledger().count(Opcode::Query, "SELECT id"), 0);
        cluster.node(0).resume_reading();
    };
    let (answer, ()) = tokio::join!(waiting, resumed);
    answer.unwrap();
}

#[tokio::test]
async fn a_frozen_node_answers_nothing_until_it_is_thawed() {
    let cluster = cluster(2).await;
    let session = session(&cluster).await;
    let prepared = at(&cluster, 1, &session.prepare(INSERT).await.unwrap());
    cluster.node(1).freeze();
    let waiting = insert(&session, &prepared, 1);
    let thawed = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(cluster.ledger().count(Opcode::Execute, "INSERT"), 0);
        cluster.node(1).thaw();
    };
    let (answer, ()) = tokio::join!(waiting, thawed);
    answer.unwrap();

    cluster.node(1).freeze();
    until("the keepalive finds it dead", || connected(&session) == 1).await;
    assert!(
        tokio::net::TcpStream::connect(cluster.node(1).address())
            .await
            .is_ok()
    );
    cluster.node(1).thaw();
    until("it is connected again", || connected(&session) == 2).await;
    insert(&session, &prepared, 2).await.unwrap();
}

#[tokio::test]
async fn a_node_that_refuses_has_no_connection() {
    let cluster = cluster(2).await;
    let session = session(&cluster).await;
    let prepared = at(&cluster, 1, &session.prepare(INSERT).await.unwrap());
    cluster.node(1).crash().await.unwrap();
    until("it is gone", || connected(&session) == 1).await;
    let error = insert(&session, &prepared, 1).await.unwrap_err();
    assert!(
        matches!(error, ExecutionError::ConnectionPoolError(_)),
        "{error:?}"
    );
    assert_eq!(cluster.node(1).connections(), 0);
    cluster.node(1).listen_again().await.unwrap();
    until("it is back", || connected(&session) == 2).await;
    insert(&session, &prepared, 1).await.unwrap();
}
