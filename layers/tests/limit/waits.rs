use std::time::Duration;

use tokio::time::{advance, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cassandra_layers::Call;
use tower_cassandra_layers::limit::{ConcurrencyLimit, ConcurrencyLimitLayer, RateLimit, RateLimitLayer};

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
