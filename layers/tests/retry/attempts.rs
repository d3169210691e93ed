//! What is repeated, where, and what is told of it.

use super::*;

#[tokio::test(start_paused = true)]
async fn one_attempt_and_as_many_retries_as_the_policy_allows() {
    for retries in [0, 1, 3] {
        let inner = Strict::always(Plan::fail(fails(Applied::Maybe, Advice::Backoff)));
        let policy = exact().max_retries(retries);
        let error = send(&mut retry(policy, &inner), read()).await.unwrap_err();
        assert_eq!(inner.attempts() as u32, 1 + retries);
        assert_eq!((error.stop, error.finished), (Some(Stop::AttemptsExhausted), 1));
        let numbers: Vec<u32> = inner.seen().iter().map(|s| s.attempt.number()).collect();
        assert_eq!(numbers, (1..=1 + retries).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_be_repeated_follows_from_applied_and_idempotency_alone() {
    let unmarked = || Call::new(0);
    for (request, applied, advice, attempts) in [
        (read(), Applied::Maybe, Advice::Backoff, 4),
        (read(), Applied::Yes, Advice::Backoff, 4),
        (write(), Applied::Maybe, Advice::Backoff, 1),
        (unmarked(), Applied::Maybe, Advice::Backoff, 1),
        (unmarked(), Applied::Yes, Advice::Next, 1),
        (unmarked(), Applied::Maybe, Advice::SameOnce, 1),
        (unmarked(), Applied::Maybe, Advice::Reprepare, 1),
        (write(), Applied::No, Advice::Backoff, 4),
        (unmarked(), Applied::No, Advice::NextBackoff, 4),
        (read(), Applied::No, Advice::Never, 1),
        (read(), Applied::Maybe, Advice::Never, 1),
    ] {
        let inner = Strict::always(Plan::fail(fails(applied, advice)));
        let case = format!("{request:?} {applied:?} {advice:?}");
        let error = send(&mut retry(exact(), &inner), request).await.unwrap_err();
        assert_eq!(inner.attempts(), attempts, "{case}");
        let stop = if attempts == 1 {
            Stop::NotRetryable
        } else {
            Stop::AttemptsExhausted
        };
        assert_eq!(error.stop, Some(stop), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_are_10_20_40_milliseconds_and_the_last_error_comes_at_once() {
    for advice in [Advice::Backoff, Advice::NextBackoff] {
        let inner = Strict::always(Plan::fail(fails(Applied::No, advice)));
        let started = Instant::now();
        send(&mut retry(exact(), &inner), read()).await.unwrap_err();
        assert_eq!(times(&inner.seen()), [0, 10, 30, 70]);
        assert_eq!(started.elapsed(), ms(70));
    }
}

#[tokio::test(start_paused = true)]
async fn another_node_is_tried_at_once_the_first_time_if_there_is_one() {
    for (alternatives, expected) in [(true, [0, 0, 20, 60]), (false, [0, 10, 30, 70])] {
        let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Next)));
        let layer = RetryLayer::new(exact(), Judge { alternatives }).unwrap();
        send(&mut layer.layer(inner.clone()), read()).await.unwrap_err();
        assert_eq!(times(&inner.seen()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_node_is_asked_once_more_and_not_twice() {
    let inner = Strict::always(Plan::fail(on_node(Advice::SameOnce, NODE)));
    let error = send(&mut retry(exact(), &inner), read()).await.unwrap_err();
    let stay: Vec<_> = inner.seen().iter().map(|s| s.attempt.stay()).collect();
    assert_eq!(stay, [None, Some(NODE)]);
    assert_eq!(times(&inner.seen()), [0, 0]);
    assert_eq!(error.stop, Some(Stop::NotRetryable));
}

#[tokio::test(start_paused = true)]
async fn one_call_stays_only_once_even_with_other_failures_between() {
    let other = NodeId(8);
    let inner = Strict::failing_first([
        on_node(Advice::SameOnce, NODE),
        on_node(Advice::Next, NODE),
        on_node(Advice::SameOnce, other),
    ]);
    let error = send(&mut retry(exact(), &inner), read()).await.unwrap_err();
    let stay: Vec<_> = inner.seen().iter().map(|s| s.attempt.stay()).collect();
    assert_eq!(stay, [None, Some(NODE), None]);
    assert_eq!(error.stop, Some(Stop::NotRetryable));
}

#[tokio::test(start_paused = true)]
async fn a_stale_prepared_form_is_made_anew_once() {
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Reprepare)));
    send(&mut retry(exact(), &inner), write()).await.unwrap_err();
    let reprepare: Vec<_> = inner.seen().iter().map(|s| s.attempt.must_reprepare()).collect();
    assert_eq!(reprepare, [false, true]);
}

#[tokio::test(start_paused = true)]
async fn nodes_that_failed_are_remembered_for_the_next_attempts() {
    let node = |n| on_node(Advice::NextBackoff, NodeId(n));
    let inner = Strict::failing_first([node(1), node(2), node(1), node(3)]);
    let answer = send(&mut retry(exact().max_retries(4), &inner), read())
        .await
        .unwrap();
    assert_eq!(answer.attempts, 5);
    let tried: Vec<Vec<u128>> = inner
        .seen()
        .iter()
        .map(|s| (1..=4).filter(|n| s.attempt.has_tried(NodeId(*n))).collect())
        .collect();
    assert_eq!(tried, [vec![], vec![1], vec![1, 2], vec![1, 2], vec![1, 2, 3]]);
}

#[tokio::test(start_paused = true)]
async fn a_success_is_told_its_number_of_attempts() {
    let inner = Strict::failing_first([fails(Applied::No, Advice::Next), fails(Applied::No, Advice::Next)]);
    let mut service = retry(exact(), &inner);
    assert_eq!(send(&mut service, read()).await.unwrap().attempts, 3);
    let inner = Strict::always(Plan::answer(ms(1)));
    assert_eq!(
        send(&mut retry(exact(), &inner), read()).await.unwrap().attempts,
        1
    );
}

#[tokio::test(start_paused = true)]
async fn each_failure_is_accumulated_with_its_figures() {
    let failing = |n: u64| {
        let advice = if n == 3 { Advice::Never } else { Advice::Backoff };
        Plan::fail(on_node(advice, NodeId(u128::from(n)))).after(ms(n))
    };
    let inner = Strict::new(move |seen| failing(u64::from(seen.attempt.number())));
    let error = send(&mut retry(exact(), &inner), read()).await.unwrap_err();
    let figures: Vec<_> = error
        .history
        .iter()
        .map(|f| (f.number, f.node, f.elapsed, f.failure.advice))
        .collect();
    let expected = [
        (1, Some(NodeId(1)), ms(1), Advice::Backoff),
        (2, Some(NodeId(2)), ms(2), Advice::Backoff),
        (3, Some(NodeId(3)), ms(3), Advice::Never),
    ];
    assert_eq!(figures, expected);
    assert_eq!((error.stop, error.finished), (Some(Stop::NotRetryable), 1));
}

#[tokio::test(start_paused = true)]
async fn a_repetition_is_the_same_request() {
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Next)));
    let request = Call::new(42).with_call_limit(OwnLimit::Of(ms(5_000)));
    let mut service = TimeoutLayer::call(ms(1)).unwrap().layer(retry(exact(), &inner));
    send(&mut service, request).await.unwrap_err();
    let deadlines: Vec<_> = inner.seen().iter().map(|s| s.deadline).collect();
    assert!(deadlines.iter().all(|d| d.is_some() && *d == deadlines[0]));
    assert!(inner.seen().iter().all(|s| s.value == 42));
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_repeated_once_after_a_pause_is_repeated_once() {
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::BackoffOnce)));
    let started = Instant::now();
    let error = send(&mut retry(exact(), &inner), write()).await.unwrap_err();
    assert_eq!((inner.attempts(), error.stop), (2, Some(Stop::NotRetryable)));
    assert!(started.elapsed() >= Duration::from_millis(10));
}
