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
        "TLS is not set up here; what host filter and address translator refuse is in the tests of a real server",
    ),
    ("R12", "unknown variants do not exist yet"),
];

/// Where the others are shown: each of these sources names the lines it is about.
const SHOWN: &[&str] = &[
    include_str!("broken.rs"),
    include_str!("connecting.rs"),
    include_str!("prepared.rs"),
    include_str!("refused.rs"),
    include_str!("table.rs"),
    include_str!("unreadable.rs"),
    include_str!("../frozen.rs"),
    include_str!("../lifecycle.rs"),
    include_str!("../safety.rs"),
];

#[test]
fn every_line_is_shown_or_has_a_reason_not_to_be() {
    for (id, reason) in ABSENT {
        println!("{id:4} not on the wire: {reason}");
    }
    let lines = [("A", 13), ("B", 4), ("C", 29), ("D", 5), ("E", 1)];
    let ids = lines
        .iter()
        .flat_map(|(part, last)| (1..=*last).map(move |number| format!("{part}{number}")));
    for id in ids.chain([String::from("F")]) {
        let is_word = |source: &str| {
            source
                .split(|letter: char| !letter.is_alphanumeric())
                .any(|word| word == id)
        };
        let absent = ABSENT.iter().any(|(known, _)| *known == id);
        let shown = SHOWN.iter().any(|source| is_word(source));
        assert!(absent || shown, "{id} is nowhere");
    }
}
