//! What the SDK of OpenTelemetry exports of requests, into memory.
//!
//!     cargo test -p opentelemetry-tests

use std::collections::HashMap;

use futures_util::future::join_all;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId, TracerProvider};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use scripted_cassandra::{ErrorFrame, Match, Opcode, ScriptedCluster, Table, Type};
use tower_cassandra::{ClusterBuilder, Session};
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A subscriber that gives spans to the SDK, whose exporter keeps them.
struct Exported {
    spans: InMemorySpanExporter,
    provider: SdkTracerProvider,
    _subscriber: tracing::subscriber::DefaultGuard,
}

impl Exported {
    fn listen() -> Self {
        let spans = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(spans.clone())
            .build();
        // As in a service: the driver's own spans would show keys at the level TRACE.
        let targets = Targets::new()
            .with_default(LevelFilter::INFO)
            .with_target("tower_cassandra", LevelFilter::DEBUG);
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("app"))
            .with_filter(targets);
        Self {
            spans,
            provider,
            _subscriber: tracing::subscriber::set_default(tracing_subscriber::registry().with(layer)),
        }
    }

    /// What was exported since the last time, in the order of beginning.
    fn take(&self) -> Vec<SpanData> {
        self.provider.force_flush().unwrap();
        let mut spans = self.spans.get_finished_spans().unwrap();
        self.spans.reset();
        spans.sort_by_key(|span| span.start_time);
        spans
    }
}

/// A span of the service, whose parent came over the network.
fn handler() -> Span {
    let headers = HashMap::from([("traceparent".to_owned(), format!("00-{TRACE}-{CALLER}-01"))]);
    let span = info_span!("GET /users");
    span.set_parent(TraceContextPropagator::new().extract(&headers))
        .unwrap();
    span
}

async fn bed(nodes: usize) -> (ScriptedCluster, Session) {
    let table = Table::new("ks", "t").partition_key("id", Type::Int);
    let server = ScriptedCluster::builder().nodes(nodes).keyspace("ks", nodes);
    let cluster = server.table(table.column("v", Type::Text)).start().await.unwrap();
    let session = ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .no_metrics()
        .no_health_check()
        .connect()
        .await
        .unwrap();
    (cluster, session)
}

fn queries() -> Match {
    Match::opcode(Opcode::Execute).or_opcode(Opcode::Query)
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|it| it.key.as_str() == key)?;
    Some(found.value.to_string())
}

fn children(spans: &[SpanData], parent: SpanId) -> Vec<&SpanData> {
    spans
        .iter()
        .filter(|span| span.parent_span_id == parent)
        .collect()
}

#[tokio::test]
async fn a_request_and_its_attempts_belong_to_the_trace_of_the_caller() {
    let exported = Exported::listen();
    let (cluster, session) = bed(2).await;
    let insert = session
        .prepare("INSERT INTO ks.t (id, v) VALUES (?, ?)")
        .await
        .unwrap();
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
        ("cassandra.page.size", "5000"),
        ("cassandra.query.idempotent", "true"),
        ("cassandra.speculative_execution.count", "0"),
    ] {
        assert_eq!(
            attribute(request, key).as_deref(),
            Some(value),
            "{key}: {request:#?}"
        );
    }
    for key in [
        "cassandra.coordinator.id",
        "cassandra.consistency.level",
        "server.address",
    ] {
        assert!(attribute(request, key).is_some(), "{key}: {request:#?}");
    }
    // What tells the SDK something is no attribute.
    assert_eq!(attribute(request, "otel.name"), None);
    let [failed, good] = children(&spans, request.span_context.span_id())[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(
        (failed.name.as_ref(), &failed.span_kind),
        ("attempt", &SpanKind::Internal)
    );
    assert_eq!(attribute(failed, "error.type").as_deref(), Some("overloaded"));
    assert!(matches!(failed.status, Status::Error { .. }) && good.status == Status::Unset);
    assert_ne!(
        attribute(failed, "cassandra.coordinator.id"),
        attribute(good, "cassandra.coordinator.id")
    );
    assert!(!format!("{spans:?}").contains("sesame"));
}

#[tokio::test]
async fn a_failed_request_has_the_status_and_the_code_of_its_error() {
    let exported = Exported::listen();
    let (cluster, session) = bed(1).await;
    cluster.on(queries()).times(1).then(ErrorFrame::invalid("sesame"));
    exported.take();
    session
        .execute("SELECT id FROM ks.t WHERE id = 7")
        .await
        .unwrap_err();
    let spans = exported.take();
    let request = spans
        .iter()
        .find(|span| span.span_kind == SpanKind::Client)
        .unwrap();
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
    let (cluster, session) = bed(2).await;
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
