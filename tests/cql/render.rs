//! Statements as pieces, and pieces as text in one of very many ways.

use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;

#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// In any mixture of upper and lower case.
    Keyword(&'static str),
    /// A name without quotes: case does not matter.
    Name(String),
    /// As it is.
    Exact(String),
    Sign(&'static str),
    Value(Value),
    /// What stands behind IN.
    List,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    /// Any literal or marker.
    Any,
    /// Any but a list.
    Column,
    /// A set or a map.
    Braces,
    /// A list.
    Squares,
    /// What cannot be the index of a list.
    Key,
    /// What may be one, or the step of a counter.
    Index,
}

pub(crate) fn text(pieces: &[Piece], rng: &mut SmallRng) -> String {
    let mut text = String::new();
    for piece in pieces {
        let part = match piece {
            Piece::Keyword(word) => mixed(word, rng),
            Piece::Name(name) => mixed(name, rng),
            Piece::Exact(text) => text.clone(),
            Piece::Sign(sign) => (*sign).to_owned(),
            Piece::Value(kind) => value(*kind, rng, 0),
            Piece::List => list(rng),
        };
        let word = |c: char| c.is_alphanumeric() || "_'\"$?:".contains(c);
        let touching = text.ends_with(word) && part.starts_with(word);
        // A comment begins with two of them.
        let minus = text.ends_with(['-', '/']);
        if touching || minus || rng.random_bool(0.5) {
            text.push(*[' ', '\n', '\t', '\r'].choose(rng).unwrap_or(&' '));
            space(&mut text, rng);
        }
        text.push_str(&part);
    }
    if rng.random_bool(0.1) {
        text.push(';');
    }
    space(&mut text, rng);
    text
}

fn space(text: &mut String, rng: &mut SmallRng) {
    while rng.random_bool(0.1) {
        let comments = [
            " ",
            "/* IF now() + ' */",
            "/* \" */",
            "-- ' \" /* IF\n",
            "// now() $$\r",
            "/**/",
        ];
        text.push_str(comments.choose(rng).unwrap_or(&" "));
    }
}

fn mixed(word: &str, rng: &mut SmallRng) -> String {
    match rng.random_range(0..4) {
        0 => word.to_ascii_lowercase(),
        1 => word.to_ascii_uppercase(),
        2 => word.to_owned(),
        _ => word
            .chars()
            .map(|c| {
                if rng.random() {
                    c.to_ascii_uppercase()
                } else {
                    c.to_ascii_lowercase()
                }
            })
            .collect(),
    }
}

const KEYS: [&str; 8] = [
    "'a'",
    "''",
    "'it''s; -- IF now()'",
    "$$ + ' \" $$",
    "0xCAFE",
    "0x",
    "123e4567-e89b-12d3-a456-426614174000",
    "AAAAAAAA-e89b-12d3-a456-426614174000",
];
const INDEXES: [&str; 5] = ["0", "17", "?", ":name", ":\"Name\""];
const OTHERS: [&str; 12] = [
    "-1",
    "1.5",
    "-1.5e-3",
    "2E+9",
    "true",
    "FALSE",
    "null",
    "NaN",
    "-Infinity",
    "1h30m",
    "P1Y2M3DT4H",
    "'+'",
];

fn value(kind: Value, rng: &mut SmallRng, depth: usize) -> String {
    let pick = |from: &[&str], rng: &mut SmallRng| (*from.choose(rng).unwrap_or(&"?")).to_owned();
    let kind = match kind {
        Value::Any if depth < 4 => match rng.random_range(0..10) {
            0 => Value::Braces,
            1 => Value::Squares,
            2..=5 => Value::Key,
            6..=7 => Value::Index,
            _ => Value::Any,
        },
        Value::Column => match rng.random_range(0..8) {
            0..=1 => Value::Braces,
            2..=3 => Value::Key,
            4 => Value::Index,
            _ => Value::Column,
        },
        kind => kind,
    };
    match kind {
        Value::Any | Value::Column => pick(&OTHERS, rng),
        Value::Key => pick(&KEYS, rng),
        Value::Index => pick(&INDEXES, rng),
        Value::Squares => format!("[{}]", values(rng, depth, false)),
        Value::Braces => {
            let map = rng.random();
            format!("{{{}}}", values(rng, depth, map))
        }
    }
}

fn values(rng: &mut SmallRng, depth: usize, map: bool) -> String {
    let some = rng.random_range(0..4);
    let one = |rng: &mut SmallRng| value(Value::Any, rng, depth + 1);
    let all: Vec<_> = (0..some)
        .map(|_| {
            if map {
                format!("{}: {}", one(rng), one(rng))
            } else {
                one(rng)
            }
        })
        .collect();
    all.join(if rng.random() { ", " } else { "," })
}

fn list(rng: &mut SmallRng) -> String {
    let pair = rng.random_bool(0.2);
    let all: Vec<_> = (0..rng.random_range(1..5))
        .map(|_| {
            let one = value(Value::Column, rng, 3);
            if pair { format!("({one}, ?)") } else { one }
        })
        .collect();
    format!("({})", all.join(", "))
}
