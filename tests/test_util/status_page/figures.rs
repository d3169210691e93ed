use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::advance;
use tower_cassandra::observe::SlowLog;
use tower_cassandra::status_page::StatusPage;
use tower_cassandra::test_util::{Expect, Reply, Script, error};
use tower_cassandra::{
    ClusterBuilder, ConcurrencyLimit, ErrorKind, Hedge, Metrics, RateLimit, RetryPolicy, Session, Statement,
};

use super::{json, page, session};

const SECRET: &str = "SELECT name FROM users WHERE id = 'sesame' AND note = 'swordfish'";

fn names(json: &serde_json::Value) -> BTreeSet<&str> {
    json.as_object().unwrap().keys().map(String::as_str).collect()
}

/// All names are in the table of the documentation, and all of that are there.
#[tokio::test]
async fn the_names_are_those_that_are_described() {
    let described = include_str!("../../../src/status_page/json.md");
    let builder = ClusterBuilder::new()
        .metrics(Metrics::default())
        .slow_log(SlowLog::above(Duration::ZERO))
        .concurrency_limit(7)
        .rate_limit(RateLimit::per_second(11).burst(3))
        .hedge(Hedge::default());
    let script = Script::new().expect(Expect::label("any").reply(Reply::empty()));
    let session = script.session_under(builder).unwrap();
    session
        .execute(Statement::new(SECRET).label("any"))
        .await
        .unwrap();
    let json = json(&StatusPage::new(session)).await;
    let mut all: BTreeSet<String> = names(&json).into_iter().map(str::to_owned).collect();
    for part in [
        "session",
        "requests",
        "concurrency",
        "rate",
        "retry_budget",
        "hedge",
        "prepared",
        "slow",
    ] {
        all.extend(names(&json[part]).into_iter().map(str::to_owned));
    }
    all.extend(
        names(&json["concurrency"]["rejected"])
            .into_iter()
            .map(str::to_owned),
    );
    all.extend(
        names(&json["concurrency"]["waited"])
            .into_iter()
            .map(str::to_owned),
    );
    all.extend(names(&json["slow"]["last"][0]).into_iter().map(str::to_owned));
    for name in &all {
        assert!(
            described.contains(&format!("`{name}`")),
            "{name} is not described"
        );
    }
    assert_eq!(
        (
            json["concurrency"]["limit"].as_u64(),
            json["rate"]["burst"].as_u64()
        ),
        (Some(7), Some(3))
    );
    assert_eq!(json["rate"]["per_second"].as_f64(), Some(11.0));
    assert_eq!(json["requests"]["succeeded"].as_u64(), Some(1));
    assert_eq!(json["hedge"]["burst"].as_u64(), Some(64));
    assert_eq!(json["retry_budget"]["allowed"].as_u64(), Some(50));
}

#[tokio::test]
async fn what_is_not_there_is_null() {
    let json = json(&page()).await;
    for part in [
        "title",
        "requests",
        "concurrency",
        "rate",
        "retry_budget",
        "hedge",
        "slow",
    ] {
        assert!(json[part].is_null(), "{part}: {}", json[part]);
    }
    let session = &json["session"];
    assert!(
        session["ready"].is_null() && session["cluster"].is_null(),
        "{session}"
    );
    assert_eq!(json["nodes"].as_array().map(Vec::len), Some(0));
}

#[tokio::test(start_paused = true)]
async fn slow_and_failed_requests_are_shown_without_their_values_the_newest_first() {
    let script = Script::new().expect(
        Expect::label("any")
            .reply(Reply::empty())
            .reply(error(ErrorKind::Overloaded)),
    );
    let builder = ClusterBuilder::new()
        .no_metrics()
        .no_retry()
        .slow_log(SlowLog::above(Duration::ZERO));
    let session = script.session_under(builder).unwrap();
    for _ in 0..2 {
        let _ = session.execute(Statement::new(SECRET).label("any")).await;
    }
    let json = json(&StatusPage::titled(session, "shop")).await;
    assert_eq!(json["title"], "shop");
    let slow = &json["slow"];
    assert_eq!(slow["seen"], 2);
    let [failed, fine] = &slow["last"].as_array().unwrap()[..] else {
        panic!("{slow}")
    };
    assert_eq!(
        (&failed["outcome"], &failed["error"]),
        (&"failure".into(), &"overloaded".into())
    );
    assert_eq!(
        (&fine["outcome"], &fine["label"]),
        (&"success".into(), &"any".into())
    );
    assert_eq!(
        fine["statement"],
        "select name from users where id = ? and note = ?"
    );
    let text = json.to_string();
    assert!(!text.contains("sesame") && !text.contains("swordfish"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn so_many_slow_requests_are_kept_and_no_more() {
    let log = SlowLog::above(Duration::ZERO).per_second(u32::MAX);
    let (_script, session) = session(ClusterBuilder::new().no_metrics().slow_log(log));
    for _ in 0..SlowLog::KEPT + 10 {
        session
            .execute(Statement::new("SELECT 1").label("any"))
            .await
            .unwrap();
    }
    let slow = session.slow_requests().unwrap();
    assert_eq!(
        (slow.last.len(), slow.seen),
        (SlowLog::KEPT, SlowLog::KEPT as u64 + 10)
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_waits_or_was_refused_is_counted() {
    let script = Script::new().expect(
        Expect::label("any")
            .reply(tower_cassandra::test_util::Answer::never())
            .any_times(),
    );
    let builder = ClusterBuilder::new()
        .no_retry()
        .metrics(Metrics::default())
        .concurrency_limit(ConcurrencyLimit::new(1).queue(1));
    let session = script.session_under(builder).unwrap();
    let call = |session: Session| {
        tokio::spawn(async move { session.execute(Statement::new("SELECT 1").label("any")).await })
    };
    let calls = [call(session.clone()), call(session.clone())];
    tokio::task::yield_now().await;
    session
        .execute(Statement::new("SELECT 1").label("any"))
        .await
        .unwrap_err();
    let page = StatusPage::new(session.clone());
    let seen = json(&page).await;
    let limit = &seen["concurrency"];
    assert_eq!(
        (&limit["active"], &limit["queued"]),
        (&1.into(), &1.into()),
        "{limit}"
    );
    assert_eq!(limit["rejected"]["queue_full"], 1);
    assert_eq!(
        (&seen["session"]["running"], &seen["requests"]["rejected"]),
        (&2.into(), &1.into())
    );
    calls.iter().for_each(tokio::task::JoinHandle::abort);
    advance(Duration::from_secs(1)).await;
    let seen = json(&page).await;
    assert_eq!(
        (&seen["concurrency"]["active"], &seen["session"]["running"]),
        (&0.into(), &0.into())
    );
    assert_eq!(seen["requests"]["cancelled"], 2);
}

#[tokio::test(start_paused = true)]
async fn the_retry_budget_shows_what_is_used_of_it() {
    let script = Script::new().expect(
        Expect::label("any")
            .reply(error(ErrorKind::Overloaded))
            .reply(Reply::empty()),
    );
    let builder = ClusterBuilder::new()
        .no_metrics()
        .retry(RetryPolicy::default())
        .resend_overloaded(true);
    let session = script.session_under(builder).unwrap();
    let response = session
        .execute(Statement::new("SELECT 1").label("any"))
        .await
        .unwrap();
    assert_eq!(response.attempts(), 2);
    let json = json(&StatusPage::new(session)).await;
    let budget = &json["retry_budget"];
    assert_eq!(
        (&budget["used"], &budget["allowed"], &budget["window_s"]),
        (&1.into(), &50.into(), &10.into())
    );
}
