//! The application in this process, on a port and a keyspace of its own, and a client.

use std::time::Duration;

use axum_users::{AppState, Application, Settings};
use local_cassandra::LocalCluster;
use local_cassandra::testing::{self, Shared};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tower_cassandra::ClusterBuilder;

pub(crate) use crate::client::{Client, Reply};

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Are the bounds meant as they are written?
pub(crate) fn is_full() -> bool {
    std::env::var_os("FULL").is_some_and(|full| full == "1")
}

/// Prints a figure and checks it.
pub(crate) fn within(what: &str, took: Duration, bound: Duration) {
    println!("{what}: {took:?} (bound {bound:?})");
    let allowed = if is_full() { bound } else { bound * 50 };
    assert!(took < allowed, "{what} took {took:?}");
}

pub(crate) async fn node(test: &str) -> Option<Shared> {
    testing::shared(test, testing::patient_node).await
}

/// The keyspace of a test: its number and what makes it this process' own.
pub(crate) fn keyspace(test: &str) -> String {
    format!("{test}_{}", std::process::id())
}

/// Settings for tests: any port, no rows but the products.
pub(crate) fn settings(points: Vec<String>, test: &str) -> Settings {
    Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        contact_points: points,
        keyspace: keyspace(test),
        demo_items: 0,
        tenants: Vec::new(),
        ..Settings::default()
    }
}

/// The application while it runs.
pub(crate) struct App {
    pub(crate) client: Client,
    pub(crate) state: AppState,
    running: JoinHandle<()>,
    settings: Settings,
}

impl App {
    /// Starts it, without waiting for the database.
    pub(crate) async fn start(settings: Settings) -> Self {
        let application = Application::bind(settings.clone()).await.unwrap();
        let client = Client::new(application.address().unwrap());
        let state = application.state();
        let running = tokio::spawn(async move {
            let report = application.run().await.unwrap();
            println!("{report}");
        });
        Self {
            client,
            state,
            running,
            settings,
        }
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn ready(
        cluster: &LocalCluster,
        test: &str,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = settings(cluster.contact_points(), test);
        change(&mut settings);
        let app = Self::start(settings).await;
        app.client.ready().await;
        app
    }

    /// No call runs, none waits, no node owes an answer, no socket is open.
    pub(crate) async fn at_rest(&self) {
        let session = self.state.session();
        eventually("everything is given back", || {
            let limit = session.limits().concurrency.unwrap();
            let owes = session
                .health()
                .nodes
                .iter()
                .any(|node| node.in_flight + node.abandoned > 0);
            let is_busy = session.running() > 0 || limit.active() > 0 || limit.queued() > 0;
            !owes && !is_busy && self.state.open_sockets() == 0
        })
        .await;
        let began = Instant::now();
        loop {
            let figures = self.client.get("/metrics").await.text();
            let open = figures
                .lines()
                .find(|line| line.starts_with("cassandra_streams_open "));
            if open.is_none_or(|open| open == "cassandra_streams_open 0") {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "a stream stays open");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends it.
    pub(crate) async fn end(&self) {
        self.state.shutdown().begin();
        eventually("it ends", || self.running.is_finished()).await;
    }

    pub(crate) async fn drop_keyspaces(&self) {
        drop_keyspaces(&self.settings).await;
    }

    /// Looks around, ends it and drops its keyspaces.
    pub(crate) async fn done(self) {
        self.at_rest().await;
        self.end().await;
        self.running.await.unwrap();
        drop_keyspaces(&self.settings).await;
    }
}

pub(crate) async fn drop_keyspaces(settings: &Settings) {
    let mut builder = ClusterBuilder::new()
        .contact_points(&settings.contact_points)
        .connect_timeout(PATIENCE)
        .no_metrics();
    if let Some((user, password)) = &settings.login {
        builder = builder.credentials(user, password);
    }
    let session = builder.connect().await.unwrap();
    let keyspace = &settings.keyspace;
    let tenants = settings
        .tenants
        .iter()
        .map(|tenant| format!("{keyspace}_of_{tenant}"));
    for keyspace in tenants.chain([keyspace.clone()]) {
        let drop = format!("DROP KEYSPACE IF EXISTS {keyspace}");
        session.execute(drop).await.unwrap();
    }
    session.close(PATIENCE).await.unwrap();
}

/// Waits until it is so.
pub(crate) async fn eventually(what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Runs work for each number, so many at a time, and gives what came of it.
pub(crate) async fn crowd<T: Send + 'static, F>(
    count: usize,
    together: usize,
    work: impl Fn(usize) -> F,
) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    use futures_util::StreamExt;
    futures_util::stream::iter((0..count).map(work))
        .map(|work| async { tokio::spawn(work).await.unwrap() })
        .buffer_unordered(together)
        .collect()
        .await
}
