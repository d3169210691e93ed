//! What the SDK of OpenTelemetry exports of requests, into memory.
//!
//!     cargo test -p opentelemetry-tests

mod bed;

use std::time::Duration;

use futures_util::future::join_all;
use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};
use opentelemetry_sdk::trace::SpanData;
use scripted_cassandra::{Action, ErrorFrame};
use tower_cassandra::{Hedge, Statement};
use tracing::Instrument;

use bed::{CALLER, Exported, TRACE, attribute, bed, children, handler, insert, queries, request};

#[tokio::test]
async fn a_request_and_its_attempts_belong_to_the_trace_of_the_caller() {
    let exported = Exported::listen();
    let (cluster, session) = bed(2, |client| client).await;
    let insert = insert(&session).await;
    exported.take();
    cluster
        .on(queries())
        .times(1)
        .then(ErrorFrame::overloaded("busy"));
    let write = insert.bind((1, "sesame")).unwrap().idempotent(true);
    session.execute(write).instrument(handler()).await.unwrap();

    let spans = exported.take();
    let trace = TraceId::from_hex(TRACE).unwrap();
    assert!(
        spans.iter().all(|span| span.span_context.trace_id() == trace),
        "{spans:#?}"
    );
    let [handler] = children(&spans, SpanId::from_hex(CALLER).unwrap())[..] else {
        panic!("{spans:#?}")
    };
    let [request] = children(&spans, handler.span_context.span_id())[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(
        (request.name.as_ref(), &request.span_kind),
        ("INSERT ks.t", &SpanKind::Client)
    );
    assert_eq!(request.status, Status::Unset);
    for (key, value) in [
        ("db.system.name", "cassandra"),
        ("db.operation.name", "INSERT"),
        ("db.collection.name", "t"),
        ("db.query.summary", "INSERT ks.t"),
        ("db.namespace", "ks"),
        ("cassandra.consistency.level", "local_quorum"),
        ("cassandra.page.size", "5000"),
        ("cassandra.query.idempotent", "true"),
        ("cassandra.speculative_execution.count", "0"),
        ("attempts", "2"),
    ] {
        assert_eq!(
            attribute(request, key).as_deref(),
            Some(value),
            "{key}: {request:#?}"
        );
    }
    // What tells the SDK something is no attribute, and the text is told on request only.
    for key in [
        "otel.name",
        "otel.kind",
        "otel.status_code",
        "db.query.text",
        "error.type",
    ] {
        assert_eq!(attribute(request, key), None, "{key}");
    }
    let [failed, good] = children(&spans, request.span_context.span_id())[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(
        (failed.name.as_ref(), &failed.span_kind),
        ("attempt", &SpanKind::Internal)
    );
    assert_eq!(attribute(failed, "error.type").as_deref(), Some("overloaded"));
    assert!(matches!(failed.status, Status::Error { .. }) && good.status == Status::Unset);
    assert_eq!(attribute(good, "error.type"), None);
    for span in [failed, good] {
        assert_eq!(attribute(span, "db.system.name").as_deref(), Some("cassandra"));
    }
    // The request names the node that answered, and each attempt the one that was asked.
    let nodes: Vec<_> = (0..2).map(|n| cluster.node(n)).collect();
    let asked = |span: &SpanData| {
        let port = attribute(span, "server.port").unwrap();
        let address = format!("{}:{port}", attribute(span, "server.address").unwrap());
        let found = nodes.iter().find(|node| node.address().to_string() == address);
        let host_id = found.expect("the address of a node").host_id().to_string();
        assert_eq!(attribute(span, "cassandra.coordinator.id"), Some(host_id));
        assert_eq!(
            attribute(span, "cassandra.coordinator.dc").as_deref(),
            Some("datacenter1")
        );
        address
    };
    assert_eq!(asked(request), asked(good));
    assert_ne!(asked(failed), asked(good));
    let numbers = [failed, good].map(|span| attribute(span, "attempt").unwrap());
    assert_eq!(numbers, ["1", "2"]);
    assert!(!format!("{spans:?}").contains("sesame"));
}

#[tokio::test]
async fn a_failed_request_has_the_status_and_the_code_of_its_error() {
    let exported = Exported::listen();
    let (cluster, session) = bed(1, |client| client).await;
    cluster.on(queries()).times(1).then(ErrorFrame::invalid("sesame"));
    exported.take();
    session
        .execute("SELECT id FROM ks.t WHERE id = 7")
        .await
        .unwrap_err();
    let spans = exported.take();
    let request = request(&spans);
    assert!(matches!(request.status, Status::Error { .. }), "{request:#?}");
    assert_eq!(
        attribute(request, "db.response.status_code").as_deref(),
        Some("0x2200")
    );
    assert!(attribute(request, "error.type").is_some(), "{request:#?}");
    assert!(!format!("{spans:?}").contains("sesame"));
}

#[tokio::test]
async fn requests_at_the_same_time_keep_their_attempts_apart() {
    let exported = Exported::listen();
    let (cluster, session) = bed(2, |client| client).await;
    exported.take();
    let call = |id: i32| {
        session
            .execute(format!("SELECT id FROM ks.t WHERE id = {id}"))
            .instrument(handler())
    };
    for result in join_all((0..20).map(call)).await {
        result.unwrap();
    }
    let spans = exported.take();
    let requests: Vec<_> = spans
        .iter()
        .filter(|span| span.span_kind == SpanKind::Client)
        .collect();
    assert_eq!(requests.len(), 20);
    for request in requests {
        assert_eq!(
            children(&spans, request.span_context.span_id()).len(),
            1,
            "{spans:#?}"
        );
    }
    drop(cluster);
}

#[tokio::test]
async fn the_text_is_exported_on_request_and_without_values() {
    let exported = Exported::listen();
    let (_cluster, session) = bed(1, |client| client.trace_query_text(true)).await;
    exported.take();
    let literal = "SELECT id FROM ks.t WHERE id = 1047110815";
    session.execute(literal).await.unwrap();
    let bound = session.prepare("SELECT v FROM ks.t WHERE id = ?").await.unwrap();
    session.execute(bound.bind((1047110815,)).unwrap()).await.unwrap();
    let spans = exported.take();
    let texts: Vec<_> = spans
        .iter()
        .filter(|span| attribute(span, "db.operation.name").as_deref() == Some("SELECT"))
        .map(|span| attribute(span, "db.query.text").unwrap())
        .collect();
    assert_eq!(
        texts,
        [
            "select id from ks.t where id = ?",
            "select v from ks.t where id = ?"
        ]
    );
    assert!(!format!("{spans:?}").contains("1047110815"));
}

#[tokio::test]
async fn pages_are_children_of_their_request_and_attempts_of_their_page() {
    let exported = Exported::listen();
    let (_cluster, session) = bed(1, |client| client).await;
    let insert = insert(&session).await;
    for id in 0..3 {
        session.execute(insert.bind((id, "v")).unwrap()).await.unwrap();
    }
    exported.take();
    let read = Statement::new("SELECT id FROM ks.t").page_size(1);
    assert_eq!(
        session.execute(read).instrument(handler()).await.unwrap().len(),
        3
    );
    let spans = exported.take();
    let request = request(&spans);
    assert_eq!(
        attribute(request, "db.response.returned_rows").as_deref(),
        Some("3")
    );
    // The first page is the request itself.
    let (pages, attempts): (Vec<_>, Vec<_>) = children(&spans, request.span_context.span_id())
        .into_iter()
        .partition(|span| span.name == "page");
    assert_eq!(attempts.len(), 1, "{spans:#?}");
    assert!(pages.len() >= 2, "{spans:#?}");
    for page in pages {
        assert_eq!(
            children(&spans, page.span_context.span_id()).len(),
            1,
            "{spans:#?}"
        );
    }
}

#[tokio::test]
async fn a_second_attempt_beside_a_slow_one_is_exported_and_counted() {
    let exported = Exported::listen();
    let soon = Hedge::default().after(Duration::from_millis(20)).share(1.0);
    let (cluster, session) = bed(2, |client| client.hedge(soon)).await;
    let select = session.prepare("SELECT v FROM ks.t WHERE id = ?").await.unwrap();
    // Quick at first: what a second attempt costs has to be saved.
    session.execute(select.bind((1,)).unwrap()).await.unwrap();
    cluster.on(queries()).times(1).then(Action::Silence);
    exported.take();
    let response = session.execute(select.bind((1,)).unwrap()).await.unwrap();
    assert_eq!(response.hedges(), 1);
    let spans = exported.take();
    let request = request(&spans);
    assert_eq!(
        attribute(request, "cassandra.speculative_execution.count").as_deref(),
        Some("1")
    );
    let attempts = children(&spans, request.span_context.span_id());
    let unanswered = |span: &&&SpanData| attribute(span, "error.type").as_deref() == Some("unanswered");
    assert_eq!(
        (attempts.len(), attempts.iter().filter(unanswered).count()),
        (2, 1),
        "{spans:#?}"
    );
}
