//! Table C of the error design, as far as a frame can carry it.

use scripted_cassandra::{Action, Consistency, ErrorFrame};
use tower_cassandra::layers::Advice::{self, Backoff, Never, Next, NextBackoff, Reprepare, SameOnce};
use tower_cassandra::scylla::errors::{OperationType, WriteType};
use tower_cassandra::scylla::statement::Consistency as Level;
use tower_cassandra::{
    Applied::{self, Maybe, No, Yes},
    Error,
    ErrorKind::{self as K},
};

/// One line: what the server does, and what the design says of it for a plain write.
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) action: Action,
    pub(crate) kind: K,
    pub(crate) applied: Applied,
    pub(crate) advice: Advice,
    /// Do the fields of the frame arrive?
    pub(crate) fields: fn(&Error) -> bool,
}

fn row(
    id: &'static str,
    name: &'static str,
    action: impl Into<Action>,
    kind: K,
    applied: Applied,
    advice: Advice,
    fields: fn(&Error) -> bool,
) -> Row {
    Row {
        id,
        name,
        action: action.into(),
        kind,
        applied,
        advice,
        fields,
    }
}

const QUORUM: Consistency = Consistency::QUORUM;

fn timeout(write_type: &str) -> ErrorFrame {
    ErrorFrame::write_timeout(QUORUM, 1, 2, write_type).message("why")
}

fn read(received: i32, data: bool) -> ErrorFrame {
    ErrorFrame::read_timeout(QUORUM, received, 2, data).message("why")
}

/// Code and message, of an error that has nothing else.
fn bare(error: &Error, code: i32) -> bool {
    (error.code(), error.message()) == (Some(code), Some("why"))
        && error.consistency().is_none()
        && error.received().is_none()
        && error.keyspace().is_none()
}

fn counts(error: &Error, received: i32, required: i32) -> bool {
    error.message() == Some("why")
        && error.consistency() == Some(Level::Quorum)
        && (error.received(), error.required()) == (Some(received), Some(required))
}

fn write_type(error: &Error, expected: &WriteType) -> bool {
    counts(error, 1, 2) && error.code() == Some(0x1100) && error.write_type() == Some(expected)
}

fn rate(error: &Error, coordinator: bool) -> bool {
    error.rejected_by_coordinator() == Some(coordinator)
        && matches!(error.operation(), Some(OperationType::Write))
        && error.message() == Some("why")
}

