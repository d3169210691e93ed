//! A client of the application.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_cassandra::testing;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::support::PATIENCE;

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
