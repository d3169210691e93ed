//! A session whose spans the SDK exports into memory.

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanId, SpanKind, TracerProvider};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use scripted_cassandra::{Match, Opcode, ScriptedCluster, Table, Type};
use tokio::time::{sleep, timeout};
use tower_cassandra::{ClusterBuilder, Prepared, Session};
use tracing::level_filters::LevelFilter;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};

pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub(crate) const CALLER: &str = "00f067aa0ba902b7";

/// A subscriber that gives spans to the SDK, whose exporter keeps them.
pub(crate) struct Exported {
    spans: InMemorySpanExporter,
    provider: SdkTracerProvider,
    _subscriber: tracing::subscriber::DefaultGuard,
}

impl Exported {
    pub(crate) fn listen() -> Self {
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
    pub(crate) fn take(&self) -> Vec<SpanData> {
        self.provider.force_flush().unwrap();
        let mut spans = self.spans.get_finished_spans().unwrap();
        self.spans.reset();
        spans.sort_by_key(|span| span.start_time);
        spans
    }
}

/// A span of the service, whose parent came over the network.
pub(crate) fn handler() -> Span {
    let headers = HashMap::from([("traceparent".to_owned(), format!("00-{TRACE}-{CALLER}-01"))]);
    let span = info_span!("GET /users");
    span.set_parent(TraceContextPropagator::new().extract(&headers))
        .unwrap();
    span
}

pub(crate) async fn bed(
    nodes: usize,
    change: impl FnOnce(ClusterBuilder) -> ClusterBuilder,
) -> (ScriptedCluster, Session) {
    let table = Table::new("ks", "t").partition_key("id", Type::Int);
    let server = ScriptedCluster::builder().nodes(nodes).keyspace("ks", nodes);
    let cluster = server.table(table.column("v", Type::Text)).start().await.unwrap();
    let client = ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .no_metrics()
        .no_health_check();
    let session = change(client).connect().await.unwrap();
    // Connected as soon as one node is; another attempt needs another node.
    let is_waiting = || session.health().nodes.iter().any(|node| !node.connected);
    let waited = timeout(Duration::from_secs(60), async {
        while session.health().nodes.len() < nodes || is_waiting() {
            sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.expect("all nodes connected");
    (cluster, session)
}

pub(crate) async fn insert(session: &Session) -> Prepared {
    let insert = session.prepare("INSERT INTO ks.t (id, v) VALUES (?, ?)");
    insert.await.unwrap()
}

/// The first span that is a request.
pub(crate) fn request(spans: &[SpanData]) -> &SpanData {
    let request = spans.iter().find(|span| span.span_kind == SpanKind::Client);
    request.unwrap()
}

pub(crate) fn queries() -> Match {
    Match::opcode(Opcode::Execute).or_opcode(Opcode::Query)
}

pub(crate) fn attribute(span: &SpanData, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|it| it.key.as_str() == key)?;
    Some(found.value.to_string())
}

pub(crate) fn children(spans: &[SpanData], parent: SpanId) -> Vec<&SpanData> {
    spans
        .iter()
        .filter(|span| span.parent_span_id == parent)
        .collect()
}
