//! May a statement be sent twice? Read from its text alone.

mod term;
mod write;

use std::fmt;

use super::read::Reader;
use super::{Kind, Tokens};

/// What the text of a statement says about sending it twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idempotence {
    /// Sent twice, it leaves what it leaves when sent once.
    Yes,
    /// It does not, or the text does not tell.
    No(Doubt),
}

impl Idempotence {
    /// Is it [`Idempotence::Yes`]?
    #[must_use]
    pub const fn is_yes(self) -> bool {
        matches!(self, Self::Yes)
    }
}

/// Why a text does not count as idempotent: the first reason met, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Doubt {
    /// It has an `IF`: the second time the condition meets what the first time left.
    Condition,
    /// It calls a function, such as `now()` or `uuid()`; which ones give the same twice is not known.
    Function,
    /// It adds to or takes from a column that may be a counter or a list.
    Arithmetic,
    /// It writes what may be a list as a whole. Twice with the same timestamp doubles it: the server replaces only what is
    /// older.
    List,
    /// It sets or deletes one element by an index that may be that of a list.
    Element,
    /// It is a batch of counters.
    Counter,
    /// It is no SELECT, INSERT, UPDATE, DELETE or batch of these: DDL, TRUNCATE, roles and permissions.
    Verb,
    /// It is not understood: something new, something wrong, or nesting of more than 32 brackets.
    Unclear,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Condition => "it has a condition",
            Self::Function => "it calls a function",
            Self::Arithmetic => "it changes what may be a counter or a list by what it was before",
            Self::List => "it writes what may be a list as a whole",
            Self::Element => "it changes an element by an index that may be that of a list",
            Self::Counter => "it is a batch of counters",
            Self::Verb => "it is no SELECT, INSERT, UPDATE, DELETE or batch",
            Self::Unclear => "its text is not understood",
        })
    }
}

/// Reads from its text whether a statement is idempotent. Careful: `Yes` only where the text leaves no doubt.
///
/// | text | verdict |
/// |---|---|
/// | SELECT | yes: it changes nothing |
/// | INSERT and UPDATE of literals and markers (`?`, `:name`), DELETE of rows and columns | yes |
/// | `s = s + {…}`, `s = s - {…}`, `s += {…}`: braces are a set or a map, never a list | yes |
/// | `l = l - […]`: what is gone stays gone | yes |
/// | `m['key'] = …`, `DELETE m['key']`: the key is a string, a UUID or a blob, so `m` is no list | yes |
/// | `l[0] = …`, `DELETE l[?]`: could be a list | no |
/// | `l = l + […]`, `l = […] + l`, `l += …`, `c = c + 1`, `x = x + ?` | no |
/// | `l = […]`, INSERT of `[…]` or of JSON: a list written twice with the same timestamp has its elements twice | no |
/// | any function: `now()`, `uuid()`, `my_function(?)`, also in WHERE | no |
/// | `IF` | no |
/// | a batch | yes if all its members are; no if it is a counter batch |
/// | DDL, TRUNCATE, `USE`, roles, anything that is not understood | no |
///
/// It is about the statement alone: whether another client wrote in between, and whose write wins, is decided by timestamps. Sessions stamp
/// statements by default once per call, so that a repeated one never hides a newer write.
///
/// What the text cannot tell it does not tell: a marker may be a list, and a DELETE may be from a table with counters. The session knows the types and the schema
/// and asks them as well; see [`ClusterBuilder::infer_idempotence`](crate::ClusterBuilder::infer_idempotence), which is how to have every unmarked statement read.
///
/// ```
/// use tower_cassandra::cql::{Doubt, Idempotence, idempotence};
///
/// assert!(idempotence("UPDATE users SET name = ? WHERE id = ?").is_yes());
/// let doubt = idempotence("INSERT INTO events (id, text) VALUES (uuid(), ?)");
/// assert_eq!(doubt, Idempotence::No(Doubt::Function));
/// ```
#[must_use]
pub fn idempotence(text: &str) -> Idempotence {
    match whole(text) {
        Ok(()) => Idempotence::Yes,
        Err(doubt) => Idempotence::No(doubt),
    }
}

/// What a part of the text says: nothing against it, or why not.
type Verdict = Result<(), Doubt>;

fn whole(text: &str) -> Verdict {
    let mut reader = Reader::of(text);
    if reader.at_word("SELECT") {
        return select(text);
    }
    if reader.word("BEGIN") {
        batch(&mut reader)?;
    } else {
        write::statement(&mut reader)?;
    }
    while reader.sign(';') {}
    match reader.peek() {
        None => Ok(()),
        Some(_) => Err(Doubt::Unclear),
    }
}

/// Whatever it selects, it changes nothing. A second statement behind it would.
fn select(text: &str) -> Verdict {
    let mut ended = false;
    for token in Tokens::of(text) {
        match token.kind {
            Kind::Unfinished => return Err(Doubt::Unclear),
            Kind::Sign(';') => ended = true,
            _ if ended => return Err(Doubt::Unclear),
            _ => {}
        }
    }
    Ok(())
}

fn batch(reader: &mut Reader<'_>) -> Verdict {
    if reader.at_word("COUNTER") {
        return Err(Doubt::Counter);
    }
    reader.word("UNLOGGED");
    if !reader.word("BATCH") {
        return Err(Doubt::Unclear);
    }
    write::using(reader)?;
    while !reader.word("APPLY") {
        write::statement(reader)?;
        reader.sign(';');
    }
    if reader.word("BATCH") {
        Ok(())
    } else {
        Err(Doubt::Unclear)
    }
}

#[cfg(test)]
mod tests;
