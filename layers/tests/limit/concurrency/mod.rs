mod endings;
mod queue;

use crate::support::{Error, Leaf, Log, Random, Task, assert_send_sync, full};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, advance, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cassandra_layers::limit::concurrency::ResponseFuture;
use tower_cassandra_layers::limit::{
    ConcurrencyHandle, ConcurrencyLimit, ConcurrencyLimitLayer, ConcurrencyLimited, Reason, Rejections,
};
use tower_cassandra_layers::{Applied, Call, Deadline, Limit, Request};

type Limited = ConcurrencyLimited<Leaf>;

type Future = ResponseFuture<Leaf, Call<u32>>;

const MS: Duration = Duration::from_millis(1);

fn limited(limit: ConcurrencyLimit) -> (Limited, Arc<Log>, ConcurrencyHandle) {
    let leaf = Leaf::new();
    let log = Arc::clone(&leaf.log);
    let layer = ConcurrencyLimitLayer::new(limit).unwrap();
    (layer.layer(leaf), log, layer.handle())
}

fn call(service: &Limited, value: u32) -> Task<Future> {
    weighted(service, value, 1)
}

fn weighted(service: &Limited, value: u32, weight: u32) -> Task<Future> {
    Task::new(service.clone().call(Call::new(value).with_weight(weight)))
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

#[tokio::test]
async fn it_is_ready_at_once_and_leaves_the_inner_service_alone() {
    let (mut service, log, handle) = limited(ConcurrencyLimit::new(1).queue(0));
    let _under_way = {
        let mut task = call(&service, 1);
        assert!(task.poll().is_pending());
        task
    };
    log.broken.store(1, Ordering::SeqCst);
    for _ in 0..3 {
        service.ready().await.unwrap();
    }
    assert_eq!(log.readied.load(Ordering::SeqCst), 1);
    assert_eq!(handle.active(), 1);
}

#[tokio::test]
async fn the_clone_that_was_readied_is_the_one_called() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1));
    log.slow.store(2, Ordering::SeqCst);
    let mut task = Task::waiting(service.clone().call(Call::new(1)));
    // Admitted, although the service is not ready yet: the permit covers that time too.
    assert_eq!((handle.active(), log.started()), (1, vec![]));
    assert!(task.poll().is_pending());
    assert!(task.poll().is_pending());
    assert_eq!(log.started(), [1]);
    log.answer(1);
    assert!(answered(task.poll()));
    assert_eq!((handle.active(), handle.admitted()), (0, 1));
}

#[tokio::test]
async fn services_and_clones_of_one_layer_value_share_and_two_values_do_not() {
    let layer = ConcurrencyLimitLayer::new(1).unwrap();
    let (a, b) = (layer.layer(Leaf::new()), layer.clone().layer(Leaf::new()));
    let _first = Task::waiting(a.clone().call(Call::new(1)));
    let _second = Task::waiting(b.clone().call(Call::new(2)));
    assert_eq!(b.get_ref().log.started(), []);
    assert_eq!((layer.handle().active(), layer.handle().queued()), (1, 1));

    let other = ConcurrencyLimitLayer::new(1).unwrap().layer(Leaf::new());
    let _third = Task::waiting(other.clone().call(Call::new(3)));
    assert_eq!(other.get_ref().log.started(), [3]);
}

#[tokio::test]
async fn a_raised_limit_admits_waiters_and_a_lowered_one_refuses_those_too_heavy() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(4));
    let mut heavy = weighted(&service, 1, 4);
    assert!(heavy.poll().is_pending());
    let mut next = weighted(&service, 2, 3);
    assert!(next.poll().is_pending());
    let mut light = Task::waiting(service.clone().call(Call::new(3)));
    handle.set_limit(2).unwrap();
    assert_eq!(reason(next.poll()), Some(Reason::TooHeavy));
    assert!(light.poll().is_pending());
    assert_eq!((handle.limit(), handle.active(), log.started()), (2, 4, vec![1]));
    handle.set_limit(5).unwrap();
    assert_eq!(light.wakes(), 1);
    assert!(light.poll().is_pending());
    assert_eq!((handle.active(), log.started()), (5, vec![1, 3]));
    assert_eq!(handle.set_limit(0).unwrap_err().option(), "concurrency_limit");
    assert_eq!(handle.limit(), 5);
}

#[test]
fn numbers_that_make_no_sense_are_errors() {
    let error = ConcurrencyLimitLayer::new(0).unwrap_err();
    assert_eq!((error.option(), error.value()), ("concurrency_limit", "0"));
    let error = ConcurrencyLimitLayer::new(ConcurrencyLimit::new(1).queue(usize::MAX)).unwrap_err();
    assert_eq!(error.option(), "concurrency_limit.queue");
    assert!(ConcurrencyLimitLayer::new(usize::MAX).is_err());
    assert!(ConcurrencyLimitLayer::new(u32::MAX as usize).is_ok());
}

#[tokio::test]
async fn service_future_and_layer_go_anywhere() {
    let (mut service, _, handle) = limited(1.into());
    let future = service.call(Call::new(1));
    assert_send_sync(&future);
    assert_send_sync(&service);
    assert_send_sync(&handle);
    let text = format!("{service:?} {handle:?} {future:?}");
    assert!(
        text.starts_with("ConcurrencyLimited { limit: 1, inner: Leaf"),
        "{text}"
    );
}

/// Random calls, deadlines and cancellations. Returns how many were rejected.
async fn storm(random: &mut Random, tasks: u64) -> Rejections {
    let layer = ConcurrencyLimitLayer::new(ConcurrencyLimit::new(5).queue(20)).unwrap();
    let service = layer.layer(service_fn(|call: Call<u64>| async move {
        sleep(Duration::from_micros(call.value)).await;
        Ok::<_, Error>(())
    }));
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let request = Call::new(random.below(3000)).with_weight(random.below(7) as u32);
        let deadline = (random.below(2) == 0).then(|| Duration::from_micros(random.below(4000)));
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
    assert_eq!((handle.active(), handle.queued()), (0, 0), "{handle:?}");
    // All permits are really there.
    service.oneshot(Call::new(0).with_weight(5)).await.unwrap();
    handle.rejected()
}

#[tokio::test(start_paused = true)]
async fn after_random_schedules_the_gauges_are_zero() {
    let mut random = Random::from_env();
    let mut causes = (0, 0, 0);
    for _ in 0..if full() { 2000 } else { 50 } {
        let rejected = storm(&mut random, 300).await;
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
