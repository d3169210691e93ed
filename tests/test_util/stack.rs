//! The whole stack over a script: limits, retries and timeouts are those of production.

use std::time::Duration;

use tower_cassandra::test_util::{Answer, Expect, Reply, Script};
use tower_cassandra::{
    Backoff, Batch, ClusterBuilder, ConcurrencyLimit, ErrorKind, Limit, RetryPolicy, Statement,
};

const UPDATE: &str = "UPDATE users SET name = 'Ada' WHERE id = 1";

fn builder() -> ClusterBuilder {
    let quick = Backoff::exponential(Duration::from_millis(10), Duration::from_millis(20));
    ClusterBuilder::new()
        .no_metrics()
        .retry(RetryPolicy::default().backoff(quick))
}

#[tokio::test(start_paused = true)]
async fn a_write_is_repeated_if_it_may_be() {
    let late = Expect::text(UPDATE)
        .reply(ErrorKind::WriteTimeout)
        .reply(Reply::empty());
    let script = Script::new().expect(late);
    let session = script.session_under(builder()).unwrap();
    let error = session.execute(UPDATE).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_ambiguous()),
        (ErrorKind::WriteTimeout, true)
    );
    assert_eq!(script.count(UPDATE), 1);
    script.also_expect(
        Expect::text(UPDATE)
            .reply(ErrorKind::WriteTimeout)
            .reply(Reply::empty()),
    );
    // What is left of the first expectation is the success; then it fails once and succeeds.
    session.execute(UPDATE).await.unwrap();
    let response = session
        .execute(Statement::new(UPDATE).idempotent(true))
        .await
        .unwrap();
    assert_eq!((response.attempts(), script.count(UPDATE)), (2, 4));
    script.finish().unwrap();
}

#[tokio::test(start_paused = true)]
async fn idempotence_is_inferred_if_asked_for() {
    for (on, text, calls) in [
        (true, UPDATE, 4),
        (false, UPDATE, 1),
        (true, "UPDATE users SET seen = now() WHERE id = 1", 1),
    ] {
        let script = Script::new().expect(Expect::label("any").reply(ErrorKind::WriteTimeout).any_times());
        let session = script.session_under(builder().infer_idempotence(on)).unwrap();
        session
            .execute(Statement::new(text).label("any"))
            .await
            .unwrap_err();
        assert_eq!(script.calls().len(), calls, "{on} {text}");
        let batch: Statement = Batch::logged().with(text).into();
        session.execute(batch.label("any")).await.unwrap_err();
        assert_eq!(script.calls().len(), 2 * calls, "{on} {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_hangs_is_left_at_the_attempt_limit() {
    let script = Script::new().expect(Expect::text(UPDATE).reply(Answer::never()).any_times());
    let session = script.session_under(builder().no_retry()).unwrap();
    let started = tokio::time::Instant::now();
    let error = session.execute(UPDATE).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.timeout()),
        (ErrorKind::Timeout, Some(Limit::Attempt))
    );
    let waited = started.elapsed();
    assert!(
        waited >= Duration::from_secs(3) && waited < Duration::from_secs(4),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn limits_refuse_what_is_too_much() {
    let script = Script::new().expect(Expect::text(UPDATE).reply(Answer::never()).any_times());
    let limit = ConcurrencyLimit::new(1).queue(1);
    let session = script.session_under(builder().concurrency_limit(limit)).unwrap();
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.execute(UPDATE).await.unwrap_err().kind() })
        })
        .collect();
    let mut kinds = Vec::new();
    for call in calls {
        kinds.push(call.await.unwrap());
    }
    kinds.sort_by_key(|kind| kind.label());
    assert_eq!(
        kinds,
        [ErrorKind::Rejected, ErrorKind::Timeout, ErrorKind::Timeout]
    );
}

#[test]
fn options_are_checked_as_for_a_cluster() {
    let error = Script::new()
        .session_under(builder().prepared_cache(0))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
