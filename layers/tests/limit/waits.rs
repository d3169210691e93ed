use std::time::Duration;

use tokio::time::{advance, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cassandra_layers::Call;
use tower_cassandra_layers::limit::{ConcurrencyLimit, ConcurrencyLimitLayer, RateLimit, RateLimitLayer};

use crate::recorder::Ledger;
use crate::support::{Error, Leaf, Task};

const MS: Duration = Duration::from_millis(1);

/// A figure is up to an eighth too high.
fn is_about(figure: Option<Duration>, wait: Duration) -> bool {
    figure.is_some_and(|figure| wait <= figure && figure <= wait + wait / 8)
}

#[tokio::test(start_paused = true)]
async fn waits_for_permits_are_counted_from_arrival_to_admission() {
    let layer = ConcurrencyLimitLayer::new(ConcurrencyLimit::new(1)).unwrap();
    let handle = layer.handle();
    assert_eq!((handle.waits().count(), handle.waits().quantile(0.5)), (0, None));
    let service = layer.layer(service_fn(|_: Call<()>| async {
        sleep(100 * MS).await;
        Ok::<_, Error>(())
    }));
    let mut set = tokio::task::JoinSet::new();
    // They wait for 0, 100, 200 and 300 ms, and the last one in vain.
    for _ in 0..4 {
        set.spawn(service.clone().oneshot(Call::new(())));
        tokio::task::yield_now().await;
    }
    let deadline = tokio::time::Instant::now() + 50 * MS;
    set.spawn(service.clone().oneshot(Call::new(()).with_deadline(deadline)));
    set.join_all().await;
    let waits = handle.waits();
    assert_eq!((waits.count(), waits.at_once()), (4, 1));
    assert_eq!(waits.quantile(0.25), Some(Duration::ZERO));
    assert!(is_about(waits.quantile(0.5), 100 * MS), "{waits:?}");
    assert!(is_about(waits.quantile(0.75), 200 * MS));
    assert!(is_about(waits.quantile(0.76), 300 * MS));
    assert!(is_about(waits.quantile(1.0), 300 * MS));
    assert_eq!(
        (waits.quantile(-1.0), waits.quantile(f64::NAN)),
        (Some(Duration::ZERO), Some(Duration::ZERO))
    );
    assert_eq!(waits.quantile(7.0), waits.quantile(1.0));
    assert_eq!(
        waits.buckets().map(|(_, count)| count).collect::<Vec<_>>(),
        [1, 1, 1]
    );

    service.clone().oneshot(Call::new(())).await.unwrap();
    let since = handle.waits().since(&waits);
    assert_eq!((since.count(), since.at_once()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_the_request_goes_on_and_not_when_it_could_have() {
    let layer = ConcurrencyLimitLayer::new(1).unwrap();
    let mut service = layer.layer(Leaf::new());
    let first = Task::waiting(service.call(Call::new(1)));
    let mut second = Task::waiting(service.call(Call::new(2)));
    advance(10 * MS).await;
    drop(first);
    advance(10 * MS).await;
    assert_eq!(layer.handle().waits().count(), 1);
    assert!(second.poll().is_pending());
    assert!(is_about(layer.handle().waits().quantile(1.0), 20 * MS));
}

#[tokio::test(start_paused = true)]
async fn waits_for_turns_are_counted() {
    let layer = RateLimitLayer::new(RateLimit::per_second(100).burst(2)).unwrap();
    let service = layer.layer(Leaf::fast());
    let mut set = tokio::task::JoinSet::new();
    for value in 0..6 {
        set.spawn(service.clone().oneshot(Call::new(value)));
    }
    assert!(set.join_all().await.iter().all(Result::is_ok));
    let waits = layer.handle().waits();
    assert_eq!((waits.count(), waits.at_once()), (6, 2));
    assert!(is_about(waits.quantile(0.5), 10 * MS), "{waits:?}");
    assert!(is_about(waits.quantile(1.0), 40 * MS), "{waits:?}");
}

const WAITS: &str = "cassandra_queue_wait_seconds{limit=\"concurrency\"}";
const QUEUED: &str = "cassandra_limit_queued{limit=\"concurrency\"}";
const IN_FLIGHT: &str = "cassandra_limit_in_flight{limit=\"concurrency\"}";

#[tokio::test(start_paused = true)]
async fn metrics_show_waits_and_the_length_of_the_queue() {
    let (ledger, metrics) = Ledger::metrics();
    let layer = ConcurrencyLimitLayer::new(1)
        .unwrap()
        .with_metrics(metrics.clone());
    let mut service = layer.layer(Leaf::new());
    let first = Task::waiting(service.call(Call::new(1)));
    assert_eq!(
        (ledger.gauge(QUEUED), ledger.samples(WAITS)),
        (Some(0.0), vec![]),
        "what passes at once did not wait"
    );
    let mut second = Task::waiting(service.call(Call::new(2)));
    let third = Task::waiting(service.call(Call::new(3)));
    assert_eq!(ledger.gauge(QUEUED), Some(2.0));
    assert!(second.poll().is_pending());
    assert_eq!(
        ledger.gauge(QUEUED),
        Some(2.0),
        "another poll is not another request"
    );
    drop(third);
    assert_eq!(ledger.gauge(QUEUED), Some(1.0));
    assert_eq!(ledger.gauge(IN_FLIGHT), Some(0.0), "nobody has looked");
    layer.handle().refresh_metrics();
    assert_eq!(ledger.gauge(IN_FLIGHT), Some(1.0));
    advance(30 * MS).await;
    // Switched off while it waits: it is counted out all the same, and its wait is not recorded.
    metrics.set_enabled(false);
    drop(first);
    assert!(second.poll().is_pending());
    assert_eq!((ledger.gauge(QUEUED), ledger.samples(WAITS)), (Some(0.0), vec![]));
    let mut fourth = Task::waiting(service.call(Call::new(4)));
    metrics.set_enabled(true);
    advance(20 * MS).await;
    drop(second);
    assert!(fourth.poll().is_pending());
    assert_eq!(
        (ledger.gauge(QUEUED), ledger.samples(WAITS)),
        (Some(0.0), vec![0.02])
    );
}

#[tokio::test(start_paused = true)]
async fn metrics_tell_the_limits_apart() {
    let (ledger, metrics) = Ledger::metrics();
    let layer = RateLimitLayer::new(RateLimit::per_second(100).burst(1)).unwrap();
    let mut service = layer.with_metrics(metrics).layer(Leaf::fast());
    let first = service.call(Call::new(1));
    let mut second = Task::waiting(service.call(Call::new(2)));
    let queued = || ledger.gauge("cassandra_limit_queued{limit=\"rate\"}");
    assert_eq!(queued(), Some(1.0));
    advance(10 * MS).await;
    assert!(second.poll().is_ready());
    assert_eq!(queued(), Some(0.0));
    let waits = ledger.samples("cassandra_queue_wait_seconds{limit=\"rate\"}");
    assert_eq!((waits, ledger.samples(WAITS)), (vec![0.01], vec![]));
    drop(first);
}
