//! Spans: a request, its attempts and its pages, with the names of OpenTelemetry.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use scripted_cassandra::{Action, ErrorFrame, Opcode};
use tower_cassandra::scylla::statement::Consistency;
use tower_cassandra::{ErrorKind, Hedge, Statement};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::support::{Bed, INSERT, SELECT, ms, requests};

/// A span that was closed.
#[derive(Clone, Debug, Default)]
struct Seen {
    name: &'static str,
    parent: Option<u64>,
    id: u64,
    fields: BTreeMap<String, String>,
}

#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Seen>>>);

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name().to_owned(), format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let ours = ["tower_cassandra", "app"];
        *metadata.level() <= Level::DEBUG && ours.iter().any(|it| metadata.target().starts_with(it))
    }
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let mut seen = Seen {
            name: span.name(),
            parent: span.parent().map(|parent| parent.id().into_u64()),
            id: id.into_u64(),
            ..Seen::default()
        };
        attributes.record(&mut seen);
        span.extensions_mut().insert(seen);
    }
    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let mut extensions = span.extensions_mut();
        values.record(extensions.get_mut::<Seen>().unwrap());
    }
    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let seen = span.extensions().get::<Seen>().unwrap().clone();
        self.0.lock().unwrap().push(seen);
    }
}

impl Spans {
    fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn listen() -> (Spans, tracing::subscriber::DefaultGuard) {
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone());
    (spans, tracing::subscriber::set_default(subscriber))
}

impl Seen {
    fn has(&self, fields: &[(&str, &str)]) {
        for (field, value) in fields {
            assert_eq!(
                self.fields.get(*field).map(String::as_str),
                Some(*value),
                "{field} of {self:#?}"
            );
        }
    }
}

#[tokio::test]
async fn a_request_has_a_span_with_one_inside_for_each_attempt() {
    let (spans, _guard) = listen();
    let bed = Bed::make(3).await;
    let insert = bed.prepare(INSERT).await;
    bed.cluster
        .on(requests())
        .times(1)
        .then(ErrorFrame::overloaded("busy"));
    spans.take();
    let statement = insert.bind((1, "sesame")).unwrap().idempotent(true);
    let root = tracing::info_span!(target: "app", "root");
    {
        use tracing::Instrument;
        let call = bed
            .session
            .execute(statement.consistency(Consistency::LocalQuorum));
        call.instrument(root.clone()).await.unwrap();
    }
    let root_id = root.id().map(|id| id.into_u64());
    drop(root);
    let all = spans.take();
    let names: Vec<_> = all.iter().map(|span| span.name).collect();
    assert_eq!(names, ["attempt", "attempt", "request", "root"], "{all:#?}");
    let request = &all[2];
    assert_eq!(request.parent, root_id);
    let nodes = bed.nodes();
    let node = |n: usize| bed.cluster.node(nodes[n]);
    request.has(&[
        ("otel.name", "INSERT ks.t"),
        ("otel.kind", "client"),
        ("db.system.name", "cassandra"),
        ("db.operation.name", "INSERT"),
        ("db.namespace", "ks"),
        ("db.collection.name", "t"),
        ("db.query.summary", "INSERT ks.t"),
        ("cassandra.consistency.level", "local_quorum"),
        ("cassandra.page.size", "5000"),
        ("cassandra.query.idempotent", "true"),
        ("cassandra.coordinator.id", &node(1).host_id().to_string()),
        ("server.address", &node(1).address().ip().to_string()),
        ("server.port", &node(1).address().port().to_string()),
        ("attempts", "2"),
        ("db.response.returned_rows", "0"),
    ]);
    assert!(!request.fields.contains_key("error.type") && !request.fields.contains_key("db.query.text"));
    for (n, attempt) in all[..2].iter().enumerate() {
        assert_eq!(attempt.parent, Some(request.id));
        attempt.has(&[
            ("attempt", &(n + 1).to_string()),
            ("cassandra.coordinator.id", &node(n).host_id().to_string()),
            ("server.port", &node(n).address().port().to_string()),
        ]);
    }
    all[0].has(&[("error.type", "overloaded"), ("otel.status_code", "ERROR")]);
    assert!(!all[1].fields.contains_key("error.type"));
    assert!(!format!("{all:?}").contains("sesame"));
    bed.at_rest().await;
}

