//! What collectors are told, and what becomes of those that misbehave.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tower_cassandra::observe::{Collector, Delivery, MemoryCollector, QueryOutcome, QueryRecord};
use tower_cassandra::test_util::{Answer, Expect, Reply, Script, error};
use tower_cassandra::{ClusterBuilder, ErrorKind};

use super::{any, labelled, ms, session};

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
