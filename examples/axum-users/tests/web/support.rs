//! The application in this process, on a port and a keyspace of its own, and a client.

use std::net::SocketAddr;
use std::time::Duration;

use axum_users::{AppState, Application, Settings};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_cassandra::LocalCluster;
use local_cassandra::testing::{self, Shared};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tower_cassandra::ClusterBuilder;

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

/// What was answered.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Nothing of what is behind the application is told.
    #[track_caller]
    pub(crate) fn is_silent(&self) {
        let text = self.text().to_lowercase();
        for word in [
            "cassandra",
            "exception",
            "no_such_table",
            "select",
            "backtrace",
            "127.0.",
        ] {
            assert!(!text.contains(word), "{text}");
        }
    }
}

/// A client with connections that it keeps.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let pool = Pool::builder(TokioExecutor::new()).build_http();
        Self { address, pool }
    }

    /// One request; an error when there was no whole answer.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Reply, String> {
        let uri = format!("http://{}{path}", self.address);
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map(Value::to_string);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Full::from(body.unwrap_or_default())).unwrap();
        let answer = async {
            let response = self.pool.request(request).await;
            let response = response.map_err(|error| testing::chain(&error))?;
            let (head, body) = response.into_parts();
            let body = body.collect().await;
            let body = body.map_err(|error| testing::chain(&error))?.to_bytes();
            Ok(Reply {
                status: head.status,
                headers: head.headers,
                body,
            })
        };
        timeout(PATIENCE, answer)
            .await
            .unwrap_or_else(|_| panic!("{method} {path}: no answer"))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], None).await.unwrap()
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask("GET", path, headers, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.ask("POST", path, &[], Some(&body)).await.unwrap()
    }

    pub(crate) async fn user(&self, name: &str) -> Value {
        let body = serde_json::json!({ "name": name, "email": "user@example.org", "age": 30 });
        self.post("/users", body).await.expect(201).json()
    }

    pub(crate) async fn is_ready(&self) -> bool {
        let answer = self.ask("GET", "/readyz", &[], None).await;
        answer.is_ok_and(|answer| answer.status == 200)
    }

    /// Waits until it is ready and says how long that took.
    pub(crate) async fn ready(&self) -> Duration {
        let began = Instant::now();
        while !self.is_ready().await {
            assert!(began.elapsed() < PATIENCE, "it does not become ready");
            sleep(Duration::from_millis(50)).await;
        }
        began.elapsed()
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