#[tokio::test]
async fn a_failure_and_an_attempt_without_an_answer_say_so() {
    let (spans, _guard) = listen();
    let bed = Bed::with(1, |client| client.no_retry()).await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    bed.cluster.on(requests()).times(1).then(Action::Silence);
    spans.take();
    let error = bed
        .session
        .execute(select.attempt_timeout(ms(50)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let all = spans.take();
    let [attempt, request] = &all[..] else {
        panic!("{all:#?}")
    };
    attempt.has(&[("error.type", "unanswered"), ("otel.status_code", "ERROR")]);
    request.has(&[("error.type", "timeout"), ("otel.status_code", "ERROR")]);
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn a_second_attempt_is_counted_and_has_a_span_of_its_own() {
    let (spans, _guard) = listen();
    let soon = Hedge::default().after(ms(20)).share(1.0);
    let bed = Bed::with(3, |client| client.hedge(soon)).await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    // Quick at first: what a second attempt costs has to be saved.
    bed.session.execute(&select).await.unwrap();
    bed.cluster.on(requests()).times(1).then(Action::Silence);
    spans.take();
    let response = bed.session.execute(&select).await.unwrap();
    assert_eq!((response.attempts(), response.hedges()), (1, 1));
    let all = spans.take();
    let request = all.iter().find(|span| span.name == "request").unwrap();
    request.has(&[("attempts", "1"), ("cassandra.speculative_execution.count", "1")]);
    let attempts: Vec<_> = all.iter().filter(|span| span.name == "attempt").collect();
    assert_eq!(attempts.len(), 2, "{all:#?}");
    assert!(attempts.iter().all(|span| span.parent == Some(request.id)));
    let node = |span: &Seen| span.fields["cassandra.coordinator.id"].clone();
    assert_ne!(node(attempts[0]), node(attempts[1]));
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn pages_are_children_of_their_request() {
    let (spans, _guard) = listen();
    let bed = Bed::make(1).await;
    let insert = bed.prepare(INSERT).await;
    for id in 0..3 {
        bed.session
            .execute(insert.bind((id, "v")).unwrap())
            .await
            .unwrap();
    }
    spans.take();
    let all = Statement::new("SELECT id FROM ks.t").page_size(1);
    bed.session.execute(all.clone()).await.unwrap();
    let seen = spans.take();
    let request = seen.last().unwrap();
    assert_eq!((request.name, request.parent), ("request", None));
    let pages: Vec<_> = seen.iter().filter(|span| span.name == "page").collect();
    assert!(
        pages.len() >= 2 && pages.iter().all(|page| page.parent == Some(request.id)),
        "{seen:#?}"
    );
    assert_eq!(pages[0].fields["page"], "2");
    let under = |id| {
        seen.iter()
            .filter(|span| span.name == "attempt" && span.parent == Some(id))
            .count()
    };
    assert_eq!(under(request.id), 1);
    assert!(pages.iter().all(|page| under(page.id) == 1), "{seen:#?}");

    let mut stream = bed.session.pages(all);
    let mut read = 0;
    while let Some(page) = stream.next().await {
        page.unwrap();
        read += 1;
    }
    drop(stream);
    let seen = spans.take();
    let request = seen.last().unwrap();
    assert_eq!(request.name, "request");
    let pages: Vec<_> = seen.iter().filter(|span| span.name == "page").collect();
    assert_eq!(pages.len(), read);
    assert!(
        pages.iter().all(|page| page.parent == Some(request.id)),
        "{seen:#?}"
    );
    bed.at_rest().await;
}

#[tokio::test]
async fn a_prepare_is_a_child_of_the_request_that_began_it() {
    let (spans, _guard) = listen();
    let bed = Bed::make(1).await;
    spans.take();
    bed.session.query(SELECT, (1,)).await.unwrap();
    assert_eq!(
        bed.cluster
            .ledger()
            .filter(|frame| frame.opcode == Opcode::Prepare)
            .len(),
        1
    );
    let seen = spans.take();
    let of = |operation: &str| {
        let found = seen.iter().find(|span| {
            let name = span.fields.get("db.operation.name");
            name.is_some_and(|name| name == operation)
        });
        found.unwrap_or_else(|| panic!("{operation}: {seen:#?}"))
    };
    assert_eq!(of("PREPARE").parent, Some(of("SELECT").id));
    bed.at_rest().await;
}

#[tokio::test]
async fn the_text_is_told_on_request_and_without_values() {
    let (spans, _guard) = listen();
    let bed = Bed::with(1, |client| client.trace_query_text(true)).await;
    spans.take();
    bed.session
        .execute("SELECT id FROM ks.t WHERE id = 1047110815")
        .await
        .unwrap();
    let seen = spans.take();
    seen.last()
        .unwrap()
        .has(&[("db.query.text", "select id from ks.t where id = ?")]);
    assert!(!format!("{seen:?}").contains("1047110815"));
    bed.at_rest().await;
}
