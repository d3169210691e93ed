//! The same statement with other values has the same fingerprint.

mod writer;

use std::fmt;
use std::sync::Arc;

use super::{Kind, Token, Tokens};
use writer::Writer;

/// A statement without its values: a readable text and a hash of it.
///
/// Equal for statements that differ only in literals, markers, white space, comments, a semicolon at the end and the case of words outside of quotes; different for another verb,
/// table or column.
///
/// * Literals and markers are `?`, also those of lists, sets and maps as a whole. So a text with a password has a fingerprint without.
/// * A list behind `IN` is `(?)`, however long it is.
/// * Words are lower case. Quoted names are kept as written: `"Users"` and `"users"` are two tables.
///
/// Both are the same in every process and in every version of this crate with the same major number, so they can be stored and compared. There is no bound on how
/// many different fingerprints an application has: do not make it a label of a metric.
///
/// ```
/// use tower_cassandra::cql::Fingerprint;
///
/// let one = Fingerprint::of("SELECT name FROM Users WHERE id IN (1, 2) AND town = 'Ulm'");
/// assert_eq!(one.text(), "select name from users where id in (?) and town = ?");
/// assert_eq!(one, Fingerprint::of("select name from users where id in (?) and town = :town"));
/// assert_eq!(one.to_string().len(), 16);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    text: Arc<str>,
    hash: u64,
}

impl Fingerprint {
    /// Bytes of readable text that are kept at most; the hash is of the whole.
    pub const MAX_TEXT: usize = 2_048;

    /// The fingerprint of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut writer = Writer::default();
        normalise(text, &mut writer);
        Self::written(writer)
    }

    /// The fingerprint of a batch: its kind (`begin batch`, …) and its members in their order. One that repeats the member before
    /// it is left out, so that the number of rows does not matter.
    pub(crate) fn of_batch<'a>(begin: &str, members: impl Iterator<Item = &'a str>) -> Self {
        let mut writer = Writer::default();
        normalise(begin, &mut writer);
        let mut before = None;
        for member in members {
            let hash = Self::of(member).hash;
            if before.replace(hash) != Some(hash) {
                normalise(member, &mut writer);
                writer.put(Token {
                    kind: Kind::Sign(';'),
                    text: ";",
                });
            }
        }
        normalise("apply batch", &mut writer);
        Self::written(writer)
    }

    fn written(writer: Writer) -> Self {
        let (text, hash) = writer.finish();
        Self {
            text: text.into(),
            hash,
        }
    }

    /// The readable text, cut off with a `…` if it is longer than [`MAX_TEXT`](Self::MAX_TEXT) bytes.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The 64-bit FNV-1a hash of the readable text, before it is cut off.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }
}

/// The hash in 16 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.hash)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self}, {:?})", self.text)
    }
}

fn normalise(text: &str, writer: &mut Writer) {
    let mut tokens = Tokens::of(text);
    // What the token before means for the one that follows.
    let mut before: Option<Token<'_>> = None;
    // Several are one, and at the end they mean nothing.
    let mut semicolon = None;
    while let Some(token) = tokens.next() {
        if token.kind == Kind::Sign(';') {
            (semicolon, before) = (Some(token), Some(token));
            continue;
        }
        if let Some(semicolon) = semicolon.take() {
            writer.put(semicolon);
        }
        let value_follows = value_follows(before);
        let written = match token.kind {
            // A string without an end may hold anything.
            Kind::Marker | Kind::Text | Kind::Number | Kind::Uuid | Kind::Blob | Kind::Unfinished => VALUE,
            Kind::Word if token.is_constant() && !keeps_null(before) => VALUE,
            // A sign in front of a number is part of it where nothing stands before that it could connect.
            Kind::Sign('-' | '+') if value_follows && number_follows(tokens) => continue,
            Kind::Sign('[' | '{') if value_follows => match past_group(tokens) {
                Some(rest) => {
                    tokens = rest;
                    VALUE
                }
                None => token,
            },
            Kind::Sign('(') if before.is_some_and(|before| before.is_word("in")) => {
                match past_group(tokens) {
                    Some(rest) => {
                        tokens = rest;
                        writer.put(token);
                        writer.put(VALUE);
                        Token {
                            kind: Kind::Sign(')'),
                            text: ")",
                        }
                    }
                    None => token,
                }
            }
            _ => token,
        };
        writer.put(written);
        before = Some(written);
    }
}

const VALUE: Token<'static> = Token {
    kind: Kind::Marker,
    text: "?",
};

/// May a value stand behind this token, so that a sign or a bracket behind it does not connect to it?
fn value_follows(before: Option<Token<'_>>) -> bool {
    before.is_some_and(|before| match before.kind {
        Kind::Sign(sign) => !matches!(sign, ')' | ']' | '}'),
        Kind::Word => ["ttl", "timestamp", "limit", "in", "json", "contains", "key"]
            .iter()
            .any(|word| before.is_word(word)),
        _ => false,
    })
}

/// `NOT NULL` and `DEFAULT NULL` are no values.
fn keeps_null(before: Option<Token<'_>>) -> bool {
    before.is_some_and(|before| before.is_word("not") || before.is_word("default"))
}

fn number_follows(mut tokens: Tokens<'_>) -> bool {
    tokens
        .next()
        .is_some_and(|token| token.kind == Kind::Number || token.is_constant())
}

/// What follows the brackets that are open at `tokens`, if there are nothing but values in them. Looks at no more than 32
/// brackets in each other: a token is looked at that often at most.
fn past_group(mut tokens: Tokens<'_>) -> Option<Tokens<'_>> {
    let mut depth = 1_u32;
    loop {
        let token = tokens.next()?;
        match token.kind {
            Kind::Sign('(' | '[' | '{') => depth += 1,
            Kind::Sign(')' | ']' | '}') => depth -= 1,
            Kind::Sign(',' | ':' | '-' | '+') | Kind::Marker => {}
            _ if token.is_literal() || token.is_constant() => {}
            _ => return None,
        }
        match depth {
            0 => return Some(tokens),
            1..=32 => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests;
