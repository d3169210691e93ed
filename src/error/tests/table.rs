//! What a line of the table says, and that the error says the same.

mod lines;

use tower_cassandra_layers::{Advice, Applied, Fault};

use super::*;
use crate::error::ErrorKind;
use Again::{All, Idempotent, Nothing};
pub(super) use lines::lines;

/// One line: what the table says of a plain write, what may then be sent again, and what becomes of it for an LWT and
/// a counter.
pub(super) struct Line {
    pub(super) id: &'static str,
    pub(super) error: Error,
    kind: ErrorKind,
    applied: Applied,
    fault: Fault,
    transient: bool,
    advice: Advice,
    again: Again,
    lwt: (Applied, bool),
    counter: (Applied, bool),
}

/// Which plain writes may be sent again.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Again {
    Nothing,
    Idempotent,
    All,
}
#[allow(clippy::too_many_arguments)]
fn line(
    id: &'static str,
    error: Error,
    kind: ErrorKind,
    applied: Applied,
    fault: Fault,
    transient: bool,
    advice: Advice,
    again: Again,
    lwt: (Applied, bool),
    counter: (Applied, bool),
) -> Line {
    Line {
        id,
        error,
        kind,
        applied,
        fault,
        transient,
        advice,
        again,
        lwt,
        counter,
    }
}

/// What nobody outside the driver, or outside the layers, can build. A scripted server has to produce the first two.
pub(super) const NOT_CONSTRUCTIBLE: &[(&str, &str)] = &[
    (
        "F",
        "`ConnectionSetupRequestError` and `MetadataFetchError` are non-exhaustive structs; what is inside is judged in `connecting`",
    ),
    (
        "A4",
        "over a `ConnectionSetupRequestError` (a changed password): for the same reason",
    ),
    (
        "R12",
        "a `BrokenConnectionError` is only made from its own kind; unknown variants do not exist yet",
    ),
    (
        "D4",
        "`IntoRowsResultError::ResultNotRows` holds a `QueryResult`; other decoding errors are judged alike",
    ),
    (
        "A11",
        "`Rejected`, `NoCandidate`, `Elapsed` and `Panicked` are made by the layers alone; their `From` ends in the same constructors",
    ),
];

#[test]
fn every_line_has_its_meaning() {
    for line in lines() {
        let Line { id, error, .. } = &line;
        let judged = |nature| error.judge(nature);
        let write = judged(Nature::Write);
        let may_retry = |idempotent| write.may_retry(idempotent);
        let again = match (may_retry(true), may_retry(false)) {
            (false, false) => Nothing,
            (true, false) => Idempotent,
            (true, true) => All,
            (false, true) => panic!("{id}: marking it idempotent forbids it: {error}"),
        };
        assert_eq!(error.kind(), line.kind, "{id}: kind of {error}");
        assert_eq!(write.applied, line.applied, "{id}: applied of {error}");
        assert_eq!(write.fault, line.fault, "{id}: fault of {error}");
        assert_eq!(write.advice, line.advice, "{id}: advice of {error}");
        let label = if error.is_unclassified() {
            "unclassified"
        } else {
            line.kind.label()
        };
        assert_eq!(write.label, label, "{id}: label of {error}");
        assert_eq!(error.is_transient(), line.transient, "{id}: transient of {error}");
        assert_eq!(again, line.again, "{id}: what may be sent again after {error}");
        for (name, nature, expected) in [
            ("lwt", Nature::Lwt, line.lwt),
            ("counter", Nature::Counter, line.counter),
        ] {
            let failure = judged(nature);
            // The mark is asked for on purpose: it must not help where the table says stop.
            assert_eq!(
                (failure.applied, failure.may_retry(true)),
                expected,
                "{id} {name}: {error}"
            );
            assert_eq!(failure.fault, line.fault, "{id} {name}: fault of {error}");
        }
        // The error's own methods say the same, once the nature is settled.
        let own = error.clone().judged(Nature::Write);
        assert_eq!(own.applied(), line.applied, "{id}");
        assert_eq!(own.advice(), line.advice, "{id}");
        assert_eq!(own.is_ambiguous(), line.applied == Applied::Maybe, "{id}");
        assert_eq!(
            (own.may_retry(true), own.may_retry(false)),
            (may_retry(true), may_retry(false)),
            "{id}"
        );
    }
}

#[test]
fn no_line_is_missing() {
    let wanted = (1..=13)
        .map(|n| format!("A{n}"))
        .chain((1..=4).map(|n| format!("B{n}")))
        .chain((1..=29).map(|n| format!("C{n}")))
        .chain((1..=5).map(|n| format!("D{n}")))
        .chain(["E1".to_owned()]);
    let lines = lines();
    for id in wanted {
        assert!(lines.iter().any(|line| line.id == id), "{id} is not in the table");
    }
    assert!(NOT_CONSTRUCTIBLE.iter().all(|(_, reason)| !reason.is_empty()));
}
