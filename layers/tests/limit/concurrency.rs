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

use crate::support::{Error, Leaf, Log, Random, Task, assert_send_sync, full};

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
async fn a_service_that_fails_to_get_ready_gives_the_permit_back() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1));
    log.broken.store(1, Ordering::SeqCst);
    assert_eq!(call(&service, 1).poll(), Poll::Ready(Err(Error::NotReady)));
    assert_eq!(handle.active(), 0);
}

#[tokio::test]
async fn service_is_in_order_of_arrival() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1));
    let mut tasks: Vec<_> = (0..6).map(|value| call(&service, value)).collect();
    for task in &mut tasks {
        assert!(task.poll().is_pending());
    }
    assert_eq!((handle.active(), handle.queued()), (1, 5));
    for n in 0..6 {
        log.answer(1);
        // The last ones first: the order of polls must not matter.
        for task in tasks[n..].iter_mut().rev() {
            let _ = task.poll();
        }
        let expected: Vec<u32> = (0..=(n as u32 + 1).min(5)).collect();
        for task in &mut tasks[n + 1..] {
            let _ = task.poll();
        }
        assert_eq!(log.started(), expected);
    }
    assert_eq!(log.most(), 1);
    assert_eq!((handle.active(), handle.queued(), handle.admitted()), (0, 0, 6));
}

#[tokio::test]
async fn a_newcomer_does_not_overtake_a_granted_or_waiting_request() {
    let (service, log, _) = limited(ConcurrencyLimit::new(1));
    let mut first = Task::waiting(service.clone().call(Call::new(1)));
    let mut second = Task::waiting(service.clone().call(Call::new(2)));
    log.answer(1);
    assert!(answered(first.poll()));
    assert_eq!(second.wakes(), 1);
    let mut third = Task::waiting(service.clone().call(Call::new(3)));
    assert_eq!(log.started(), [1]);
    assert!(second.poll().is_pending());
    assert!(third.poll().is_pending());
    assert_eq!(log.started(), [1, 2]);
}

#[tokio::test]
async fn a_full_queue_rejects_at_once() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(2).queue(3));
    let mut tasks: Vec<_> = (0..5).map(|value| call(&service, value)).collect();
    assert!(tasks.iter_mut().all(|task| task.poll().is_pending()));
    for value in 5..8 {
        assert_eq!(
            reason(call(&service, value).poll()),
            Some(Reason::ConcurrencyQueueFull)
        );
    }
    assert_eq!((handle.queued(), handle.rejected().queue_full), (3, 3));
    drop(tasks.pop());
    assert!(call(&service, 8).poll().is_pending());
    assert_eq!(log.started(), [0, 1]);
}

#[tokio::test]
async fn without_a_queue_what_cannot_run_is_rejected() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1).queue(0));
    let mut first = Task::waiting(service.clone().call(Call::new(1)));
    assert_eq!(
        reason(call(&service, 2).poll()),
        Some(Reason::ConcurrencyQueueFull)
    );
    log.answer(1);
    assert!(answered(first.poll()));
    assert!(call(&service, 3).poll().is_pending());
    assert_eq!(handle.rejected().total(), 1);
}

#[tokio::test]
async fn a_future_dropped_before_its_first_poll_gives_its_permit_back_and_never_queued() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1));
    let called = call(&service, 1);
    assert_eq!(
        (handle.active(), log.started()),
        (1, vec![1]),
        "it found a permit when it was called"
    );
    drop(called);
    assert_eq!((handle.active(), handle.queued(), handle.admitted()), (0, 0, 1));
    let _first = Task::waiting(service.clone().call(Call::new(2)));
    drop(call(&service, 3));
    assert_eq!((handle.active(), handle.queued()), (1, 0));
}

#[tokio::test]
async fn a_cancelled_waiter_leaves_at_once_and_is_not_woken_for() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1).queue(2));
    let mut first = Task::waiting(service.clone().call(Call::new(1)));
    let second = Task::waiting(service.clone().call(Call::new(2)));
    let mut third = Task::waiting(service.clone().call(Call::new(3)));
    drop(second);
    assert_eq!((handle.queued(), third.wakes()), (1, 0));
    log.answer(1);
    assert!(answered(first.poll()));
    assert_eq!(third.wakes(), 1);
    assert!(third.poll().is_pending());
    assert_eq!(log.started(), [1, 3]);
}

