//! The lines of the design that no frame can produce, each with the reason.

/// They are built by hand in the tests of the errors themselves.
const ABSENT: &[(&str, &str)] = &[
    ("A1", "values are checked and serialised before anything is sent"),
    ("A2", "as A1; what compression is given it can compress"),
    (
        "A3",
        "needs a node that leaves between the choice and the driver's look at its plan",
    ),
    (
        "A5",
        "the driver shows neither a session nor a new node before its pools have been tried once",
    ),
    (
        "A6",
        "a node that the host filter refuses is no candidate, so it is never asked",
    ),
    (
        "A12",
        "no frame: a limit that is over before the first poll (seen in the tests of the layers)",
    ),
    (
        "B2",
        "`KeepaliveRequestError`, `WriteError` and `CqlEventHandlingError`: the first needs all stream ids taken at the \
         moment of a keepalive, the second a socket that fails in writing before it does in reading, the third happens \
         on the control connection alone",
    ),
    (
        "B3",
        "`RequestTimeout` of the driver: its own limit is off in our profile",
    ),
    (
        "C9",
        "for batches: the driver prepares and sends again by itself for as long as the node says UNPREPARED",
    ),
    ("D3", "of unpaged calls only, which are not used"),
    ("E1", "`UseKeyspaceError`: `USE` is refused as a statement"),
    (
        "F",
        "host filter, address translation and TLS are not set up here",
    ),
    ("R12", "unknown variants do not exist yet"),
];

#[test]
fn what_is_missing_has_a_reason() {
    for (id, reason) in ABSENT {
        println!("{id:4} not on the wire: {reason}");
    }
}
