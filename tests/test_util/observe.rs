//! Collectors and the log of slow requests.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{advance, sleep};
use tower_cassandra::observe::{Collector, Delivery, MemoryCollector, QueryOutcome, QueryRecord, SlowLog};
use tower_cassandra::test_util::{Answer, Expect, Reply, Script, error};
use tower_cassandra::{ClusterBuilder, ErrorKind, Session, Statement};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const SELECT: &str = "SELECT name FROM users WHERE id = 'sesame'";

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn session(script: &Script, builder: ClusterBuilder) -> Session {
    script.session_under(builder.no_metrics().no_retry()).unwrap()
}

fn any(answer: impl Into<Answer>) -> Script {
    Script::new().expect(Expect::label("any").reply(answer).any_times())
}

fn labelled() -> Statement {
    Statement::new(SELECT).label("any")
}

/// Keeps what it is told.
#[derive(Default)]
struct Kept {
    records: Mutex<Vec<QueryRecord>>,
    inline: bool,
}

impl Kept {
    fn count(&self) -> usize {
        self.records.lock().unwrap().len()
    }
}

impl Collector for Kept {
    fn record_query(&self, record: &QueryRecord) {
        self.records.lock().unwrap().push(record.clone());
    }
    fn delivery(&self) -> Delivery {
        match self.inline {
            true => Delivery::Inline,
            false => Delivery::Queued,
        }
    }
}

struct Angry(Delivery);

impl Collector for Angry {
    fn record_query(&self, _: &QueryRecord) {
        panic!("as it should")
    }
    fn delivery(&self) -> Delivery {
        self.0
    }
}

/// Waits in real time for what another thread does.
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the other thread does not run on tokio's time"
)]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "waited in vain until {what}"
        );
        std::thread::sleep(ms(1));
    }
}

#[tokio::test]
async fn mon_02_a_collector_that_fails_harms_neither_the_query_nor_the_others() {
    let (queued, inline) = (
        Arc::new(Kept::default()),
        Arc::new(Kept {
            inline: true,
            ..Kept::default()
        }),
    );
    let builder = ClusterBuilder::new()
        .collector(Arc::new(Angry(Delivery::Inline)))
        .collector(Arc::new(Angry(Delivery::Queued)))
        .collector(queued.clone())
        .collector(inline.clone());
    let session = session(&any(Reply::empty()), builder);
    session.execute(labelled()).await.unwrap();
    // The one that is told where the request ends has the record before the caller has the result.
    assert_eq!(inline.count(), 1);
    let collectors = session.collectors();
    until("both have failed", || collectors.failures() == 2);
    until("the good one is told", || queued.count() == 1);

    collectors.set_enabled(false);
    session.execute(labelled()).await.unwrap();
    collectors.set_enabled(true);
    session.execute(labelled()).await.unwrap();
    until("it is told again", || queued.count() == 2);
    assert_eq!((inline.count(), collectors.len()), (2, 4));
    until("they fail again", || collectors.failures() == 4);
}

#[tokio::test]
#[expect(
    clippy::await_holding_lock,
    reason = "the thread of the collector alone waits for it"
)]
async fn a_collector_that_blocks_holds_up_nobody_and_loses_records() {
    struct Blocked(Mutex<()>);
    impl Collector for Blocked {
        fn record_query(&self, _: &QueryRecord) {
            drop(self.0.lock());
        }
    }
    let (blocked, good) = (
        Arc::new(Blocked(Mutex::new(()))),
        Arc::new(MemoryCollector::new()),
    );
    let holds = blocked.0.lock().unwrap();
    let builder = ClusterBuilder::new()
        .collector(blocked.clone())
        .collector(good.clone());
    let session = session(&any(Reply::empty()), builder);
    let queries = tower_cassandra::observe::QUEUE + 100;
    for _ in 0..queries {
        session.execute(labelled()).await.unwrap();
    }
    assert_eq!(good.statistics().query_performance.total_queries, queries as u64);
    // One may be out of the queue already, with the collector.
    let dropped = session.collectors().dropped();
    assert!((99..=100).contains(&dropped), "{dropped}");
    drop(holds);
}

#[tokio::test(start_paused = true)]
async fn a_record_tells_all_but_the_values() {
    let kept = Arc::new(Kept {
        inline: true,
        ..Kept::default()
    });
    let rows = Reply::rows([("name", "text")]).row(("Ada",)).row(("Bob",));
    let bound = "SELECT name FROM users WHERE id = ? AND town = ?";
    let script = Script::new().expect(
        Expect::text(bound)
            .markers([("id", "int"), ("town", "text")])
            .reply(Answer::from(rows).after(ms(5)))
            .reply(error(ErrorKind::Overloaded))
            .reply(Answer::never()),
    );
    let session = session(&script, ClusterBuilder::new().collector(kept.clone()));
    for _ in 0..2 {
        let _ = session.query(bound, (7, "Ulm")).await;
    }
    let session = &session;
    let gone = tokio::time::timeout(ms(20), session.query(bound, (7, "Ulm")));
    gone.await.unwrap_err();
    let records = kept.records.lock().unwrap();
    // The first is the PREPARE.
    let [prepare, good, bad, gone] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!((prepare.kind, prepare.operation), ("prepare", "PREPARE"));
    assert_eq!(
        (good.kind, good.operation, good.outcome),
        ("prepared", "SELECT", QueryOutcome::Success)
    );
    assert_eq!(
        (good.duration, good.rows, good.pages, good.parameters),
        (ms(5), 2, 1, 2)
    );
    assert_eq!(
        good.fingerprint.text(),
        "select name from users where id = ? and town = ?"
    );
    assert_eq!((bad.error_kind(), bad.rows), (Some(ErrorKind::Overloaded), 0));
    assert_eq!((gone.outcome, gone.duration), (QueryOutcome::Cancelled, ms(20)));
    assert!(!format!("{records:?}").contains("Ulm"));
}

