use std::sync::Arc;
use std::time::Duration;

use scripted_cassandra::{Builder, ScriptedCluster, Table, Type};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::response::PagingState;
use scylla::response::query_result::QueryResult;
use scylla::statement::prepared::PreparedStatement;
use tokio::time::{Instant, sleep, timeout};

pub(crate) const INSERT: &str = "INSERT INTO ks.t (id, v) VALUES (?, ?)";
pub(crate) const SELECT: &str = "SELECT id, v FROM ks.t WHERE id = ?";

/// A keyspace on all nodes, with a small table and one of several rows in a partition.
pub(crate) fn builder(nodes: usize) -> Builder {
    ScriptedCluster::builder()
        .nodes(nodes)
        .keyspace("ks", nodes.min(3))
        .table(
            Table::new("ks", "t")
                .partition_key("id", Type::Int)
                .column("v", Type::Text),
        )
        .table(
            Table::new("ks", "wide")
                .partition_key("a", Type::Text)
                .partition_key("b", Type::BigInt)
                .clustering("c", Type::Int)
                .column("n", Type::BigInt),
        )
        .table(
            Table::new("ks", "counts")
                .partition_key("id", Type::Int)
                .column("n", Type::Counter),
        )
}

pub(crate) async fn cluster(nodes: usize) -> ScriptedCluster {
    builder(nodes).start().await.unwrap()
}

/// One owner of retries and timeouts: the test.
pub(crate) fn session_builder(cluster: &ScriptedCluster) -> SessionBuilder {
    session_builder_to(&cluster.contact_points())
}

pub(crate) fn session_builder_to(contact_points: &[String]) -> SessionBuilder {
    let profile = ExecutionProfile::builder()
        .request_timeout(None)
        .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
        .build();
    SessionBuilder::new()
        .known_nodes(contact_points)
        .default_execution_profile_handle(profile.into_handle())
        .auto_await_schema_agreement(false)
        // A machine that stands still for two seconds must not cost a connection.
        .keepalive_interval(Duration::from_secs(1))
        .keepalive_timeout(Duration::from_secs(3))
        .cluster_metadata_refresh_interval(Duration::from_millis(200))
}

/// A session that has a connection to every node and knows the keyspace.
pub(crate) async fn session(cluster: &ScriptedCluster) -> Session {
    let session = session_builder(cluster).build().await.unwrap();
    until("all nodes are connected", || {
        connected(&session) == cluster.nodes().len()
    })
    .await;
    assert!(session.get_cluster_state().get_keyspace("ks").is_some());
    session
}

pub(crate) fn connected(session: &Session) -> usize {
    let state = session.get_cluster_state();
    state
        .get_nodes_info()
        .iter()
        .filter(|node| node.is_connected())
        .count()
}

pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "waited in vain until {what}"
        );
        sleep(Duration::from_millis(2)).await;
    }
}

/// No answer within this is none.
pub(crate) async fn hangs<T>(answer: impl Future<Output = T>) -> bool {
    timeout(Duration::from_millis(150), answer).await.is_err()
}

/// The same statement, sent to one node.
pub(crate) fn at(cluster: &ScriptedCluster, node: usize, prepared: &PreparedStatement) -> PreparedStatement {
    let mut prepared = prepared.clone();
    let node = NodeIdentifier::HostId(cluster.node(node).host_id());
    prepared.set_load_balancing_policy(Some(SingleTargetLoadBalancingPolicy::new(node, None)));
    prepared
}

pub(crate) async fn insert(
    session: &Session,
    prepared: &PreparedStatement,
    id: i32,
) -> Result<(), ExecutionError> {
    let page = session.execute_single_page(prepared, (id, "text"), PagingState::start());
    page.await.map(|_| ())
}

pub(crate) async fn query(session: &Session, text: &str) -> Result<QueryResult, ExecutionError> {
    let page = session.query_single_page(text, &[], PagingState::start());
    page.await.map(|(result, _)| result)
}

pub(crate) fn attempt(error: ExecutionError) -> RequestAttemptError {
    match error {
        ExecutionError::LastAttemptError(error) => error,
        other => panic!("not an attempt: {other:?}"),
    }
}

pub(crate) fn db_error(error: ExecutionError) -> (DbError, String) {
    match attempt(error) {
        RequestAttemptError::DbError(error, message) => (error, message),
        other => panic!("not from the database: {other:?}"),
    }
}
