//! Texts by chance.

use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;

/// Parts in any order.
pub(crate) fn soup(rng: &mut SmallRng) -> String {
    const PARTS: [&str; 62] = [
        "SELECT",
        "INSERT INTO t",
        "insert",
        "INTO",
        "UPDATE t SET",
        "update",
        "SET",
        "DELETE FROM t",
        "DELETE",
        "FROM",
        "WHERE k = 1",
        "WHERE",
        "AND",
        "IN",
        "IF",
        "IF NOT EXISTS",
        "VALUES",
        "(a)",
        "VALUES (1)",
        "JSON",
        "USING TTL 1",
        "BEGIN",
        "BATCH",
        "BEGIN BATCH",
        "COUNTER",
        "APPLY BATCH",
        "t",
        "ks.t",
        "\"Q\"",
        "a",
        "l",
        "now()",
        "f(",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ".",
        ":",
        ";",
        "=",
        "+",
        "-",
        "+=",
        "<",
        "?",
        ":m",
        "'s'",
        "$$s$$",
        "1",
        "0xff",
        "null",
        "[1]",
        "{1}",
        "a = 1",
        "a = a + {1}",
        "-- IF\n",
        "/* now() */",
        "\n",
    ];
    const BROKEN: [&str; 6] = ["'", "\"", "/*", "$$", "--", "é→"];
    let head = [
        "",
        "INSERT INTO t (a) VALUES (",
        "UPDATE t SET a = 1",
        "DELETE FROM t",
        "UPDATE t SET",
    ];
    let mut text = (*head.choose(rng).unwrap_or(&"")).to_owned();
    for _ in 0..rng.random_range(0..10) {
        let parts: &[&str] = if rng.random_bool(0.02) { &BROKEN } else { &PARTS };
        if rng.random_bool(0.8) {
            text.push(' ');
        }
        text.push_str(parts.choose(rng).unwrap_or(&""));
    }
    text
}

/// A text with some characters lost, doubled or replaced.
pub(crate) fn damaged(text: &str, rng: &mut SmallRng) -> String {
    let mut all: Vec<char> = text.chars().collect();
    for _ in 0..rng.random_range(1..4) {
        if all.is_empty() {
            break;
        }
        let at = rng.random_range(0..all.len());
        match rng.random_range(0..4) {
            0 => drop(all.remove(at)),
            1 => all.insert(
                at,
                *['\'', '"', '(', ')', '+', '-', '/', '*', ';', ':', '[']
                    .choose(rng)
                    .unwrap_or(&' '),
            ),
            2 => all.truncate(at),
            _ => {
                let other = rng.random_range(0..all.len());
                all.swap(at, other);
            }
        }
    }
    all.into_iter().collect()
}