/// Keeps the events of the log.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0 += &format!("{}={value:?} ", field.name());
    }
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "tower_cassandra::slow_log"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        self.0.lock().unwrap().push(words.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn listen() -> (Heard, tracing::subscriber::DefaultGuard) {
    let heard = Heard::default();
    let guard = tracing::subscriber::set_default(heard.clone());
    (heard, guard)
}

#[tokio::test(start_paused = true)]
async fn slow_and_failed_requests_are_logged_without_their_values() {
    let (heard, _guard) = listen();
    let script = Script::new().expect(
        Expect::label("any")
            .reply(Answer::from(Reply::empty()).after(ms(99)))
            .reply(Answer::from(Reply::empty()).after(ms(100)))
            .reply(error(ErrorKind::Overloaded)),
    );
    let session = session(&script, ClusterBuilder::new().slow_log(SlowLog::above(ms(100))));
    for _ in 0..3 {
        let _ = session.execute(labelled()).await;
    }
    let heard = heard.0.lock().unwrap();
    let [slow, failed] = &heard[..] else {
        panic!("{heard:?}")
    };
    for words in [
        r#"reason="slow""#,
        "duration_ms=100.0",
        "attempts_ms=100.0",
        "queue_wait_ms=0.0",
        r#"statement="select name from users where id = ?""#,
        r#"label="any""#,
        "suppressed=0",
    ] {
        assert!(slow.contains(words), "{words} is not in {slow}");
    }
    assert!(
        failed.contains(r#"reason="failed""#) && failed.contains(r#"error="overloaded""#),
        "{failed}"
    );
    assert!(failed.contains("applied="), "{failed}");
    assert!(!heard.join("").contains("sesame"), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn the_log_is_bounded_in_a_second_and_says_what_it_left_out() {
    let (heard, _guard) = listen();
    let log = SlowLog::above(Duration::ZERO).per_second(3);
    let session = session(&any(Reply::empty()), ClusterBuilder::new().slow_log(log));
    for _ in 0..10 {
        session.execute(labelled()).await.unwrap();
    }
    assert_eq!(heard.0.lock().unwrap().len(), 3);
    advance(Duration::from_secs(1)).await;
    session.execute(labelled()).await.unwrap();
    let heard = heard.0.lock().unwrap();
    assert_eq!(heard.len(), 4);
    assert!(heard[3].contains("suppressed=7"), "{}", heard[3]);
}

#[tokio::test(start_paused = true)]
async fn a_sample_is_the_part_that_was_asked_for() {
    let (heard, _guard) = listen();
    let log = SlowLog::above(Duration::ZERO).sample(0.25).per_second(u32::MAX);
    let session = session(&any(Reply::empty()), ClusterBuilder::new().slow_log(log));
    for _ in 0..400 {
        session.execute(labelled()).await.unwrap();
    }
    let count = heard.0.lock().unwrap().len();
    assert!((95..=105).contains(&count), "{count}");
}

#[tokio::test(start_paused = true)]
async fn failures_can_be_left_out_and_what_is_no_request_is_never_logged() {
    let (heard, _guard) = listen();
    let log = SlowLog::above(Duration::from_secs(1)).failures(false);
    let session = session(
        &any(error(ErrorKind::Overloaded)),
        ClusterBuilder::new().slow_log(log),
    );
    session.execute(labelled()).await.unwrap_err();
    assert!(heard.0.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_panics_does_not_reach_the_caller() {
    struct Panics;
    impl Subscriber for Panics {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target().starts_with("tower_cassandra")
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {
            panic!("record")
        }
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, _: &Event<'_>) {
            panic!("event")
        }
        fn enter(&self, _: &Id) {
            panic!("enter")
        }
        fn exit(&self, _: &Id) {
            panic!("exit")
        }
        fn try_close(&self, _: Id) -> bool {
            panic!("close")
        }
    }
    let _guard = tracing::subscriber::set_default(Panics);
    let script = any(Answer::from(Reply::empty()).after(ms(5)));
    let session = session(&script, ClusterBuilder::new().slow_log(SlowLog::above(ms(1))));
    session.execute(labelled()).await.unwrap();
    let gone = session.execute(labelled());
    tokio::select! {
        biased;
        _ = gone => panic!("it takes 5 ms"),
        () = sleep(ms(1)) => {}
    }
}

#[test]
fn a_log_that_makes_no_sense_is_refused() {
    for (log, option) in [
        (SlowLog::default().sample(0.0), "slow_log.sample"),
        (SlowLog::default().sample(1.5), "slow_log.sample"),
        (SlowLog::default().sample(f64::NAN), "slow_log.sample"),
        (SlowLog::default().per_second(0), "slow_log.per_second"),
    ] {
        let error = ClusterBuilder::new().slow_log(log).build().unwrap_err();
        assert_eq!(error.invalid_config().unwrap().option(), option);
    }
}
