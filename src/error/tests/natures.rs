//! The cells that depend on what kind of request it was.

use tower_cassandra_layers::{Advice, Applied};

use super::*;

use Advice::{Never, Next, NextBackoff, SameOnce};
use Applied::{Maybe, No, Yes};
use Nature as N;

#[rustfmt::skip]
fn lines() -> Vec<(&'static str, ExecutionError, Nature, Applied, Advice)> {
    let channel = || broken(BrokenConnectionErrorKind::ChannelError);
    let reset = || broken(BrokenConnectionErrorKind::WriteError(io_error()));
    let parse = || attempt(scylla::errors::CqlResultParseError::UnknownResultId(9).into());
    vec![
        ("C17 read",        db(read_timeout(2, false)),   N::Read,          No,    SameOnce),
        ("C18 read",        db(read_timeout(1, false)),   N::Read,          No,    Never),
        ("C19 read",        db(read_failure()),           N::Read,          No,    Never),
        ("C11 read",        db(unavailable()),            N::Read,          No,    Next),
        ("B2 read",         reset(),                      N::Read,          Maybe, Next),
        ("C14 read",        db(DbError::Overloaded),      N::Read,          Maybe, NextBackoff),
        ("C15 read",        db(DbError::ServerError),     N::Read,          Maybe, NextBackoff),

        // R4: nothing is applied, and it is not repeated once it was sent.
        ("C17 serial",      db(read_timeout(2, false)),   N::SerialRead,    No,    Never),
        ("C18 serial",      db(read_timeout(1, false)),   N::SerialRead,    No,    Never),
        ("C11 serial",      db(unavailable()),            N::SerialRead,    No,    Never),
        ("B2 serial",       reset(),                      N::SerialRead,    Maybe, Never),
        ("C20 serial",      db(write_timeout("SIMPLE")),  N::SerialRead,    Maybe, Never),
        ("B1 serial",       channel(),                    N::SerialRead,    No,    Next),
        ("C10 serial",      db(DbError::IsBootstrapping), N::SerialRead,    No,    Next),

        // R4: the read phase of a write.
        ("C17 write",       db(read_timeout(2, false)),   N::Write,         Maybe, SameOnce),
        ("C17 lwt",         db(read_timeout(2, false)),   N::Lwt,           Maybe, Never),
        ("C18 write",       db(read_timeout(1, false)),   N::Write,         Maybe, Never),
        ("C19 write",       db(read_failure()),           N::Write,         Maybe, Never),

        // R5.
        ("C11 lwt",         db(unavailable()),            N::Lwt,           Maybe, Never),
        ("C20 lwt",         db(write_timeout("SIMPLE")),  N::Lwt,           Maybe, Never),
        ("C22 lwt",         db(write_timeout("BATCH")),   N::Lwt,           Maybe, Never),
        ("D2 lwt",          parse(),                      N::Lwt,           Maybe, Never),
        ("B1 lwt",          channel(),                    N::Lwt,           No,    Next),

        // R6.
        ("C11 counter",     db(unavailable()),            N::Counter,       No,    Next),
        ("C24 counter",     db(write_timeout("COUNTER")), N::Counter,       Maybe, Never),
        ("C20 counter",     db(write_timeout("SIMPLE")),  N::Counter,       Maybe, Never),
        ("B1 counter",      channel(),                    N::Counter,       No,    Next),

        // R7.
        ("C11 logged",      db(unavailable()),            N::LoggedBatch,   No,    Next),
        ("C22 logged",      db(write_timeout("BATCH")),   N::LoggedBatch,   Yes,   Next),
        ("C23 logged",      db(write_timeout("BATCH_LOG")), N::LoggedBatch, Maybe, SameOnce),
        ("C28 logged",      db(write_failure("BATCH")),   N::LoggedBatch,   Maybe, Never),
        ("C11 unlogged",    db(unavailable()),            N::UnloggedBatch, Maybe, Next),
        ("C21 unlogged",    db(write_timeout("UNLOGGED_BATCH")), N::UnloggedBatch, Maybe, Next),
        ("C11 counters",    db(unavailable()),            N::CounterBatch,  Maybe, Never),
        ("C24 counters",    db(write_timeout("COUNTER")), N::CounterBatch,  Maybe, Never),
        ("B1 counters",     channel(),                    N::CounterBatch,  No,    Next),

        ("C11 schema",      db(unavailable()),            N::Schema,        No,    Next),
        ("C16 truncate",    db(DbError::TruncateError),   N::Truncate,      Maybe, NextBackoff),
        ("B2 prepare",      reset(),                      N::Prepare,       No,    Next),
        ("C14 prepare",     db(DbError::Overloaded),      N::Prepare,       No,    NextBackoff),

        // What nobody looked at may be anything.
        ("C11 other",       db(unavailable()),            N::Other,         Maybe, Next),
        ("C22 other",       db(write_timeout("BATCH")),   N::Other,         Maybe, Next),
        ("D2 other",        parse(),                      N::Other,         Maybe, Never),
    ]
}

#[test]
fn the_nature_of_a_request_decides_these_cells() {
    for (id, from, nature, applied, advice) in lines() {
        let error = Error::from_execution(from, nature, None);
        let failure = error.judge(nature);
        assert_eq!(
            (failure.applied, failure.advice),
            (applied, advice),
            "{id}: {error}"
        );
        assert_eq!(
            (error.applied(), error.advice()),
            (applied, advice),
            "{id}: its own methods"
        );
    }
}

#[test]
fn a_failed_prepare_never_sent_the_statement() {
    let first = RequestAttemptError::DbError(DbError::Overloaded, SECRET.to_owned());
    let error = Error::from_execution(prepare(first), N::Lwt, None);
    assert_eq!(error.applied(), No);
    assert!(
        error.may_retry(false),
        "not even a conditional write is in danger"
    );
    assert_eq!(error.judge(N::Lwt).advice, NextBackoff);
}
