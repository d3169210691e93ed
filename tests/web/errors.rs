//! Every kind of error as a response and as a status.

use std::time::Duration;

use axum_core::response::IntoResponse;
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use tonic::{Code, Status};
use tower_cassandra::axum::{http_status, retry_after};
use tower_cassandra::test_util::{Answer, Expect, Script, error};
use tower_cassandra::{Applied, ClusterBuilder, ConcurrencyLimit, Error, ErrorKind, RateLimit};

use crate::{KINDS, text};

const PUSHBACK: &str = "grpc-retry-pushback-ms";

fn expected(kind: ErrorKind) -> (u16, Code) {
    match kind {
        ErrorKind::Timeout | ErrorKind::ReadTimeout | ErrorKind::WriteTimeout => {
            (504, Code::DeadlineExceeded)
        }
        ErrorKind::Rejected => (503, Code::ResourceExhausted),
        ErrorKind::Connect
        | ErrorKind::Connection
        | ErrorKind::Closed
        | ErrorKind::NoHost
        | ErrorKind::Unavailable
        | ErrorKind::Overloaded
        | ErrorKind::Bootstrapping
        | ErrorKind::ServerRateLimit => (503, Code::Unavailable),
        _ => (500, Code::Internal),
    }
}

#[tokio::test]
async fn every_kind_has_its_status_in_both_worlds() {
    for kind in KINDS {
        let (number, code) = expected(kind);
        let failed = error(kind);
        assert_eq!(failed.kind(), kind);
        assert_eq!(http_status(&failed).as_u16(), number, "{kind:?}");
        // Of a statement of which nothing is known: it may have been a write.
        let comes_back = number == 503 && failed.applied() == Applied::No;
        assert_eq!(retry_after(&failed).is_some(), comes_back, "{kind:?}");

        let response = failed.clone().into_response();
        assert_eq!(response.status().as_u16(), number, "{kind:?}");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let seconds = response
            .headers()
            .get(RETRY_AFTER)
            .map(|value| value.to_str().unwrap());
        assert_eq!(seconds, comes_back.then_some("1"), "{kind:?}");
        let body = text(response).await;
        assert!(
            body.starts_with(r#"{"error":""#) && body.ends_with(r#""}"#),
            "{body}"
        );

        let applied = failed.applied();
        let status = Status::from(failed);
        assert_eq!(status.code(), code, "{kind:?}");
        assert!(
            body.contains(status.message()),
            "the same words: {body} {status:?}"
        );
        let pushback = status
            .metadata()
            .get(PUSHBACK)
            .map(|value| value.to_str().unwrap());
        let right = match applied {
            Applied::No => comes_back.then_some("1000"),
            Applied::Maybe | Applied::Yes => Some("-1"),
        };
        assert_eq!(pushback, right, "{kind:?} {applied:?}");
        let source = std::error::Error::source(&status).unwrap();
        assert!(source.is::<Error>(), "for interceptors of the application");
    }
}

#[test]
fn no_kind_is_left_out() {
    let mut labels: Vec<_> = KINDS.iter().map(|kind| kind.label()).collect();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), KINDS.len());
    // What the metrics know: whoever adds a kind has to come by here.
    let text = include_str!("../../src/error/kind.rs");
    let all = text.matches("=> \"").count() / 2;
    assert_eq!(
        all,
        KINDS.len(),
        "a kind of error is not in the list of this test"
    );
}

#[tokio::test]
async fn nobody_is_told_to_repeat_a_write_that_may_have_been_applied() {
    let failures = [
        ErrorKind::Connection,
        ErrorKind::Overloaded,
        ErrorKind::Unavailable,
    ];
    for kind in failures {
        let script = Script::new()
            .expect(Expect::text("SELECT v FROM t").reply(kind).any_times())
            .expect(Expect::text("UPDATE t SET v = 1").reply(kind).any_times())
            .expect(Expect::text("UPDATE t SET v = v + 1").reply(kind).any_times());
        let session = script.session();
        let said = async |text: &str, marked: bool| {
            let statement = tower_cassandra::Statement::new(text).idempotent(marked);
            let error = session.execute(statement).await.unwrap_err();
            let applied = error.applied();
            let status = Status::from(error.clone());
            let pushback = status
                .metadata()
                .get(PUSHBACK)
                .map(|it| it.to_str().unwrap().to_owned());
            let comes_back = error.into_response().headers().get(RETRY_AFTER).is_some();
            (applied, comes_back, pushback)
        };
        let (_, comes_back, pushback) = said("SELECT v FROM t", true).await;
        assert!(
            comes_back && pushback.as_deref() == Some("1000"),
            "{kind:?}: a read"
        );
        // Marked or not: the mark is about the statement, not about the request.
        for (text, marked) in [
            ("UPDATE t SET v = 1", true),
            ("UPDATE t SET v = 1", false),
            ("UPDATE t SET v = v + 1", false),
        ] {
            let (applied, comes_back, pushback) = said(text, marked).await;
            let right = if applied == Applied::No { "1000" } else { "-1" };
            assert_eq!(
                (comes_back, pushback.as_deref()),
                (applied == Applied::No, Some(right)),
                "{kind:?}: {text}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_rate_limit_says_when_those_that_wait_have_had_their_turn() {
    // Two a second, one at once, six wait, and one more: 3.5 s.
    let script = Script::new().expect(
        Expect::label("any")
            .reply(tower_cassandra::test_util::Reply::empty())
            .any_times(),
    );
    let limit = RateLimit::per_second(2).burst(1).queue(6);
    let session = script
        .session_under(ClusterBuilder::new().no_metrics().rate_limit(limit))
        .unwrap();
    let statement = tower_cassandra::Statement::new("SELECT v FROM t").label("any");
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..7 {
        let (session, statement) = (session.clone(), statement.clone());
        waiting.spawn(async move { session.execute(statement).await });
    }
    tokio::task::yield_now().await;
    let refused = session.execute(statement).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Rejected);
    assert_eq!(refused.retry_after(), Some(Duration::from_millis(3_500)));
    assert_eq!(refused.clone().into_response().headers()[RETRY_AFTER], "4");
    let status = Status::from(refused);
    assert_eq!(
        (
            status.code(),
            status.metadata().get(PUSHBACK).unwrap().to_str().unwrap()
        ),
        (Code::ResourceExhausted, "3500")
    );
    assert!(waiting.join_all().await.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn a_full_concurrency_limit_knows_no_time_and_says_a_second() {
    let script = Script::new().expect(Expect::text("SELECT v FROM t").reply(Answer::never()).any_times());
    let limit = ConcurrencyLimit::new(1).queue(0);
    let session = script
        .session_under(ClusterBuilder::new().no_metrics().concurrency_limit(limit))
        .unwrap();
    let running = tokio::spawn({
        let session = session.clone();
        async move { session.execute("SELECT v FROM t").await }
    });
    tokio::task::yield_now().await;
    let refused = session.execute("SELECT v FROM t").await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.retry_after()),
        (ErrorKind::Rejected, None)
    );
    let response = refused.into_response();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[RETRY_AFTER], "1");
    running.abort();
}
