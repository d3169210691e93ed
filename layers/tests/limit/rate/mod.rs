mod changes;
mod endings;
mod queue;

use crate::support::{Error, Leaf, Log, Random, Task, assert_send_sync, full};
use std::future::Future as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, advance, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cassandra_layers::limit::rate::ResponseFuture;
use tower_cassandra_layers::limit::{
    RateLimit, RateLimitHandle, RateLimitLayer, RateLimited, Reason, Rejections,
};
use tower_cassandra_layers::{Applied, Call, Limit};

type Limited = RateLimited<Leaf>;

type Future = ResponseFuture<Leaf, Call<u32>>;

const MS: Duration = Duration::from_millis(1);

/// One turn every 10 ms.
fn slow() -> RateLimit {
    RateLimit::per_second(100).burst(1)
}

fn limited(limit: RateLimit) -> (Limited, Arc<Log>, RateLimitHandle) {
    let leaf = Leaf::fast();
    let log = Arc::clone(&leaf.log);
    let layer = RateLimitLayer::new(limit).unwrap();
    (layer.layer(leaf), log, layer.handle())
}

fn call(service: &Limited, value: u32) -> Task<Future> {
    weighted(service, value, 1)
}

fn weighted(service: &Limited, value: u32, weight: u32) -> Task<Future> {
    Task::new(service.clone().call(Call::new(value).with_weight(weight)))
}

fn waiting(service: &Limited, value: u32) -> Task<Future> {
    Task::waiting(service.clone().call(Call::new(value)))
}

fn reason<T>(result: Poll<Result<T, Error>>) -> Option<Reason> {
    match result {
        Poll::Ready(Err(error)) => error.reason(),
        _ => None,
    }
}

