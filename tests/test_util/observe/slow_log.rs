//! What is logged of slow and failed requests, and how often.

use std::time::Duration;

use tokio::time::{advance, sleep};
use tower_cassandra::observe::SlowLog;
use tower_cassandra::test_util::{Answer, Expect, Reply, Script, error};
use tower_cassandra::{ClusterBuilder, ErrorKind};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

use super::{any, labelled, ms, session};
use crate::heard::Heard;

/// Keeps the events of the log.
fn listen() -> (Heard, DefaultGuard) {
    Heard::listen(|metadata| metadata.target() == "tower_cassandra::slow_log")
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
    let heard = heard.lines();
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
    assert_eq!(heard.lines().len(), 3);
    advance(Duration::from_secs(1)).await;
    session.execute(labelled()).await.unwrap();
    let heard = heard.lines();
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
    let count = heard.lines().len();
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
    assert!(heard.lines().is_empty());
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
