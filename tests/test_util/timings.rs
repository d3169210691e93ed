//! Where the time of a request went, to the millisecond: time is paused.

use std::time::Duration;

use tower_cassandra::test_util::{Answer, Expect, Reply, Script, error};
use tower_cassandra::{
    Backoff, ClusterBuilder, ConcurrencyLimit, ErrorKind, RetryPolicy, Session, Statement, Timings,
};

const SELECT: &str = "SELECT name FROM users";

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Pauses of 100 ms, one call at a time.
fn session(script: &Script) -> Session {
    let pauses = Backoff::exponential(ms(100), ms(100)).without_jitter();
    let builder = ClusterBuilder::new()
        .no_metrics()
        .retry(RetryPolicy::default().backoff(pauses))
        .concurrency_limit(ConcurrencyLimit::new(1));
    script.session_under(builder).unwrap()
}

fn failing(after: u64) -> Answer {
    Answer::from(error(ErrorKind::Overloaded)).after(ms(after))
}

fn parts(timings: &Timings) -> [Duration; 4] {
    [
        timings.prepare_wait(),
        timings.queue_wait(),
        timings.back_off(),
        timings.in_attempts(),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_response_tells_queue_back_off_and_attempts() {
    let answers = Expect::text(SELECT)
        .reply(Answer::from(Reply::empty()).after(ms(30)))
        .reply(failing(5))
        .reply(failing(7))
        .reply(Answer::from(Reply::empty()).after(ms(9)));
    let script = Script::new().expect(answers);
    let session = session(&script);
    let (first, second) = tokio::join!(session.execute(SELECT), session.execute(SELECT));
    let (first, second) = (first.unwrap().timings(), second.unwrap().timings());
    assert_eq!(parts(&first), [ms(0), ms(0), ms(0), ms(30)]);
    assert_eq!(first.attempt_count(), 1);
    // It waited for the first one; then it was tried three times, with a pause before the second and the third.
    assert_eq!(parts(&second), [ms(0), ms(30), ms(200), ms(21)]);
    let tries: Vec<_> = second
        .attempts()
        .iter()
        .map(|it| (it.pause, it.elapsed, it.error))
        .collect();
    let failed = Some(ErrorKind::Overloaded);
    assert_eq!(
        tries,
        [
            (ms(0), ms(5), failed),
            (ms(100), ms(7), failed),
            (ms(100), ms(9), None)
        ]
    );
    assert_eq!(second.total(), ms(251));
    assert!(second.to_string().starts_with("queued 30ms; 5ms ("), "{second}");
    script.finish().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_error_tells_the_same() {
    let answers = Expect::text(SELECT)
        .reply(Answer::from(Reply::empty()).after(ms(30)))
        .reply(failing(5))
        .times(5);
    let script = Script::new().expect(answers);
    let session = session(&script);
    let (first, second) = tokio::join!(session.execute(SELECT), session.execute(SELECT));
    first.unwrap();
    let error = second.unwrap_err();
    let timings = error.timings();
    assert_eq!(parts(&timings), [ms(0), ms(30), ms(300), ms(20)]);
    assert_eq!(timings.attempt_count(), 4);
    assert_eq!(error.attempts()[3].pause(), ms(100));
}

#[tokio::test(start_paused = true)]
async fn what_ends_in_the_queue_has_waited_there_all_the_time() {
    let script = Script::new().expect(Expect::text(SELECT).reply(Answer::never()).any_times());
    let session = session(&script);
    let holds = session.execute(
        Statement::new(SELECT)
            .attempt_timeout(ms(2_000))
            .idempotent(false),
    );
    let waits = session.execute(Statement::new(SELECT).timeout(ms(500)));
    let (_, waits) = tokio::join!(holds, waits);
    let error = waits.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(parts(&error.timings()), [ms(0), ms(500), ms(0), ms(0)]);
}

#[tokio::test(start_paused = true)]
async fn the_pages_of_an_operation_are_added_up() {
    let page = |more: bool, after| {
        let reply = Reply::rows([("name", "text")]).row(("Ada",));
        Answer::from(if more { reply.more("next") } else { reply }).after(ms(after))
    };
    let answers = Expect::text(SELECT)
        .reply(page(true, 10))
        .reply(failing(1))
        .reply(page(false, 20));
    let script = Script::new().expect(answers);
    let timings = session(&script).execute(SELECT).await.unwrap().timings();
    assert_eq!(parts(&timings), [ms(0), ms(0), ms(100), ms(31)]);
    assert_eq!(timings.attempt_count(), 3);
}
