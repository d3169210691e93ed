//! A server of its own for each test, on the one node that they share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use local_cassandra::Node;
use local_cassandra::testing::{self, Shared};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_users::Limits;
use tonic_users::pb::users_client::UsersClient;
use tonic_users::pb::{CreateUserRequest, GetUserRequest, User};
use tower_cassandra::observe::{Collector, Delivery, QueryRecord};
use tower_cassandra::tonic::{Shutdown, ShutdownReport};
use tower_cassandra::{ClusterBuilder, Session};

/// Longer than anything a healthy node on a busy machine takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Counts the calls that were made of the session, a page being one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(Arc<AtomicU64>);

impl Calls {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Collector for Calls {
    fn record_query(&self, _: &QueryRecord) {
        self.0.fetch_add(1, Relaxed);
    }
    fn delivery(&self) -> Delivery {
        Delivery::Inline
    }
}

pub(crate) struct Bed {
    pub(crate) cluster: Shared,
    pub(crate) address: SocketAddr,
    pub(crate) session: Session,
    pub(crate) channel: Channel,
    pub(crate) users: UsersClient<Channel>,
    pub(crate) calls: Calls,
    pub(crate) shutdown: Shutdown,
    keyspace: String,
    served: JoinHandle<ShutdownReport>,
}

impl Bed {
    pub(crate) async fn make(test: &str) -> Option<Self> {
        let cluster = testing::shared(test, testing::patient_node).await?;
        Some(Self::on(cluster, test, |builder| builder, Limits::default()).await)
    }

    /// With limits of its own for clients.
    pub(crate) async fn limited(test: &str, limits: Limits) -> Option<Self> {
        let cluster = testing::shared(test, testing::patient_node).await?;
        Some(Self::on(cluster, test, |builder| builder, limits).await)
    }

    /// The node is this test's alone: it is frozen or killed.
    pub(crate) async fn alone(
        test: &str,
        change: impl FnOnce(ClusterBuilder) -> ClusterBuilder,
    ) -> Option<Self> {
        let cluster = testing::exclusive(test, testing::patient_node).await?;
        Some(Self::on(cluster, test, change, Limits::default()).await)
    }

    async fn on(
        cluster: Shared,
        test: &str,
        change: impl FnOnce(ClusterBuilder) -> ClusterBuilder,
        limits: Limits,
    ) -> Self {
        let calls = Calls::default();
        let mut builder = ClusterBuilder::new()
            .contact_points(cluster.contact_points())
            .no_metrics()
            .timeout(PATIENCE)
            .attempt_timeout(PATIENCE)
            .connect_timeout(PATIENCE)
            // What is frozen keeps its connection, and owes its answers, until it is thawed.
            .keepalive(ms(1_000), PATIENCE)
            .collector(Arc::new(calls.clone()));
        if let Some((user, password)) = cluster.credentials() {
            builder = builder.credentials(user, password);
        }
        let session = change(builder).connect_lazy().unwrap();
        let name: String = test.chars().take(36).collect();
        let keyspace = format!("{name}_{}", std::process::id());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::new(session.clone(), PATIENCE);
        let served = {
            let (session, keyspace, shutdown) = (session.clone(), keyspace.clone(), shutdown.clone());
            tokio::spawn(async move {
                tonic_users::serve(listener, session, &keyspace, &shutdown, limits)
                    .await
                    .unwrap()
            })
        };
        let channel = Endpoint::from_shared(format!("http://{address}"))
            .unwrap()
            // A client that does not read is felt soon.
            .initial_stream_window_size(64 * 1024)
            .connect()
            .await
            .unwrap();
        let bed = Self {
            users: UsersClient::new(channel.clone()),
            cluster,
            address,
            session,
            channel,
            calls,
            shutdown,
            keyspace,
            served,
        };
        bed.health("users.v1.Users", true).await;
        bed
    }

    /// Waits until the health service says so of this service.
    pub(crate) async fn health(&self, service: &str, serving: bool) {
        use tonic_health::pb::health_check_response::ServingStatus;
        use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
        let wanted = if serving {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let mut changes = HealthClient::new(self.channel.clone())
            .watch(request)
            .await
            .unwrap()
            .into_inner();
        let followed = async {
            while let Some(change) = changes.message().await.unwrap() {
                if change.status() == wanted {
                    return;
                }
            }
            panic!("the health service has ended");
        };
        tokio::time::timeout(PATIENCE, followed)
            .await
            .unwrap_or_else(|_| panic!("{service} never came to be {wanted:?}"));
    }

    pub(crate) async fn create(&self, name: &str) -> User {
        self.try_create(name).await.unwrap()
    }

    pub(crate) async fn try_create(&self, name: &str) -> Result<User, Status> {
        let wanted = CreateUserRequest {
            name: name.to_owned(),
            email: "someone@example.com".to_owned(),
            age: 36,
        };
        Ok(self.users.clone().create_user(wanted).await?.into_inner())
    }

    pub(crate) async fn get(&self, id: &str) -> Result<User, Status> {
        self.get_with(id, &[]).await
    }

    pub(crate) async fn get_with(&self, id: &str, metadata: &[(&'static str, &str)]) -> Result<User, Status> {
        let mut request = Request::new(GetUserRequest { id: id.to_owned() });
        for (name, value) in metadata {
            request.metadata_mut().insert(*name, value.parse().unwrap());
        }
        Ok(self.users.clone().get_user(request).await?.into_inner())
    }

    /// Looks around, cleans up, and ends the server without losing anything.
    pub(crate) async fn done(self) {
        until("nothing runs", || self.session.running() == 0).await;
        let drop = format!("DROP KEYSPACE {}", self.keyspace);
        self.session.execute(drop).await.unwrap();
        drop_client(self.channel, self.users);
        self.shutdown.begin();
        let report = self.served.await.unwrap();
        assert!(report.is_clean(), "{report}");
        assert!(self.session.is_closed());
    }
}

/// Its connection ends with its last handle.
fn drop_client(channel: Channel, users: UsersClient<Channel>) {
    drop((channel, users));
}

/// A node that is frozen until this is dropped, also when the test fails: others come after it.
pub(crate) struct Frozen<'a>(&'a Node);

impl<'a> Frozen<'a> {
    pub(crate) fn new(node: &'a Node) -> Self {
        node.freeze().unwrap();
        Self(node)
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        self.0.resume().unwrap();
    }
}

pub(crate) fn pushback(status: &Status) -> Option<i64> {
    let value = status.metadata().get("grpc-retry-pushback-ms")?;
    value.to_str().ok()?.parse().ok()
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        sleep(ms(5)).await;
    }
}
