//! The status page of a session: answers, streams and what is in them.

mod answers;
mod figures;
mod streams;

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;

use http::{Method, Request, Response};
use http_body::Body as _;
use tower::ServiceExt;
use tower_cassandra::status_page::{Body, StatusPage};
use tower_cassandra::test_util::{Expect, Reply, Script};
use tower_cassandra::{ClusterBuilder, Session};

fn session(builder: ClusterBuilder) -> (Script, Session) {
    let script = Script::new().expect(Expect::label("any").reply(Reply::empty()).any_times());
    let session = script.session_under(builder.no_retry()).unwrap();
    (script, session)
}

fn page() -> StatusPage {
    StatusPage::new(session(ClusterBuilder::new().no_metrics()).1)
}

async fn ask(page: &StatusPage, method: Method, path: &str) -> Response<Body> {
    let request = Request::builder().method(method).uri(path).body(()).unwrap();
    let answer: Result<_, Infallible> = page.clone().oneshot(request).await;
    answer.unwrap()
}

async fn get(page: &StatusPage, path: &str) -> Response<Body> {
    ask(page, Method::GET, path).await
}

/// A body, to be read piece by piece.
struct Reader(Pin<Box<Body>>);

impl Reader {
    fn of(answer: Response<Body>) -> Self {
        Self(Box::pin(answer.into_body()))
    }

    async fn next(&mut self) -> Option<String> {
        let frame = poll_fn(|cx| self.0.as_mut().poll_frame(cx)).await?;
        let data = frame.unwrap().into_data().unwrap();
        Some(String::from_utf8(data.to_vec()).unwrap())
    }

    async fn rest(mut self) -> String {
        let mut text = String::new();
        while let Some(more) = self.next().await {
            text += &more;
        }
        text
    }
}

async fn json(page: &StatusPage) -> serde_json::Value {
    let text = Reader::of(get(page, "/status.json").await).rest().await;
    serde_json::from_str(&text).unwrap()
}
