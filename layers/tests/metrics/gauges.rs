//! What is shown from time to time: limits, budget, caches, streams, states of nodes, and nodes that are gone.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::advance;
use tower_cassandra_layers::classify::classify_fn;
use tower_cassandra_layers::health::{HealthSettings, Table};
use tower_cassandra_layers::limit::{ConcurrencyLimitLayer, RateLimit, RateLimitLayer};
use tower_cassandra_layers::metrics::{CacheFigures, FORGET_AFTER, MAX_HOSTS, Metrics, Upkeep};
use tower_cassandra_layers::retry::{RetryLayer, RetryPolicy};
use tower_cassandra_layers::{NodeId, Outcome};

use crate::support::Ledger;

#[test]
fn limits_and_budget_are_shown_when_somebody_looks() {
    let (ledger, metrics) = Ledger::metrics();
    let concurrency = ConcurrencyLimitLayer::new(64)
        .unwrap()
        .with_metrics(metrics.clone());
    let rate = RateLimit::per(30, Duration::from_secs(60));
    let rate = RateLimitLayer::new(rate).unwrap().with_metrics(metrics.clone());
    let judge = classify_fn(|_: Result<&(), &()>| Outcome::Success);
    let policy = RetryPolicy::default().budget_of(7, 20);
    let retry = RetryLayer::new(policy, judge).unwrap().with_metrics(metrics);
    concurrency.handle().refresh_metrics();
    rate.handle().refresh_metrics();
    retry.refresh_metrics();
    let max = |limit| {
        ledger
            .gauge(&format!(r#"cassandra_limit_max{{limit="{limit}"}}"#))
            .unwrap()
    };
    assert_eq!((max("concurrency"), max("rate")), (64.0, 0.5));
    assert_eq!(ledger.gauge("cassandra_retry_budget_left"), Some(7.0));
    concurrency.handle().set_limit(8).unwrap();
    concurrency.handle().refresh_metrics();
    assert_eq!(max("concurrency"), 8.0);
}

#[test]
fn two_caches_add_up_and_one_that_goes_takes_its_entries_along() {
    let (ledger, metrics) = Ledger::metrics();
    let (mut one, mut two) = (metrics.prepared_cache(), metrics.prepared_cache());
    let figures = |entries, hits| CacheFigures {
        entries,
        capacity: 128,
        hits,
        shared: 1,
        misses: 2,
        evictions: 3,
    };
    one.show(figures(5, 10));
    two.show(figures(7, 100));
    one.show(figures(4, 11));
    let gauges = || {
        ["entries", "capacity"].map(|name| ledger.gauge(&format!("cassandra_prepared_cache_{name}")).unwrap())
    };
    let lookups = |outcome| {
        ledger.count(&format!(
            r#"cassandra_prepared_cache_lookups_total{{outcome="{outcome}"}}"#
        ))
    };
    assert_eq!(gauges(), [11.0, 256.0]);
    assert_eq!(["hit", "shared", "miss"].map(lookups), [111, 2, 4]);
    assert_eq!(ledger.count("cassandra_prepared_cache_evictions_total"), 6);
    drop(two);
    assert_eq!(gauges(), [4.0, 128.0]);
    assert_eq!(lookups("hit"), 111);
}

#[test]
fn streams_are_open_until_they_are_dropped() {
    let (ledger, metrics) = Ledger::metrics();
    let open = || ledger.gauge("cassandra_streams_open").unwrap();
    let streams = metrics.streams();
    let stream = streams.open().unwrap();
    stream.metrics().page(100, 4_000);
    stream.metrics().page(1, 40);
    assert_eq!(open(), 1.0);
    metrics.set_enabled(false);
    assert!(streams.open().is_none());
    drop(stream);
    assert_eq!(open(), 0.0);
    let counts = ["pages", "rows", "bytes"].map(|of| ledger.count(&format!("cassandra_stream_{of}_total")));
    assert_eq!(counts, [2, 101, 4_040]);
}

#[test]
fn a_node_is_in_one_state_at_a_time() {
    let (ledger, metrics) = Ledger::metrics();
    let node = metrics.node("h");
    let shown = || {
        let states = ["healthy", "stalled", "ejected", "full", "down", "unknown"];
        let gauge = |state: &&str| {
            let series = format!(r#"cassandra_node_state{{host="h",state="{state}"}}"#);
            ledger.gauge(&series).unwrap() == 1.0
        };
        states.into_iter().filter(gauge).collect::<Vec<_>>()
    };
    assert!(shown().is_empty());
    for state in ["healthy", "down", "down", "stalled"] {
        node.set_state(state);
        assert_eq!(shown(), [state]);
    }
    node.retire();
    assert!(shown().is_empty());
}

#[tokio::test]
async fn a_table_shows_the_states_of_its_nodes() {
    let (ledger, metrics) = Ledger::metrics();
    let table = Table::new(HealthSettings::default())
        .unwrap()
        .with_metrics(metrics);
    table.replace([table.endpoint(NodeId(1), "h", ())]);
    table.refresh_metrics();
    let healthy = || ledger.gauge(r#"cassandra_node_state{host="h",state="healthy"}"#);
    assert_eq!(healthy(), Some(1.0));
    table.close();
    assert_eq!(healthy(), Some(0.0));
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Upkeep for Notes {
    fn run(&self) {
        self.0.lock().unwrap().push("run".to_owned());
        panic!("and that does no harm");
    }
    fn forget_node(&self, client: Option<&str>, host: &str) {
        self.0.lock().unwrap().push(format!("forget {client:?} {host}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_gone_for_ten_minutes_is_forgotten_and_makes_place() {
    let notes = Arc::new(Notes::default());
    let ledger = Arc::new(Ledger::default());
    let metrics = Metrics::builder()
        .recorder(ledger.clone())
        .client("orders")
        .upkeep(notes.clone())
        .build()
        .unwrap();
    let taken = || std::mem::take(&mut *notes.0.lock().unwrap());
    for n in 0..MAX_HOSTS {
        let _ = metrics.node(&format!("h{n}"));
    }
    metrics.node("h1").retire();
    metrics.node("h2").retire();
    // Another session with the same metrics goes on with it.
    let shared = metrics.node("h3");
    shared.retire();
    shared.set_state("healthy");
    advance(FORGET_AFTER - Duration::from_secs(1)).await;
    metrics.run_upkeep();
    assert_eq!(taken(), ["run"]);
    assert_eq!(metrics.node("late").host(), "other");
    // One of them comes back in the last moment.
    metrics.node("h2").set_healthy(true);
    advance(Duration::from_secs(1)).await;
    metrics.run_upkeep();
    assert_eq!(taken(), [r#"forget Some("orders") h1"#, "run"]);
    assert_eq!(metrics.recording_failures(), 2);
    assert_eq!(metrics.node("new").host(), "new");
    assert_eq!(metrics.node("late").host(), "other");
}
