use std::error::Error as _;
use std::time::Duration;

use tower_cassandra_layers::classify::{AttemptFigures, Stop};
use tower_cassandra_layers::limit::Reason;
use tower_cassandra_layers::{Advice, Applied, Limit, NodeId};
use uuid::Uuid;

use super::*;
use crate::error::ErrorKind;

/// What a retry makes of these attempts, on nodes 1, 2 and so on.
fn retried(nature: Nature, errors: Vec<Error>) -> Error {
    let mut all = None;
    for (number, error) in (1..).zip(errors) {
        let figures = AttemptFigures {
            number,
            node: Some(NodeId(number.into())),
            queued: std::time::Duration::ZERO,
            pause: std::time::Duration::ZERO,
            elapsed: Duration::from_millis(number.into()),
            failure: error.judge(nature),
        };
        all = Some(Error::accumulate(all, error.judged(nature), &figures));
    }
    all.unwrap()
}

fn reset() -> Error {
    error(broken(BrokenConnectionErrorKind::WriteError(io_error())))
}
fn no_connection() -> Error {
    error(pool_broken().into())
}
fn too_few() -> Error {
    error(db(unavailable()))
}

#[test]
fn the_last_answer_of_a_server_wins_over_trouble_with_connections() {
    for trouble in [reset, no_connection, || {
        Error::timed_out(Limit::Attempt, Applied::Maybe)
    }] {
        let error = retried(Nature::Write, vec![too_few(), trouble()]);
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.node(), Some(Uuid::from_u128(1)), "the node that answered");
        assert_eq!(error.alive(), Some(1));
        let error = retried(Nature::Write, vec![trouble(), too_few()]);
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.node(), Some(Uuid::from_u128(2)));
    }
    let error = retried(
        Nature::Write,
        vec![too_few(), self::error(db(DbError::Overloaded)), reset()],
    );
    assert_eq!(
        error.kind(),
        ErrorKind::Overloaded,
        "the last answer, not the first"
    );
    let error = retried(Nature::Write, vec![too_few(), Error::rejected(Reason::NodesFull)]);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let error = retried(Nature::Write, vec![too_few(), Error::closed(Applied::Maybe)]);
    assert_eq!(
        error.kind(),
        ErrorKind::Closed,
        "no trouble of a connection, but the end of the session"
    );
}

#[test]
fn without_an_answer_it_is_the_last_attempt() {
    let timeout = || Error::timed_out(Limit::Attempt, Applied::Maybe);
    assert_eq!(
        retried(Nature::Write, vec![timeout(), reset()]).kind(),
        ErrorKind::Connection
    );
    let error = retried(Nature::Write, vec![reset(), timeout()]);
    assert_eq!(
        (error.kind(), error.timeout()),
        (ErrorKind::Timeout, Some(Limit::Attempt))
    );
    assert_eq!(
        retried(Nature::Write, vec![reset(), no_connection()]).kind(),
        ErrorKind::Connection
    );
}

#[test]
fn nothing_sent_anywhere_is_no_host_with_the_cause() {
    let unsent: [fn() -> Error; 6] = [
        no_connection,
        || error(ExecutionError::EmptyPlan),
        || error(ConnectionPoolError::Initializing.into()),
        || error(attempt(RequestAttemptError::UnableToAllocStreamId)),
        || error(broken(BrokenConnectionErrorKind::ChannelError)),
        || error(PrepareError::from(pool_broken()).into()),
    ];
    for single in unsent {
        let error = retried(Nature::Write, vec![single()]).finish(Stop::AttemptsExhausted);
        assert_eq!(error.kind(), ErrorKind::NoHost);
        assert_eq!(error.applied(), Applied::No);
        assert_eq!(error.attempts().len(), 1);
        assert_eq!(
            error.attempts()[0].kind(),
            single().kind(),
            "the attempt tells the cause"
        );
        assert!(error.source().is_some() && error.attempts()[0].source().is_some());
    }
    let error = retried(Nature::Write, vec![no_connection(), no_connection()]);
    assert_eq!(error.kind(), ErrorKind::NoHost);
    assert!(
        error.source().unwrap().is::<ConnectionPoolError>(),
        "the driver's error, not ours again"
    );
    assert_eq!(error.attempts().len(), 2);

    // Once one was sent, it is no longer true.
    assert_eq!(
        retried(Nature::Write, vec![no_connection(), reset()]).kind(),
        ErrorKind::Connection
    );
    assert_eq!(
        retried(Nature::Write, vec![no_connection(), too_few()]).kind(),
        ErrorKind::Unavailable
    );
    // What we refuse ourselves says more.
    let bad = || Error::serialization(serialization());
    assert_eq!(
        retried(Nature::Write, vec![bad()]).kind(),
        ErrorKind::Serialization
    );
    let full = Error::rejected(Reason::NodesFull);
    assert_eq!(
        retried(Nature::Write, vec![no_connection(), full]).kind(),
        ErrorKind::Rejected
    );
}

