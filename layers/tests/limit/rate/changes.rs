//! A limit that is changed while it runs.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_new_rate_holds_for_those_who_wait() {
    let (service, log, handle) = limited(slow());
    let begin = Instant::now();
    assert!(answered(call(&service, 0).poll()));
    let rest: Vec<_> = (1..4)
        .map(|value| tokio::spawn(service.clone().oneshot(Call::new(value))))
        .collect();
    tokio::task::yield_now().await;
    handle.set_rate(1000, Duration::from_secs(1)).unwrap();
    for task in rest {
        task.await.unwrap().unwrap();
    }
    let last: Vec<_> = (4..6)
        .map(|value| tokio::spawn(service.clone().oneshot(Call::new(value))))
        .collect();
    tokio::task::yield_now().await;
    handle.set_rate(10, Duration::from_secs(1)).unwrap();
    for task in last {
        task.await.unwrap().unwrap();
    }
    let times: Vec<_> = log.times().iter().map(|at| (*at - begin).as_millis()).collect();
    assert_eq!(
        (log.started(), times),
        ((0..6).collect(), vec![0, 1, 2, 3, 103, 203])
    );
    assert_eq!(handle.limit(), RateLimit::per_second(10).burst(1));
    assert_eq!(handle.set_rate(0, MS).unwrap_err().option(), "rate_limit");
}

#[tokio::test(start_paused = true)]
async fn a_new_burst_holds_at_once_and_a_lower_one_refuses_those_too_heavy() {
    let (service, log, handle) = limited(slow().burst(2));
    assert!(answered(weighted(&service, 1, 2).poll()));
    // One more at once: what is used stays used.
    handle.set_burst(3).unwrap();
    assert!(answered(call(&service, 2).poll()));
    assert!(call(&service, 3).poll().is_pending());

    let mut heavy = weighted(&service, 4, 3);
    assert!(heavy.poll().is_pending());
    let mut light = waiting(&service, 5);
    handle.set_burst(2).unwrap();
    assert_eq!(heavy.wakes(), 1);
    assert_eq!(reason(heavy.poll()), Some(Reason::TooHeavy));
    assert_eq!(reason(weighted(&service, 6, 3).poll()), Some(Reason::TooHeavy));
    assert_eq!((handle.rejected().too_heavy, handle.queued()), (2, 1));
    // All three of the old burst are used, two more make the new one.
    advance(19 * MS).await;
    assert!(light.poll().is_pending());
    advance(2 * MS).await;
    assert!(answered(light.poll()));
    assert_eq!(log.started(), [1, 2, 5]);
    assert_eq!(handle.limit(), slow().burst(2));
    assert_eq!(handle.set_burst(0).unwrap_err().option(), "rate_limit.burst");
    assert_eq!(handle.limit(), slow().burst(2));
}

#[tokio::test(start_paused = true)]
async fn a_raised_burst_admits_those_who_wait_at_once() {
    let (service, log, handle) = limited(slow());
    assert!(answered(call(&service, 1).poll()));
    let (mut second, mut third) = (waiting(&service, 2), waiting(&service, 3));
    handle.set_burst(3).unwrap();
    assert_eq!((second.wakes(), third.wakes()), (1, 1));
    assert!(answered(second.poll()) && answered(third.poll()));
    assert!(call(&service, 4).poll().is_pending());
    assert_eq!((log.started(), handle.admitted()), (vec![1, 2, 3], 3));
}

#[tokio::test(start_paused = true)]
async fn a_new_length_of_the_queue_holds_for_those_who_come() {
    let (service, _, handle) = limited(slow().queue(0));
    assert!(answered(call(&service, 1).poll()));
    let full = Some(Reason::RateQueueFull);
    assert_eq!(reason(call(&service, 2).poll()), full);
    handle.set_queue(2).unwrap();
    let (mut first, mut second) = (waiting(&service, 3), waiting(&service, 4));
    assert_eq!(reason(call(&service, 5).poll()), full);
    // Nobody who waits is sent away.
    handle.set_queue(1).unwrap();
    assert_eq!((handle.queued(), reason(call(&service, 6).poll())), (2, full));
    advance(20 * MS).await;
    assert!(answered(first.poll()));
    assert_eq!(handle.limit(), slow().queue(1));
    advance(20 * MS).await;
    assert!(answered(second.poll()));
    assert_eq!(
        handle.set_queue(usize::MAX).unwrap_err().option(),
        "rate_limit.queue"
    );
}