#[tokio::test]
async fn a_grant_to_a_waiter_that_is_dropped_goes_to_the_next() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1));
    let mut first = Task::waiting(service.clone().call(Call::new(1)));
    let second = Task::waiting(service.clone().call(Call::new(2)));
    let mut third = Task::waiting(service.clone().call(Call::new(3)));
    log.answer(1);
    assert!(answered(first.poll()));
    assert_eq!((second.wakes(), third.wakes()), (1, 0));
    drop(second);
    assert_eq!(third.wakes(), 1);
    assert!(third.poll().is_pending());
    assert_eq!(log.started(), [1, 3]);
    drop(third);
    assert_eq!((handle.active(), handle.queued(), handle.admitted()), (0, 0, 2));
}

#[tokio::test]
async fn a_waiter_that_nobody_polls_holds_up_only_its_own_share() {
    let (service, log, _) = limited(ConcurrencyLimit::new(2));
    let mut under_way: Vec<_> = (0..2).map(|value| call(&service, value)).collect();
    assert!(under_way.iter_mut().all(|task| task.poll().is_pending()));
    let _forgotten = Task::waiting(service.clone().call(Call::new(2)));
    let mut last = Task::waiting(service.clone().call(Call::new(3)));
    log.answer(2);
    assert!(under_way.iter_mut().all(|task| answered(task.poll())));
    assert_eq!(last.wakes(), 1);
    assert!(last.poll().is_pending());
    assert_eq!(log.started(), [0, 1, 3]);
}

#[tokio::test]
async fn the_permit_is_free_when_the_call_ends_even_if_its_future_lives_on() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1));
    let mut first = Task::waiting(service.clone().call(Call::new(1)));
    log.answer(1);
    assert!(answered(first.poll()));
    assert_eq!((handle.active(), log.active()), (0, 0));
    assert!(first.poll().is_pending());
    let second = Task::waiting(service.clone().call(Call::new(2)));
    drop(second);
    assert_eq!((handle.active(), log.active()), (0, 0));
}

#[tokio::test]
async fn a_panic_in_the_call_gives_the_permit_back() {
    let layer = ConcurrencyLimitLayer::new(1).unwrap();
    let service = layer.layer(service_fn(|_: Call<u32>| async {
        panic!("on purpose");
        #[allow(unreachable_code)]
        Ok::<(), Error>(())
    }));
    let task = tokio::spawn(service.oneshot(Call::new(1)));
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(layer.handle().active(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_in_the_queue_ends_the_wait() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1));
    let _first = Task::waiting(service.clone().call(Call::new(1)));
    let mut request = Call::new(2);
    request.context_mut().shorten(Deadline {
        at: Instant::now() + 50 * MS,
        limit: Limit::Call,
    });
    let begin = Instant::now();
    let error = service.clone().call(request).await.unwrap_err();
    assert_eq!(begin.elapsed(), 50 * MS);
    let Error::Elapsed(elapsed) = error else {
        panic!("{error:?}")
    };
    assert_eq!((elapsed.limit(), elapsed.applied()), (Limit::Call, Applied::No));
    assert_eq!((elapsed.waited(), elapsed.node()), (50 * MS, None));
    assert_eq!((handle.queued(), handle.rejected().elapsed), (0, 1));
    assert_eq!(log.started(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_deadline_has_passed_on_arrival_is_not_sent() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1));
    let request = Call::new(1).with_deadline(Instant::now());
    let error = service.clone().call(request).await.unwrap_err();
    assert!(matches!(error, Error::Elapsed(elapsed) if elapsed.waited() == Duration::ZERO));
    assert_eq!((handle.active(), handle.rejected().elapsed), (0, 1));
    assert_eq!(log.started(), []);
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_came_in_time_wins_over_the_clock() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1));
    let mut first = Task::waiting(service.clone().call(Call::new(1)));
    let request = Call::new(2).with_deadline(Instant::now() + MS);
    let mut second = Task::waiting(service.clone().call(request));
    log.answer(1);
    assert!(answered(first.poll()));
    advance(MS).await;
    assert!(second.poll().is_pending());
    assert_eq!((log.started(), handle.rejected().total()), (vec![1, 2], 0));
}

#[tokio::test]
async fn weight_zero_passes_and_is_not_counted() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1).queue(0));
    let _first = Task::waiting(service.clone().call(Call::new(1)));
    let mut probe = weighted(&service, 2, 0);
    assert!(probe.poll().is_pending());
    assert_eq!(log.started(), [1, 2]);
    assert_eq!((handle.active(), handle.admitted()), (1, 1));
    drop(probe);
    assert_eq!(handle.active(), 1);
}

