//! What a user wants kept to themselves is in no log, metric, span, record, error or `Debug`.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scripted_cassandra::{Action, ErrorFrame};
use tower_cassandra::observe::{Collector, Delivery, MemoryCollector, QueryRecord, SlowLog};
use tower_cassandra::prometheus::Exporter;
use tower_cassandra::{Batch, Statement};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::support::{Bed, INSERT, SELECT, ms, requests};

/// Everything that anybody would read.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

struct Words<'a>(&'a mut String);

impl Visit for Words<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl Everything {
    fn add(&self, text: impl fmt::Display) {
        let _ = writeln!(self.0.lock().unwrap(), "{text}");
    }
}

impl Subscriber for Everything {
    // The driver's spans at TRACE show keys; the docs say so.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tower_cassandra") || *metadata.level() < Level::TRACE
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut all = self.0.lock().unwrap();
        all.push_str(span.metadata().name());
        all.push(' ');
        span.record(&mut Words(&mut all));
        all.push('\n');
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Words(&mut self.0.lock().unwrap()));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut all = self.0.lock().unwrap();
        event.record(&mut Words(&mut all));
        all.push('\n');
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Told(Everything);

impl Collector for Told {
    fn record_query(&self, record: &QueryRecord) {
        self.0.add(format_args!("{record:?}"));
    }
    fn delivery(&self) -> Delivery {
        Delivery::Inline
    }
}

/// In every position: bound value, literal, password, what the server's error quotes, and the key in a paging state.
const SECRETS: [&str; 5] = [
    "sesame-bound",
    "sesame-literal",
    "sesame-password",
    "sesame-message",
    "sesame-key",
];

#[tokio::test]
async fn nothing_that_is_secret_is_shown_anywhere() {
    let all = Everything::default();
    let _guard = tracing::subscriber::set_default(all.clone());
    let (exporter, memory) = (Exporter::new(), Arc::new(MemoryCollector::new()));
    let metrics = exporter.builder().operation_durations(true).build().unwrap();
    let bed = Bed::with(2, |client| {
        let client = client
            .credentials("user", SECRETS[2])
            .metrics(metrics)
            .collector(memory.clone())
            .collector(Arc::new(Told(all.clone())))
            .slow_log(SlowLog::above(Duration::ZERO).per_second(u32::MAX))
            .trace_query_text(true);
        all.add(format_args!("{client:?}"));
        client
    })
    .await;
    let session = &bed.session;
    let insert = bed.prepare(INSERT).await;
    let literal = |verb: &str| {
        format!(
            "{verb} /* {0} */ id FROM ks.t WHERE id = 7 AND v = '{0}'",
            SECRETS[1]
        )
    };
    let bound = insert.bind((1, SECRETS[0])).unwrap();
    let values = Statement::with_values(INSERT, (2, SECRETS[0]));
    let batch = Batch::logged().with(&bound).with(literal("UPDATE"));
    for statement in [
        bound.clone(),
        values,
        batch.into(),
        Statement::new(literal("SELECT")),
        // An end that is missing.
        Statement::new(format!("SELECT '{}", SECRETS[1])),
    ] {
        all.add(format_args!("{statement:?} {:?}", statement.fingerprint()));
        for answer in [
            None,
            Some(ErrorFrame::invalid(format!("near '{}'", SECRETS[3]))),
            Some(ErrorFrame::overloaded(SECRETS[3])),
        ] {
            if let Some(answer) = answer {
                bed.cluster.on(requests()).then(answer);
            }
            match session.execute(&statement).await {
                Ok(response) => all.add(format_args!("{response:?} {:?}", response.timings())),
                Err(error) => {
                    all.add(format_args!(
                        "{error} {error:?} {:?} {}",
                        error.attempts(),
                        error.timings()
                    ));
                    all.add(format_args!("{:?}", error.statement_fingerprint()));
                }
            }
            bed.cluster.clear_rules();
        }
    }
    // One that is given up.
    bed.cluster.on(requests()).times(1).then(Action::Silence);
    session.execute(bound.timeout(ms(30))).await.unwrap_err();
    bed.cluster.clear_rules();
    // A paging state holds the key of the row before.
    let pages = Statement::new("SELECT id, v FROM ks.t").page_size(1);
    if let Ok(page) = session
        .execute_page(pages, tower_cassandra::PageState::start())
        .await
    {
        all.add(format_args!("{page:?} {:?} {:?}", page.next(), page.response()));
    }
    let forged = tower_cassandra::PageState::from_bytes(SECRETS[4].as_bytes());
    all.add(format_args!("{forged:?}"));
    let select = session.query(SELECT, (1,)).await;
    all.add(format_args!(
        "{select:?} {session:?} {:?} {:?}",
        session.health(),
        session.collectors()
    ));
    all.add(exporter.render());
    all.add(memory.statistics());
    bed.hang_up().await;
    bed.at_rest().await;

    let all = all.0.lock().unwrap();
    assert!(
        all.contains("request ") && all.contains("a request was") && all.contains("cassandra_queries_total")
    );
    for secret in SECRETS {
        if let Some(at) = all.find(secret) {
            let around = all.get(at.saturating_sub(300)..(at + 100).min(all.len()));
            panic!("{secret} is shown: {around:?}");
        }
    }
}
