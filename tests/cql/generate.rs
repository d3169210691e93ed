//! A grammar of statements that knows of each whether it is idempotent.

use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;

use crate::render::{Piece, Value};

pub(crate) struct Made {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) idempotent: bool,
}

impl Made {
    fn words(&mut self, words: &'static str) {
        self.pieces.extend(words.split(' ').map(Piece::Keyword));
    }

    fn sign(&mut self, sign: &'static str) {
        self.pieces.push(Piece::Sign(sign));
    }

    fn name(&mut self, rng: &mut SmallRng) -> Piece {
        let names = [
            "users", "name", "Town", "a", "b1", "list_of", "counter_", "iff", "key1", "größe",
        ];
        let quoted = ["\"Users\"", "\"IF\"", "\"now()\"", "\"a\"\"b\"", "\"-- x\""];
        let piece = if rng.random_bool(0.2) {
            Piece::Exact((*quoted.choose(rng).unwrap_or(&"\"q\"")).to_owned())
        } else {
            Piece::Name((*names.choose(rng).unwrap_or(&"n")).to_owned())
        };
        self.pieces.push(piece.clone());
        piece
    }

    fn table(&mut self, rng: &mut SmallRng) {
        if rng.random_bool(0.3) {
            self.pieces.push(Piece::Name("shop".to_owned()));
            self.sign(".");
        }
        self.pieces.push(Piece::Name("orders".to_owned()));
    }

    /// A value, or now and then a list or a call that nobody can repeat.
    fn value(&mut self, rng: &mut SmallRng) {
        if rng.random_bool(0.05) {
            self.idempotent = false;
            let function = ["now", "uuid", "toTimestamp", "blobAsText"];
            self.pieces
                .push(Piece::Name((*function.choose(rng).unwrap_or(&"f")).to_owned()));
            self.sign("(");
            if rng.random() {
                self.pieces.push(Piece::Value(Value::Any));
            }
            self.sign(")");
        } else if rng.random_bool(0.05) {
            self.idempotent = false;
            self.pieces.push(Piece::Value(Value::Squares));
        } else {
            self.pieces.push(Piece::Value(Value::Column));
        }
    }

    fn using(&mut self, rng: &mut SmallRng) {
        if rng.random_bool(0.2) {
            self.words("USING TTL");
            self.pieces.push(Piece::Value(Value::Index));
            if rng.random() {
                self.words("AND TIMESTAMP");
                self.pieces.push(Piece::Value(Value::Index));
            }
        }
    }

    fn condition(&mut self, rng: &mut SmallRng) {
        if rng.random_bool(0.1) {
            self.idempotent = false;
            self.words("IF EXISTS");
        }
    }

    fn relations(&mut self, rng: &mut SmallRng) {
        self.words("WHERE");
        loop {
            self.name(rng);
            if rng.random_bool(0.2) {
                self.words("IN");
                self.pieces.push(Piece::List);
            } else {
                self.sign(["=", "<", ">=", "<="].choose(rng).unwrap_or(&"="));
                self.value(rng);
            }
            if rng.random_bool(0.6) {
                return;
            }
            self.words("AND");
        }
    }

    /// An element: of a map, or of what may be a list.
    fn element(&mut self, rng: &mut SmallRng) {
        self.sign("[");
        let key = rng.random_bool(0.7);
        self.idempotent &= key;
        self.pieces
            .push(Piece::Value(if key { Value::Key } else { Value::Index }));
        self.sign("]");
    }

    fn assignment(&mut self, rng: &mut SmallRng) {
        let column = self.name(rng);
        match rng.random_range(0..12) {
            0 => {
                self.element(rng);
                self.sign("=");
                self.value(rng);
            }
            1 => {
                self.sign(".");
                self.name(rng);
                self.sign("=");
                self.value(rng);
            }
            shape @ 2..=4 => {
                let minus = rng.random();
                match (shape, minus) {
                    (2, false) => self.sign("+="),
                    (2, true) => self.sign("-="),
                    (_, minus) => {
                        self.sign("=");
                        self.pieces.push(column);
                        self.sign(if minus { "-" } else { "+" });
                    }
                }
                let (value, idempotent) = match rng.random_range(0..6) {
                    0 => (Value::Squares, minus),
                    1 => (Value::Index, false),
                    _ => (Value::Braces, true),
                };
                self.idempotent &= idempotent;
                self.pieces.push(Piece::Value(value));
            }
            5 if rng.random_bool(0.3) => {
                self.idempotent = false;
                self.sign("=");
                self.pieces.push(Piece::Value(Value::Squares));
                self.sign("+");
                self.pieces.push(column);
            }
            _ => {
                self.sign("=");
                self.value(rng);
            }
        }
    }

    fn write(&mut self, rng: &mut SmallRng) {
        match rng.random_range(0..3) {
            0 => {
                self.words("INSERT INTO");
                self.table(rng);
                if rng.random_bool(0.1) {
                    self.idempotent = false;
                    self.words("JSON");
                    self.pieces.push(Piece::Value(Value::Key));
                } else {
                    let columns = rng.random_range(1..5);
                    self.separated("(", columns, rng, |made, rng| drop(made.name(rng)));
                    self.sign(")");
                    self.words("VALUES");
                    self.separated("(", columns, rng, Self::value);
                    self.sign(")");
                }
                self.condition(rng);
                self.using(rng);
            }
            1 => {
                self.words("UPDATE");
                self.table(rng);
                self.using(rng);
                self.words("SET");
                let assignments = rng.random_range(1..4);
                self.separated("", assignments, rng, Self::assignment);
                self.relations(rng);
                self.condition(rng);
            }
            _ => {
                self.words("DELETE");
                let columns = rng.random_range(0..3);
                self.separated("", columns, rng, |made, rng| {
                    made.name(rng);
                    if rng.random_bool(0.2) {
                        made.element(rng);
                    }
                });
                self.words("FROM");
                self.table(rng);
                self.relations(rng);
                self.condition(rng);
            }
        }
    }

    fn separated(
        &mut self,
        open: &'static str,
        times: usize,
        rng: &mut SmallRng,
        mut each: impl FnMut(&mut Self, &mut SmallRng),
    ) {
        if !open.is_empty() {
            self.sign(open);
        }
        for at in 0..times {
            if at > 0 {
                self.sign(",");
            }
            each(self, rng);
        }
    }
}

pub(crate) fn statement(rng: &mut SmallRng) -> Made {
    let mut made = Made {
        pieces: Vec::new(),
        idempotent: true,
    };
    match rng.random_range(0..20) {
        0 => {
            made.words("SELECT");
            made.name(rng);
            made.words("FROM");
            made.table(rng);
            made.relations(rng);
            // It reads, whatever function it calls.
            made.idempotent = true;
        }
        1 => {
            made.idempotent = false;
            made.words(
                ["TRUNCATE", "DROP TABLE", "CREATE INDEX ON", "USE"]
                    .choose(rng)
                    .unwrap_or(&"USE"),
            );
            made.table(rng);
        }
        2..=4 => {
            made.words("BEGIN");
            match rng.random_range(0..4) {
                0 => made.words("UNLOGGED"),
                1 => {
                    made.idempotent = false;
                    made.words("COUNTER");
                }
                _ => {}
            }
            made.words("BATCH");
            for _ in 0..rng.random_range(1..4) {
                made.write(rng);
                if rng.random() {
                    made.sign(";");
                }
            }
            made.words("APPLY BATCH");
        }
        _ => made.write(rng),
    }
    made
}