#[tokio::test]
async fn a_request_heavier_than_the_limit_is_rejected() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(4));
    assert_eq!(reason(weighted(&service, 1, 5).poll()), Some(Reason::TooHeavy));
    assert!(weighted(&service, 2, 4).poll().is_pending());
    assert_eq!((log.started(), handle.rejected().too_heavy), (vec![2], 1));
}

#[tokio::test]
async fn a_heavy_request_at_the_front_waits_for_all_it_needs_and_light_ones_behind_it() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(3));
    let mut light: Vec<_> = (0..3).map(|value| call(&service, value)).collect();
    assert!(light.iter_mut().all(|task| task.poll().is_pending()));
    let mut heavy = weighted(&service, 10, 2);
    assert!(heavy.poll().is_pending());
    let mut behind = Task::waiting(service.clone().call(Call::new(11)));
    log.answer(1);
    assert!(answered(light[0].poll()));
    assert_eq!((heavy.wakes(), behind.wakes(), handle.active()), (0, 0, 2));
    log.answer(1);
    assert!(answered(light[1].poll()));
    assert_eq!((heavy.wakes(), behind.wakes(), handle.active()), (1, 0, 3));
    assert!(heavy.poll().is_pending());
    drop(heavy);
    assert_eq!((behind.wakes(), handle.active()), (1, 2));
    assert!(behind.poll().is_pending());
    assert_eq!(log.started(), [0, 1, 2, 10, 11]);
}

#[tokio::test]
async fn when_a_heavy_waiter_goes_the_light_one_behind_it_is_admitted() {
    let (service, log, _) = limited(ConcurrencyLimit::new(2));
    let _first = Task::waiting(service.clone().call(Call::new(1)));
    let mut heavy = weighted(&service, 2, 2);
    assert!(heavy.poll().is_pending());
    let mut light = Task::waiting(service.clone().call(Call::new(3)));
    drop(heavy);
    assert_eq!(light.wakes(), 1);
    assert!(light.poll().is_pending());
    assert_eq!(log.started(), [1, 3]);
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
async fn one_release_wakes_one_waiter_once() {
    let (service, log, _) = limited(ConcurrencyLimit::new(1));
    let mut first = Task::waiting(service.clone().call(Call::new(0)));
    let mut waiters: Vec<_> = (1..100)
        .map(|value| Task::waiting(service.clone().call(Call::new(value))))
        .collect();
    for n in 0..98 {
        log.answer(1);
        assert!(answered(if n == 0 {
            first.poll()
        } else {
            waiters[n - 1].poll()
        }));
        assert_eq!(waiters[n..].iter().map(Task::wakes).sum::<usize>(), 1);
        assert!(waiters[n].poll().is_pending());
    }
}

#[tokio::test]
async fn the_waker_of_the_newest_poll_is_the_one_that_is_woken() {
    let (service, log, _) = limited(ConcurrencyLimit::new(1));
    let mut first = Task::waiting(service.clone().call(Call::new(1)));
    let mut second = Task::waiting(service.clone().call(Call::new(2))).moved();
    assert!(second.poll().is_pending());
    log.answer(1);
    assert!(answered(first.poll()));
    assert_eq!(second.wakes(), 1);
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

#[test]
fn a_waker_that_comes_back_to_the_limit_finds_it_unlocked() {
    // The waker owns a call of the same limit; dropping or waking it must not happen under the mutex.
    struct Owner(std::sync::Mutex<Option<Task<Future>>>);
    impl std::task::Wake for Owner {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().unwrap().take());
        }
    }
    let (service, _, handle) = limited(ConcurrencyLimit::new(1));
    let first = Task::waiting(service.clone().call(Call::new(1)));
    let waiting = || Task::waiting(service.clone().call(Call::new(2)));
    let owner = || std::task::Waker::from(Arc::new(Owner(std::sync::Mutex::new(Some(waiting())))));
    let mut second = Box::pin(service.clone().call(Call::new(3)));
    for _ in 0..3 {
        // Each poll drops the waker of the one before, and with it a waiter.
        let waker = owner();
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(std::future::Future::poll(second.as_mut(), &mut cx).is_pending());
    }
    assert_eq!(handle.queued(), 2);
    drop(first);
    drop(second);
    assert_eq!((handle.active(), handle.queued()), (0, 0));
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
