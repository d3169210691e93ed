//! Whose turn comes when, and who is refused.

use super::*;

#[tokio::test(start_paused = true)]
async fn after_the_burst_turns_are_evenly_spaced_and_in_order_of_arrival() {
    let (service, log, handle) = limited(RateLimit::per_second(100).burst(3));
    let begin = Instant::now();
    let mut set = tokio::task::JoinSet::new();
    for value in 0..8 {
        set.spawn(service.clone().oneshot(Call::new(value)));
    }
    tokio::task::yield_now().await;
    assert_eq!((handle.admitted(), handle.queued()), (3, 5));
    assert!(set.join_all().await.iter().all(Result::is_ok));
    assert_eq!(log.started(), (0..8).collect::<Vec<_>>());
    let times: Vec<_> = log.times().iter().map(|at| (*at - begin).as_millis()).collect();
    assert_eq!(times, [0, 0, 0, 10, 20, 30, 40, 50]);
    assert_eq!((handle.admitted(), handle.queued()), (8, 0));
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_does_not_overtake_waiters_whose_turn_has_come() {
    let (service, log, _) = limited(slow());
    assert!(answered(call(&service, 0).poll()));
    let mut first = waiting(&service, 1);
    advance(10 * MS).await;
    let mut newcomer = waiting(&service, 2);
    assert!(answered(first.poll()));
    assert!(newcomer.poll().is_pending());
    advance(10 * MS).await;
    assert!(answered(newcomer.poll()));
    assert_eq!(log.started(), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_rejects_at_once() {
    let (service, _, handle) = limited(slow().queue(2));
    assert!(answered(call(&service, 0).poll()));
    let _waiting = [waiting(&service, 1), waiting(&service, 2)];
    assert_eq!(reason(call(&service, 3).poll()), Some(Reason::RateQueueFull));
    assert_eq!((handle.queued(), handle.rejected().queue_full), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_what_has_no_turn_is_rejected() {
    let (service, _, handle) = limited(slow().queue(0));
    assert!(answered(call(&service, 0).poll()));
    assert_eq!(reason(call(&service, 1).poll()), Some(Reason::RateQueueFull));
    advance(10 * MS).await;
    assert!(answered(call(&service, 2).poll()));
    assert_eq!(handle.rejected().total(), 1);
}

#[tokio::test(start_paused = true)]
async fn weight_zero_passes_and_is_not_counted() {
    let (service, log, handle) = limited(slow().queue(0));
    assert!(answered(call(&service, 0).poll()));
    for value in 1..5 {
        assert!(answered(weighted(&service, value, 0).poll()));
    }
    assert_eq!((log.started().len(), handle.admitted()), (5, 1));
}

#[tokio::test(start_paused = true)]
async fn a_request_heavier_than_the_burst_is_rejected() {
    let (service, log, handle) = limited(slow().burst(4));
    assert_eq!(reason(weighted(&service, 1, 5).poll()), Some(Reason::TooHeavy));
    assert!(answered(weighted(&service, 2, 4).poll()));
    assert_eq!((log.started(), handle.rejected().too_heavy), (vec![2], 1));
}

#[tokio::test(start_paused = true)]
async fn light_requests_wait_behind_a_heavy_one() {
    let (service, log, _) = limited(slow().burst(4));
    let begin = Instant::now();
    assert!(answered(weighted(&service, 0, 2).poll()));
    let mut set = tokio::task::JoinSet::new();
    set.spawn(service.clone().oneshot(Call::new(1).with_weight(4)));
    set.spawn(service.clone().oneshot(Call::new(2)));
    assert!(set.join_all().await.iter().all(Result::is_ok));
    let times: Vec<_> = log.times().iter().map(|at| (*at - begin).as_millis()).collect();
    assert_eq!((log.started(), times), (vec![0, 1, 2], vec![0, 20, 30]));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_is_polled_when_it_joins_and_when_its_turn_comes() {
    let (service, _, _) = limited(RateLimit::per_second(100).burst(2));
    let polls = Arc::new(AtomicU64::new(0));
    let mut set = tokio::task::JoinSet::new();
    for value in 0..502 {
        let mut call = Box::pin(service.clone().oneshot(Call::new(value)));
        let polls = Arc::clone(&polls);
        set.spawn(std::future::poll_fn(move |cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            call.as_mut().poll(cx)
        }));
    }
    assert!(set.join_all().await.iter().all(Result::is_ok));
    assert_eq!(polls.load(Ordering::Relaxed), 2 + 2 * 500);
}

#[tokio::test(start_paused = true)]
async fn one_that_finds_its_own_turn_come_is_not_woken_for_it() {
    let layer = RateLimitLayer::new(slow()).unwrap();
    let service = layer.layer(Leaf::new());
    let _first = waiting(&service, 1);
    let mut second = waiting(&service, 2);
    advance(10 * MS).await;
    assert_eq!(second.wakes(), 1);
    assert!(second.poll().is_pending());
    assert_eq!((service.get_ref().log.started(), second.wakes()), (vec![1, 2], 0));
}

#[tokio::test(start_paused = true)]
async fn one_that_finds_the_queue_full_is_refused_before_the_service_is_cloned() {
    let (service, log, handle) = limited(slow().queue(1));
    assert!(answered(call(&service, 1).poll()));
    let waiter = waiting(&service, 2);
    let refused = call(&service, 3);
    assert_eq!(
        handle.rejected().queue_full,
        1,
        "in `call`, not in the first poll"
    );
    drop(refused);
    // The turn of the one that waits comes, and nobody polls it: its place stays taken, the turns after it do not.
    advance(10 * MS).await;
    assert!(call(&service, 4).poll().is_ready());
    assert_eq!(handle.queued(), 0, "it was granted");
    advance(10 * MS).await;
    assert!(answered(call(&service, 5).poll()));
    drop(waiter);
    assert_eq!(log.started(), [1, 5]);
}