#[rustfmt::skip]
pub(crate) fn rows() -> Vec<Row> {
    use ErrorFrame as E;
    let failed = |write_type| E::write_failure(QUORUM, 1, 2, 3, write_type).message("why");
    let exists = |table| E::already_exists("shop", table).message("why");
    let rate_limit = |coordinator| E::rate_limit(0x7000, 1, coordinator).message("why");
    vec![
        row("C1",  "SyntaxError",      E::syntax_error("why"),    K::Syntax,         No, Never, |e| bare(e, 0x2000)),
        row("C2",  "Invalid",          E::invalid("why"),         K::Invalid,        No, Never, |e| bare(e, 0x2200)),
        row("C3",  "Unauthorized",     E::unauthorized("why"),    K::Unauthorized,   No, Never, |e| bare(e, 0x2100)),
        row("C4",  "Authentication",   E::bad_credentials("why"), K::Authentication, No, Never, |e| bare(e, 0x0100)),
        row("C5",  "ConfigError",      E::config_error("why"),    K::ServerConfig,   No, Never, |e| bare(e, 0x2300)),
        row("C6",  "ProtocolError",    E::protocol_error("why"),  K::Protocol,       No, Never, |e| bare(e, 0x000A)),
        row("C7",  "AlreadyExists",    exists("users"), K::AlreadyExists, No, Never,
            |e| (e.code(), e.keyspace(), e.table()) == (Some(0x2400), Some("shop"), Some("users"))),
        row("C7",  "… keyspace",       exists(""), K::AlreadyExists, No, Never,
            |e| (e.code(), e.keyspace(), e.table()) == (Some(0x2400), Some("shop"), None)),
        row("C8",  "FunctionFailure",  E::function_failure("shop", "f", &["int", "text"]).message("why"), K::FunctionFailure, No, Never,
            |e| (e.code(), e.keyspace(), e.function()) == (Some(0x1400), Some("shop"), Some("f"))
                && e.arg_types().is_some_and(|types| types == ["int", "text"])),
        row("C9",  "Unprepared",       Action::Unprepared, K::Prepare, No, Reprepare,
            |e| e.code() == Some(0x2500) && e.statement_id().is_some_and(|id| id.len() == 16)),
        row("C10", "IsBootstrapping",  E::bootstrapping("why"), K::Bootstrapping, No, Next, |e| bare(e, 0x1002)),
        row("C11", "Unavailable",      E::unavailable(QUORUM, 3, 2).message("why"), K::Unavailable, No, Next,
            |e| (e.consistency(), e.required(), e.alive()) == (Some(Level::Quorum), Some(3), Some(2)) && e.code() == Some(0x1000)),
        row("C12", "RateLimit coord.", rate_limit(true),  K::ServerRateLimit, No,    Backoff, |e| rate(e, true)),
        row("C13", "RateLimit repl.",  rate_limit(false), K::ServerRateLimit, Maybe, Backoff, |e| rate(e, false)),
        row("C14", "Overloaded",       E::overloaded("why"),     K::Overloaded,  Maybe, NextBackoff, |e| bare(e, 0x1001)),
        row("C15", "ServerError",      E::server_error("why"),   K::ServerError, Maybe, NextBackoff, |e| bare(e, 0x0000)),
        row("C16", "TruncateError",    E::truncate_error("why"), K::Truncate,    Maybe, NextBackoff, |e| bare(e, 0x1003)),
        row("C17", "ReadTimeout 2/2 no data", read(2, false), K::ReadTimeout, Maybe, SameOnce,
            |e| counts(e, 2, 2) && e.data_present() == Some(false) && e.code() == Some(0x1200)),
        row("C18", "ReadTimeout 2/2 data",    read(2, true),  K::ReadTimeout, Maybe, Never,
            |e| counts(e, 2, 2) && e.data_present() == Some(true)),
        row("C18", "ReadTimeout 1/2",         read(1, false), K::ReadTimeout, Maybe, Never,
            |e| counts(e, 1, 2) && e.data_present() == Some(false)),
        row("C19", "ReadFailure",      E::read_failure(QUORUM, 1, 2, 3, true).message("why"), K::ReadFailure, Maybe, Never,
            |e| counts(e, 1, 2) && (e.failures(), e.data_present(), e.code()) == (Some(3), Some(true), Some(0x1300))),
        row("C20", "WriteTimeout SIMPLE",         timeout("SIMPLE"),         K::WriteTimeout, Maybe, Next,     |e| write_type(e, &WriteType::Simple)),
        row("C21", "WriteTimeout UNLOGGED_BATCH", timeout("UNLOGGED_BATCH"), K::WriteTimeout, Maybe, Next,     |e| write_type(e, &WriteType::UnloggedBatch)),
        row("C22", "WriteTimeout BATCH",          timeout("BATCH"),          K::WriteTimeout, Yes,   Next,     |e| write_type(e, &WriteType::Batch)),
        row("C23", "WriteTimeout BATCH_LOG",      timeout("BATCH_LOG"),      K::WriteTimeout, Maybe, SameOnce, |e| write_type(e, &WriteType::BatchLog)),
        row("C24", "WriteTimeout COUNTER",        timeout("COUNTER"),        K::WriteTimeout, Maybe, Never,    |e| write_type(e, &WriteType::Counter)),
        row("C25", "WriteTimeout CAS",            timeout("CAS"),            K::WriteTimeout, Maybe, Never,    |e| write_type(e, &WriteType::Cas)),
        row("C26", "WriteTimeout VIEW",           timeout("VIEW"),           K::WriteTimeout, Maybe, Never,    |e| write_type(e, &WriteType::View)),
        row("C26", "WriteTimeout CDC",            timeout("CDC"),            K::WriteTimeout, Maybe, Never,    |e| write_type(e, &WriteType::Cdc)),
        row("C27", "WriteTimeout NEW",            timeout("NEW"),            K::WriteTimeout, Maybe, Never,    |e| write_type(e, &WriteType::Other("NEW".to_owned()))),
        row("C28", "WriteFailure SIMPLE", failed("SIMPLE"), K::WriteFailure, Maybe, Never,
            |e| counts(e, 1, 2) && (e.failures(), e.code()) == (Some(3), Some(0x1500)) && e.write_type() == Some(&WriteType::Simple)),
        row("C28", "WriteFailure BATCH",  failed("BATCH"),  K::WriteFailure, Maybe, Never,
            |e| counts(e, 1, 2) && e.failures() == Some(3) && e.write_type() == Some(&WriteType::Batch)),
        row("C29", "CDC write failure",  E::cdc_write_failure("why"), K::Other(0x1600), Maybe, Never, |e| bare(e, 0x1600)),
        row("C29", "CAS result unknown", E::cas_write_unknown(QUORUM, 1, 2).message("why"), K::Other(0x1700), Maybe, Never, |e| bare(e, 0x1700)),
        row("C29", "unknown code",       E::code(0x7777, "why"), K::Other(0x7777), Maybe, Never, |e| bare(e, 0x7777)),
        row("D1",  "UnexpectedResponse", Action::Frame(0x02, Vec::new()), K::Protocol, Maybe, Never, |e| e.code().is_none()),
        row("D1",  "error cut short",    E::unavailable(QUORUM, 1, 0).fields([0, 1]), K::Protocol, Maybe, Never, |e| e.code().is_none()),
        row("D2",  "unknown result",     Action::Frame(0x08, vec![0, 0, 0, 99]), K::Protocol, Yes, Never, |e| e.code().is_none()),
    ]
}
