//! What the tests have in common: the cluster, a keyspace for each test, and the look around at its end.

use std::time::Duration;

pub(crate) use local_cassandra::testing::chain;
use local_cassandra::testing::{self, Shared};
use local_cassandra::{LocalCluster, Node};
use scylla::value::CqlTimestamp;
use tokio::time::{Instant, sleep};
use tower_cassandra::scylla;
use tower_cassandra::{Batch, ClusterBuilder, Prepared, Session, Statement};
use uuid::Uuid;

/// Longer than anything a healthy node on a busy machine takes. What is shorter than that is a limit that has to be reached.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The usual session of a test: one node, a keyspace of its own.
pub(crate) struct Bed {
    pub(crate) cluster: Shared,
    pub(crate) session: Session,
    pub(crate) keyspace: String,
}

/// The one node that the tests share.
pub(crate) async fn one_node(test: &str) -> Option<Shared> {
    testing::shared(test, testing::patient_node).await
}

/// A builder for sessions on this cluster. All options but the limits of time are as by default: a machine that stands still for a
/// while must not fail a test that is about something else.
pub(crate) fn builder(cluster: &LocalCluster) -> ClusterBuilder {
    with_default_limits(cluster)
        .timeout(PATIENCE)
        .attempt_timeout(PATIENCE / 2)
        .connect_timeout(PATIENCE * 2)
        .prepare_timeout(PATIENCE)
        .schema_agreement_timeout(PATIENCE)
        .metadata_timeout(PATIENCE / 2)
        .tcp_connect_timeout(PATIENCE / 2)
        .keepalive(Duration::from_secs(1), PATIENCE)
}

/// A builder for sessions on this cluster, all options as by default.
pub(crate) fn with_default_limits(cluster: &LocalCluster) -> ClusterBuilder {
    let builder = ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .no_metrics();
    match cluster.credentials() {
        Some((user, password)) => builder.credentials(user, password),
        None => builder,
    }
}

impl Bed {
    pub(crate) async fn make(test: &str) -> Option<Self> {
        Self::make_with(test, |builder| builder).await
    }

    pub(crate) async fn make_with(
        test: &str,
        change: impl FnOnce(ClusterBuilder) -> ClusterBuilder,
    ) -> Option<Self> {
        let cluster = one_node(test).await?;
        let session = change(builder(&cluster)).connect().await.unwrap();
        let keyspace = create_keyspace(&session, test, 1).await;
        session.set_keyspace(&keyspace, false).await.unwrap();
        Some(Self {
            cluster,
            session,
            keyspace,
        })
    }

    pub(crate) async fn run(&self, text: &str) {
        self.session.execute(text).await.unwrap();
    }

    pub(crate) async fn prepare(&self, text: &str) -> Prepared {
        self.session.prepare(text).await.unwrap()
    }

    /// Looks around, cleans up, and closes.
    pub(crate) async fn done(self) {
        done(self.session, &self.keyspace).await;
    }
}

/// Looks around, drops the keyspace, and closes.
///
/// Table by table: a write that comes late to one of several tables that go at once leaves a node (Cassandra 5.0.6, "Unknown CF") with a
/// schema that no other node agrees with any more.
pub(crate) async fn done(session: Session, keyspace: &str) {
    at_rest(&session).await;
    if session.health().nodes.len() > 1 {
        let tables = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?";
        let tables = session.query(tables, (keyspace.to_owned(),)).await.unwrap();
        for (table,) in tables.rows::<(&str,)>().unwrap() {
            session
                .execute(format!("DROP TABLE {keyspace}.{table}"))
                .await
                .unwrap();
        }
    }
    session
        .execute(format!("DROP KEYSPACE {keyspace}"))
        .await
        .unwrap();
    session.close(PATIENCE).await.unwrap();
}

/// Makes an empty keyspace named after the test.
pub(crate) async fn create_keyspace(session: &Session, test: &str, copies: usize) -> String {
    // 48 characters at most; the process makes it unique at a cluster that was there before.
    let name: String = test.chars().take(36).collect();
    let name = format!("{name}_{}", std::process::id());
    let create = format!(
        "CREATE KEYSPACE {name} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': {copies}}}"
    );
    session.execute(create).await.unwrap();
    name
}

/// Nothing runs, no node owes an answer, and one more query succeeds.
pub(crate) async fn at_rest(session: &Session) {
    assert_eq!(session.running(), 0);
    eventually(PATIENCE, "no node has anything in flight", || {
        session
            .health()
            .nodes
            .iter()
            .all(|node| node.in_flight == 0 && node.abandoned == 0)
    })
    .await;
    let response = session.execute("SELECT key FROM system.local").await.unwrap();
    assert_eq!(response.len(), 1);
    assert_eq!(session.running(), 0);
}

/// Waits until it is so.
pub(crate) async fn eventually(limit: Duration, what: &str, so: impl Fn() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < limit, "not within {limit:?}: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The id of a node as the session knows it.
pub(crate) fn host_id(session: &Session, node: &Node) -> Uuid {
    let health = session.health();
    let found = health.nodes.iter().find(|it| it.address == node.address());
    found.expect("the node is known").host_id
}

pub(crate) fn now() -> CqlTimestamp {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    CqlTimestamp(i64::try_from(since.as_millis()).unwrap())
}

/// A batch of these statements.
pub(crate) fn filled(batch: Batch, members: impl IntoIterator<Item = Statement>) -> Batch {
    members
        .into_iter()
        .fold(batch, |batch, member| batch.with(member))
}

/// Is the long form asked for, on a machine that does nothing else?
pub(crate) fn full() -> bool {
    std::env::var_os("FULL").is_some_and(|value| value == "1")
}

/// Did it take no longer than its scenario says? Beside other tests on a small machine: no longer than `here`.
pub(crate) fn assert_within(what: &str, took: Duration, goal: Duration, here: Duration) {
    println!("{what}: {took:?}, of {goal:?}");
    let most = if full() { goal } else { here };
    assert!(took <= most, "{what}: {took:?}, more than {most:?}");
}
