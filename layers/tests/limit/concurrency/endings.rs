//! However a request ends, its permit or its place is free.

use super::*;

#[tokio::test]
async fn a_service_that_fails_to_get_ready_gives_the_permit_back() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1));
    log.broken.store(1, Ordering::SeqCst);
    assert_eq!(call(&service, 1).poll(), Poll::Ready(Err(Error::NotReady)));
    assert_eq!(handle.active(), 0);
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
