//! Requests that leave the queue without having been called.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_future_dropped_before_its_first_poll_has_used_its_turn_or_never_queued() {
    let (service, log, handle) = limited(slow());
    drop(call(&service, 0));
    assert_eq!(
        (handle.admitted(), log.started()),
        (1, vec![0]),
        "it had its turn when it was called"
    );
    drop(call(&service, 1));
    assert_eq!((handle.queued(), handle.admitted()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn those_behind_a_cancelled_waiter_move_up() {
    let (service, log, handle) = limited(slow());
    let begin = Instant::now();
    assert!(answered(call(&service, 0).poll()));
    let (first, second) = (waiting(&service, 1), waiting(&service, 2));
    let rest: Vec<_> = (3..6)
        .map(|value| tokio::spawn(service.clone().oneshot(Call::new(value))))
        .collect();
    tokio::task::yield_now().await;
    drop(second);
    assert_eq!(handle.queued(), 4);
    drop(first);
    assert_eq!(handle.queued(), 3);
    for task in rest {
        task.await.unwrap().unwrap();
    }
    let times: Vec<_> = log.times().iter().map(|at| (*at - begin).as_millis()).collect();
    assert_eq!((log.started(), times), (vec![0, 3, 4, 5], vec![0, 10, 20, 30]));
}

#[tokio::test(start_paused = true)]
async fn only_the_one_that_comes_to_the_front_is_woken_when_a_waiter_leaves() {
    let (service, _, _) = limited(slow());
    assert!(answered(call(&service, 0).poll()));
    let mut tasks: Vec<_> = (1..6).map(|value| waiting(&service, value)).collect();
    drop(tasks.remove(1));
    assert_eq!(tasks.iter().map(Task::wakes).collect::<Vec<_>>(), [0, 0, 0, 0]);
    drop(tasks.remove(0));
    assert_eq!(tasks.iter().map(Task::wakes).collect::<Vec<_>>(), [1, 0, 0]);
    // Polled or not, it is not woken again for the same reason.
    drop(tasks.remove(1));
    assert_eq!(tasks.iter().map(Task::wakes).collect::<Vec<_>>(), [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_turn_granted_to_a_waiter_that_is_dropped_goes_to_the_next() {
    let (service, log, handle) = limited(slow());
    assert!(answered(call(&service, 0).poll()));
    let (first, mut second) = (waiting(&service, 1), waiting(&service, 2));
    advance(10 * MS).await;
    // This one's arrival grants the first its turn.
    let _third = waiting(&service, 3);
    assert_eq!(handle.queued(), 2);
    drop(first);
    assert_eq!(second.wakes(), 1);
    assert!(answered(second.poll()));
    assert_eq!((log.started(), handle.admitted()), (vec![0, 2], 2));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_nobody_polls_holds_up_only_its_own_turn() {
    let (service, log, _) = limited(slow().burst(2));
    let begin = Instant::now();
    assert!(answered(weighted(&service, 0, 2).poll()));
    let _forgotten = waiting(&service, 1);
    service.clone().oneshot(Call::new(2)).await.unwrap();
    assert_eq!((log.started(), begin.elapsed()), (vec![0, 2], 20 * MS));
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_turn_is_after_its_deadline_is_refused_on_arrival() {
    let (service, log, handle) = limited(slow());
    assert!(answered(call(&service, 0).poll()));
    let first = tokio::spawn(service.clone().oneshot(Call::new(1)));
    let second = tokio::spawn(service.clone().oneshot(Call::new(2)));
    tokio::task::yield_now().await;
    let begin = Instant::now();
    let late = Call::new(3).with_deadline(begin + 30 * MS);
    let error = service.clone().oneshot(late).await.unwrap_err();
    assert_eq!(begin.elapsed(), Duration::ZERO);
    let Error::Elapsed(elapsed) = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (elapsed.limit(), elapsed.applied()),
        (Limit::Deadline, Applied::No)
    );
    assert_eq!((handle.queued(), handle.rejected().elapsed), (2, 1));
    let in_time = Call::new(4).with_deadline(begin + 31 * MS);
    service.clone().oneshot(in_time).await.unwrap();
    assert_eq!((begin.elapsed(), log.started()), (30 * MS, vec![0, 1, 2, 4]));
    assert!(first.await.unwrap().is_ok() && second.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_deadline_has_passed_on_arrival_is_not_sent() {
    let (service, log, handle) = limited(slow());
    let error = service
        .clone()
        .oneshot(Call::new(0).with_deadline(Instant::now()))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Elapsed(_)));
    assert_eq!((log.started(), handle.rejected().elapsed), (vec![], 1));
    assert!(answered(call(&service, 1).poll()));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_in_the_queue_ends_the_wait() {
    let (service, log, handle) = limited(slow());
    let begin = Instant::now();
    assert!(answered(call(&service, 0).poll()));
    let task = tokio::spawn(
        service
            .clone()
            .oneshot(Call::new(1).with_deadline(begin + 15 * MS)),
    );
    tokio::task::yield_now().await;
    // Only a change of the rate can put off a turn that was in time on arrival.
    handle.set_rate(1, Duration::from_secs(1)).unwrap();
    let error = task.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Elapsed(elapsed) if elapsed.waited() == 15 * MS));
    assert_eq!(begin.elapsed(), 15 * MS);
    assert_eq!(
        (log.started(), handle.queued(), handle.rejected().elapsed),
        (vec![0], 0, 1)
    );
}