#[test]
fn a_limit_that_cuts_the_loop_is_a_timeout_over_the_last_error() {
    let cut = retried(
        Nature::Write,
        vec![too_few(), Error::timed_out(Limit::Deadline, Applied::Maybe)],
    );
    assert_eq!(
        (cut.kind(), cut.timeout()),
        (ErrorKind::Timeout, Some(Limit::Deadline))
    );
    assert_eq!(cut.applied(), Applied::Maybe);
    assert_eq!(cut.attempts().len(), 2);
    let source = cut.source().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(
        (source.kind(), source.required()),
        (ErrorKind::Unavailable, Some(2))
    );
    assert!(source.source().unwrap().is::<RequestAttemptError>());

    let cut = retried(Nature::Write, vec![too_few()]).finish(Stop::NoTimeLeft(Limit::Call));
    assert_eq!(
        (cut.kind(), cut.timeout()),
        (ErrorKind::Timeout, Some(Limit::Call))
    );
    assert_eq!(cut.applied(), Applied::No, "nothing more was sent");
    assert_eq!(cut.attempts().len(), 1);
    assert!(cut.source().unwrap().is::<Error>());

    let attempt_limit = || Error::timed_out(Limit::Attempt, Applied::Maybe);
    let cut = retried(Nature::Write, vec![attempt_limit()]).finish(Stop::NoTimeLeft(Limit::Call));
    assert_eq!(
        cut.timeout(),
        Some(Limit::Call),
        "the attempt ran out of time, but the call ended it"
    );
    assert_eq!(cut.applied(), Applied::Maybe);
    let first = retried(Nature::Write, vec![Error::timed_out(Limit::Call, Applied::Maybe)]);
    assert_eq!(first.timeout(), Some(Limit::Call));
    assert!(first.source().is_none());
}

#[test]
fn applied_is_the_worst_of_all_attempts() {
    let batch = || error(db(write_timeout("BATCH")));
    for (errors, applied) in [
        (vec![no_connection(), too_few()], Applied::No),
        (vec![reset(), too_few()], Applied::Maybe),
        (vec![reset(), no_connection()], Applied::Maybe),
        (vec![too_few(), reset()], Applied::Maybe),
        (vec![batch(), too_few()], Applied::Yes),
        (vec![batch(), reset(), too_few()], Applied::Maybe),
    ] {
        let error = retried(Nature::LoggedBatch, errors);
        assert_eq!(error.applied(), applied, "{error}");
        assert_eq!(error.judge(Nature::LoggedBatch).applied, applied);
    }
    let exists = DbError::AlreadyExists {
        keyspace: "shop".to_owned(),
        table: String::new(),
    };
    let error = retried(Nature::Schema, vec![reset(), self::error(db(exists))]);
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(
        error.is_ambiguous(),
        "it may be our own first attempt that made it"
    );
}

#[test]
fn a_counter_or_an_lwt_left_open_is_never_sent_again() {
    for nature in [Nature::Lwt, Nature::Counter, Nature::CounterBatch] {
        let open = retried(nature, vec![reset(), no_connection()]);
        assert_eq!(open.applied(), Applied::Maybe);
        assert!(
            !open.may_retry(true),
            "{nature:?}: the second attempt was not sent, but the first was"
        );
        let clean = retried(nature, vec![no_connection(), error(db(DbError::IsBootstrapping))]);
        assert!(clean.may_retry(false), "{nature:?}: nothing was applied");
    }
}

#[test]
fn a_finished_retry_is_exhausted() {
    for why in [
        Stop::NotRetryable,
        Stop::AttemptsExhausted,
        Stop::BudgetExhausted,
        Stop::NoTimeLeft(Limit::Call),
    ] {
        let error = retried(Nature::Write, vec![too_few()]);
        assert!(!error.is_exhausted() && error.may_retry(false));
        let error = error.finish(why);
        assert!(error.is_exhausted());
        assert_eq!(error.advice(), Advice::Never);
        assert!(
            !error.may_retry(true) && !error.judge(Nature::Write).may_retry(true),
            "{why:?}"
        );
        assert!(error.is_transient(), "that stays true");
    }
}

#[test]
fn attempts_are_in_order_and_bounded() {
    let error = retried(Nature::Write, vec![reset(), too_few(), no_connection()]);
    let attempts = error.attempts();
    let kinds: Vec<_> = attempts.iter().map(|attempt| attempt.kind()).collect();
    assert_eq!(
        kinds,
        [
            ErrorKind::Connection,
            ErrorKind::Unavailable,
            ErrorKind::Connection
        ]
    );
    assert_eq!(attempts[0].applied(), Applied::Maybe);
    assert_eq!(attempts[1].applied(), Applied::No);
    assert_eq!(attempts[2].node(), Some(Uuid::from_u128(3)));
    assert_eq!(attempts[2].elapsed(), Duration::from_millis(3));

    let error = retried(Nature::Write, (0..40).map(|_| reset()).collect());
    assert_eq!(error.attempts().len(), 16);
    assert_eq!(error.attempts()[15].node(), Some(Uuid::from_u128(40)));
}

#[test]
fn a_clone_is_not_changed_by_what_follows() {
    let first = retried(Nature::Write, vec![too_few()]);
    let copy = first.clone();
    let figures = AttemptFigures {
        number: 2,
        node: None,
        queued: std::time::Duration::ZERO,
        pause: std::time::Duration::ZERO,
        elapsed: Duration::ZERO,
        failure: reset().judge(Nature::Write),
    };
    let second = Error::accumulate(Some(first), reset(), &figures).finish(Stop::AttemptsExhausted);
    assert_eq!((copy.attempts().len(), copy.is_exhausted()), (1, false));
    assert_eq!((second.attempts().len(), second.is_exhausted()), (2, true));
}
