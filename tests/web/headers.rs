//! What callers may say, and what becomes of what they should not.

use std::time::Duration;

use axum_core::extract::FromRequestParts;
use axum_core::response::IntoResponse;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Request};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;
use tonic::{Code, Status};
use tower::{Layer, ServiceExt, service_fn};
use tower_cassandra::Session;
use tower_cassandra::axum::{BadHeader, RequestLayer, RequestOptions, RequestSession};
use tower_cassandra::scylla::statement::Consistency;
use tower_cassandra::test_util::Script;

use crate::text;

/// What a handler gets of a request with these headers.
async fn handler(options: RequestOptions, headers: &[(&str, &[u8])]) -> Result<RequestSession, BadHeader> {
    let session: Session = Script::new().session();
    let service = RequestLayer::new(options)
        .unwrap()
        .layer(service_fn(|request: Request<()>| {
            let session = session.clone();
            async move {
                let (mut parts, ()) = request.into_parts();
                let got = RequestSession::from_request_parts(&mut parts, &session).await;
                let mut response = http::Response::new(());
                response.extensions_mut().insert(got);
                Ok::<_, std::convert::Infallible>(response)
            }
        }));
    let mut request = Request::new(());
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        request
            .headers_mut()
            .append(name, HeaderValue::from_bytes(value).unwrap());
    }
    let mut response = service.oneshot(request).await.unwrap();
    response.extensions_mut().remove().unwrap()
}

async fn limit_of(options: RequestOptions, headers: &[(&str, &[u8])]) -> Result<Option<Duration>, BadHeader> {
    let session = handler(options, headers).await?;
    Ok(session.deadline().map(|at| at - Instant::now()))
}

#[tokio::test(start_paused = true)]
async fn a_timeout_in_seconds_becomes_the_deadline() {
    let new = RequestOptions::new;
    for (value, millis) in [
        ("0.1", 100),
        ("10", 10_000),
        ("2.5", 2_500),
        (".5", 500),
        ("300", 300_000),
        (" 1 ", 1_000),
    ] {
        let limit = limit_of(new(), &[("x-request-timeout", value.as_bytes())])
            .await
            .unwrap();
        assert_eq!(limit, Some(Duration::from_millis(millis)), "{value}");
    }
    assert_eq!(limit_of(new(), &[]).await.unwrap(), None);
    let default = Duration::from_secs(7);
    assert_eq!(
        limit_of(new().default_timeout(default), &[]).await.unwrap(),
        Some(default)
    );
    let own = new().timeout_header(HeaderName::from_static("x-patience"));
    assert_eq!(
        limit_of(own.clone(), &[("x-patience", b"2")]).await.unwrap(),
        Some(Duration::from_secs(2))
    );
    assert_eq!(
        limit_of(own, &[("x-request-timeout", b"nonsense")])
            .await
            .unwrap(),
        None
    );
}

#[tokio::test(start_paused = true)]
async fn a_grpc_timeout_counts_as_well_and_is_cut_to_the_longest() {
    let new = RequestOptions::new;
    for (value, millis) in [
        ("100m", 100),
        ("1S", 1_000),
        ("1M", 60_000),
        ("1H", 300_000),
        ("99999999H", 300_000),
        ("0n", 0),
        ("5000u", 5),
    ] {
        let limit = limit_of(new(), &[("grpc-timeout", value.as_bytes())])
            .await
            .unwrap();
        assert_eq!(limit, Some(Duration::from_millis(millis)), "{value}");
    }
    let both: [(&str, &[u8]); 2] = [("grpc-timeout", b"3S"), ("x-request-timeout", b"2")];
    assert_eq!(
        limit_of(new(), &both).await.unwrap(),
        Some(Duration::from_secs(2)),
        "the shorter one"
    );
    for bad in ["", "S", "1", "1s", "123456789S", "-1S", "1.5S", "+1S", "1 S"] {
        let refused = limit_of(new(), &[("grpc-timeout", bad.as_bytes())])
            .await
            .unwrap_err();
        assert_eq!(refused.header(), "grpc-timeout", "{bad}");
    }
}