fn answered<T>(result: Poll<Result<T, Error>>) -> bool {
    matches!(result, Poll::Ready(Ok(_)))
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_at_once_and_leaves_the_inner_service_alone() {
    let (mut service, log, _) = limited(slow());
    assert!(answered(call(&service, 1).poll()));
    log.broken.store(1, Ordering::SeqCst);
    service.ready().await.unwrap();
    assert_eq!(log.readied.load(Ordering::SeqCst), 1);
    let failed = service.call(Call::new(2)).await;
    assert_eq!(failed, Err(Error::NotReady));
}

#[tokio::test(start_paused = true)]
async fn services_and_clones_of_one_layer_value_share_and_two_values_do_not() {
    let layer = RateLimitLayer::new(slow()).unwrap();
    let (a, b) = (layer.layer(Leaf::fast()), layer.clone().layer(Leaf::fast()));
    assert!(answered(call(&a, 1).poll()));
    assert!(call(&b.clone(), 2).poll().is_pending());
    assert_eq!(layer.handle().admitted(), 1);

    let other = RateLimitLayer::new(slow()).unwrap().layer(Leaf::fast());
    assert!(answered(call(&other, 3).poll()));
}

#[test]
fn numbers_that_make_no_sense_are_errors() {
    let option = |limit: RateLimit| RateLimitLayer::new(limit).unwrap_err().option();
    assert_eq!(option(RateLimit::per_second(0)), "rate_limit");
    assert_eq!(option(RateLimit::per(1, Duration::ZERO)), "rate_limit.period");
    assert_eq!(option(RateLimit::per(1, Duration::MAX)), "rate_limit.period");
    assert_eq!(option(slow().burst(0)), "rate_limit.burst");
    assert_eq!(option(slow().queue(usize::MAX)), "rate_limit.queue");
    let error = RateLimitLayer::new(slow().burst(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`rate_limit.burst` cannot be 0: give at least 1 request"
    );
}

#[test]
fn the_default_burst_is_a_tenth_of_a_second() {
    let burst = |limit| RateLimitLayer::new(limit).unwrap().handle().limit();
    assert_eq!(
        burst(RateLimit::per_second(5000)),
        RateLimit::per_second(5000).burst(500)
    );
    assert_eq!(burst(RateLimit::per_second(3)), RateLimit::per_second(3).burst(1));
    let minute = RateLimit::per(60_000, Duration::from_secs(60));
    assert_eq!(burst(minute), minute.burst(100));
    let most = RateLimit::per(u32::MAX, Duration::from_nanos(1));
    assert_eq!(burst(most), most.burst(u32::MAX));
}

#[tokio::test]
async fn service_future_and_layer_go_anywhere() {
    let (mut service, _, handle) = limited(slow());
    let future = service.call(Call::new(1));
    assert_send_sync(&future);
    assert_send_sync(&service);
    assert_send_sync(&handle);
    let text = format!("{service:?} {handle:?} {future:?}");
    assert!(text.starts_with("RateLimited { limit: RateLimit"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_whole_rate_is_used_and_no_more() {
    for limit in [
        RateLimit::per_second(5_000),
        RateLimit::per(7_000, Duration::from_secs(3)).burst(5),
    ] {
        let (service, log, handle) = limited(limit);
        let end = Instant::now() + Duration::from_secs(10);
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..500 {
            let service = service.clone();
            set.spawn(async move {
                while service
                    .clone()
                    .oneshot(Call::new(0).with_deadline(end))
                    .await
                    .is_ok()
                {}
            });
        }
        set.join_all().await;
        let (rate, burst) = if limit == RateLimit::per_second(5_000) {
            (50_000.0, 500)
        } else {
            (70_000.0 / 3.0, 5)
        };
        let admitted = handle.admitted() as f64;
        assert!(admitted >= 0.995 * rate, "{admitted}");
        // In every window of so many admissions, by the moments in which the service was really called.
        let times = log.times();
        for window in [1, 2, burst, burst + 1, burst + 100, 2 * burst + 1000] {
            for ends in times.windows(window + 1) {
                let allowed = burst as f64 + (ends[window] - ends[0]).as_secs_f64() * rate / 10.0;
                assert!(
                    (window + 1) as f64 <= allowed + 1e-6,
                    "{window} in {:?}",
                    ends[window] - ends[0]
                );
            }
        }
    }
}

/// Random calls, deadlines and cancellations. Returns how many were rejected.
async fn storm(random: &mut Random, tasks: u64) -> Rejections {
    let layer = RateLimitLayer::new(RateLimit::per_second(20_000).burst(20).queue(30)).unwrap();
    let service = layer.layer(service_fn(|_: Call<()>| async move { Ok::<_, Error>(()) }));
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let request = Call::new(()).with_weight(random.below(22) as u32);
        let deadline = (random.below(2) == 0).then(|| Duration::from_micros(random.below(8000)));
        let (begin, give_up) = (random.below(20_000), random.below(6000));
        let service = service.clone();
        set.spawn(async move {
            sleep(Duration::from_micros(begin)).await;
            let request = match deadline {
                Some(deadline) => request.with_deadline(Instant::now() + deadline),
                None => request,
            };
            let _ = tokio::time::timeout(Duration::from_micros(give_up), service.oneshot(request)).await;
        });
    }
    while let Some(result) = set.join_next().await {
        result.unwrap();
    }
    let handle = layer.handle();
    assert_eq!(handle.queued(), 0, "{handle:?}");
    // Nothing is stuck: the heaviest possible one gets its turn as soon as the bucket is full.
    let begin = Instant::now();
    service.oneshot(Call::new(()).with_weight(20)).await.unwrap();
    assert!(begin.elapsed() <= Duration::from_secs(1));
    handle.rejected()
}

#[tokio::test(start_paused = true)]
async fn after_random_schedules_the_gauges_are_zero() {
    let mut random = Random::from_env();
    let mut causes = (0, 0, 0);
    for _ in 0..if full() { 2000 } else { 50 } {
        let rejected = storm(&mut random, 400).await;
        causes.0 += rejected.queue_full;
        causes.1 += rejected.elapsed;
        causes.2 += rejected.too_heavy;
    }
    assert!(causes.0 > 0 && causes.1 > 0 && causes.2 > 0, "{causes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_random_schedules_on_many_threads_the_gauges_are_zero() {
    let mut random = Random::from_env();
    let mut causes = (0, 0, 0);
    for _ in 0..if full() { 200 } else { 5 } {
        let rejected = storm(&mut random, 1000).await;
        causes.0 += rejected.queue_full;
        causes.1 += rejected.elapsed;
        causes.2 += rejected.too_heavy;
    }
    assert!(causes.0 > 0 && causes.1 > 0 && causes.2 > 0, "{causes:?}");
}
