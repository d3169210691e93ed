//! Who gets the next permit, and who is refused.

use super::*;

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