#[tokio::test]
async fn what_does_not_parse_is_400_and_names_the_header_and_not_the_value() {
    let bad: [&[u8]; 16] = [
        b"",
        b"0",
        b"0.0",
        b"-1",
        b"+1",
        b"1e3",
        b"inf",
        b"NaN",
        b"soon",
        b"1s",
        b"1,5",
        b"301",
        b"0.0000000000001",
        b"1.2.3",
        b"\xff",
        b"000000000000000000001",
    ];
    for value in bad {
        let refused = handler(RequestOptions::new(), &[("x-request-timeout", value)]).await;
        let refused = refused.expect_err(&String::from_utf8_lossy(value));
        assert_eq!(refused.header(), "x-request-timeout");
        let status = Status::from(refused.clone());
        assert_eq!(status.code(), Code::InvalidArgument);
        let response = refused.into_response();
        assert_eq!(response.status(), 400);
        let body = text(response).await;
        assert_eq!(
            body,
            r#"{"error":"invalid header X-Request-Timeout: expected seconds above 0 and of at most 300"}"#
        );
        assert!(body.contains(status.message()));
    }
    let twice: [(&str, &[u8]); 2] = [("x-request-timeout", b"1"), ("x-request-timeout", b"2")];
    assert!(handler(RequestOptions::new(), &twice).await.is_err());
}

#[tokio::test]
async fn a_consistency_is_read_only_where_it_is_allowed() {
    let header = |value: &'static str| [("x-consistency-level", value.as_bytes())];
    let none = handler(RequestOptions::new(), &header("nonsense")).await.unwrap();
    assert_eq!(none.consistency(), None);

    let some = RequestOptions::new().allow_consistency([
        Consistency::Quorum,
        Consistency::One,
        Consistency::LocalQuorum,
    ]);
    for (value, level) in [
        ("ONE", Consistency::One),
        ("quorum", Consistency::Quorum),
        ("Local_Quorum", Consistency::LocalQuorum),
    ] {
        let got = handler(some.clone(), &header(value)).await.unwrap();
        assert_eq!(got.consistency(), Some(level), "{value}");
    }
    assert_eq!(handler(some.clone(), &[]).await.unwrap().consistency(), None);
    for value in ["ALL", "", "EVERY", "ONE,QUORUM"] {
        let refused = handler(some.clone(), &header(value)).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "invalid header X-Consistency-Level: expected one of ONE, QUORUM, LOCAL_QUORUM"
        );
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let second = Duration::from_secs(1);
    let name = || HeaderName::from_static("x-consistency-level");
    for (options, option) in [
        (RequestOptions::new().max_timeout(Duration::ZERO), "max_timeout"),
        (RequestOptions::new().max_timeout(Duration::MAX), "max_timeout"),
        (
            RequestOptions::new().default_timeout(Duration::ZERO),
            "default_timeout",
        ),
        (
            RequestOptions::new()
                .max_timeout(second)
                .default_timeout(second * 2),
            "default_timeout",
        ),
        (RequestOptions::new().timeout_header(name()), "consistency_header"),
    ] {
        assert_eq!(RequestLayer::new(options).unwrap_err().option(), option);
    }
}

/// Whatever the bytes are: a deadline within the bounds or a refusal that names the header and shows nothing of the value.
#[tokio::test(start_paused = true)]
async fn any_bytes_are_a_deadline_within_bounds_or_a_refusal() {
    let mut random = SmallRng::seed_from_u64(9);
    let alphabet: &[u8] = b"0123456789..HMSmun-+eE \xc3\xa9";
    let session = Script::new().session();
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..50_000 {
        let length = random.random_range(0..12);
        let value: Vec<u8> = (0..length)
            .map(|_| match random.random_range(0..20) {
                0 => random.random_range(32..=255_u8).max(33),
                _ => alphabet[random.random_range(0..alphabet.len())],
            })
            .collect();
        let Ok(value) = HeaderValue::from_bytes(&value) else {
            continue;
        };
        let name = if random.random_bool(0.5) {
            "x-request-timeout"
        } else {
            "grpc-timeout"
        };
        let mut headers = HeaderMap::new();
        headers.insert(name, value.clone());
        match RequestSession::from_headers(session.clone(), &headers, &http::Extensions::new()) {
            Ok(request) => {
                taken += 1;
                let limit = request.deadline().unwrap() - Instant::now();
                assert!(limit <= RequestOptions::MAX_TIMEOUT, "{value:?} {limit:?}");
                assert!(!limit.is_zero() || name == "grpc-timeout", "{value:?}");
            }
            Err(bad) => {
                refused += 1;
                assert_eq!(bad.header(), name);
                assert!(bad.to_string().is_ascii(), "{bad}");
            }
        }
    }
    assert!(taken > 1_000 && refused > 1_000, "{taken} {refused}");
}
