//! What can be read from the text of a statement: its verb, whether it is conditional, its table.
//!
//! Read once, when a statement is made. It is a reader of words and not a parser: the server judges the grammar. Where the
//! text is unclear the answer is the careful one. The words are those of [`crate::cql`].

use crate::cql::{Kind, Token, Tokens};
use crate::nature::Nature;

/// The first word of a statement, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Verb {
    Select,
    Insert,
    Update,
    Delete,
    Batch,
    UnloggedBatch,
    CounterBatch,
    Truncate,
    /// CREATE, ALTER, DROP, GRANT, REVOKE.
    Schema,
    Use,
    /// No text begins with it: the request that prepares one.
    Prepare,
    Other,
}

impl Verb {
    /// What OpenTelemetry calls `db.operation.name`.
    pub(crate) const fn operation(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Batch | Self::UnloggedBatch | Self::CounterBatch => "BATCH",
            Self::Truncate => "TRUNCATE",
            Self::Schema => "SCHEMA",
            Self::Use => "USE",
            Self::Prepare => "PREPARE",
            Self::Other => "OTHER",
        }
    }
}

/// What the text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextFacts {
    pub(crate) verb: Verb,
    /// It has an `IF` that makes it a lightweight transaction.
    pub(crate) conditional: bool,
    /// It is an UPDATE or a batch that adds or subtracts, as every write to a counter does.
    pub(crate) adds: bool,
    /// Keyspace, where the text names one, and table of a SELECT, INSERT, UPDATE, DELETE or TRUNCATE.
    pub(crate) table: Option<(Option<String>, String)>,
}

impl TextFacts {
    pub(crate) fn read(text: &str) -> Self {
        let mut words = Tokens::of(text);
        let first = words.next().and_then(Token::word).unwrap_or_default();
        let mut facts = Self {
            verb: Verb::Other,
            conditional: false,
            adds: false,
            table: None,
        };
        let is = |word: &str| first.eq_ignore_ascii_case(word);
        // The table stands behind the verb itself or behind a word that comes later.
        let mut table_follows = false;
        let mut introducer = "";
        facts.verb = if is("SELECT") {
            introducer = "FROM";
            Verb::Select
        } else if is("INSERT") {
            introducer = "INTO";
            Verb::Insert
        } else if is("UPDATE") {
            table_follows = true;
            Verb::Update
        } else if is("DELETE") {
            introducer = "FROM";
            Verb::Delete
        } else if is("TRUNCATE") {
            table_follows = true;
            Verb::Truncate
        } else if is("BEGIN") {
            Verb::Batch
        } else if is("USE") {
            Verb::Use
        } else if ["CREATE", "ALTER", "DROP", "GRANT", "REVOKE"]
            .iter()
            .any(|verb| is(verb))
        {
            Verb::Schema
        } else {
            Verb::Other
        };
        let mut previous_dot = false;
        let mut name: Option<(Option<String>, String)> = None;
        for token in words {
            match token.kind {
                Kind::Sign('.') => {
                    previous_dot = true;
                    continue;
                }
                Kind::Word if facts.verb == Verb::Truncate && name.is_none() && token.is_word("TABLE") => {
                    continue;
                }
                Kind::Word if facts.verb == Verb::Batch && token.is_word("UNLOGGED") => {
                    facts.verb = Verb::UnloggedBatch;
                }
                Kind::Word if facts.verb == Verb::Batch && token.is_word("COUNTER") => {
                    facts.verb = Verb::CounterBatch;
                }
                Kind::Word if token.is_word("IF") => {
                    facts.conditional |= !matches!(facts.verb, Verb::Schema | Verb::Select | Verb::Truncate);
                }
                Kind::Sign('+' | '-') => {
                    facts.adds |= matches!(
                        facts.verb,
                        Verb::Update | Verb::Batch | Verb::UnloggedBatch | Verb::CounterBatch
                    );
                }
                _ => {}
            }
            if table_follows && let Some(part) = token.name() {
                match &mut name {
                    None => name = Some((None, part)),
                    Some((keyspace @ None, table)) if previous_dot => {
                        *keyspace = Some(std::mem::replace(table, part));
                    }
                    Some(_) => table_follows = false,
                }
            } else if name.is_some() {
                table_follows = false;
            }
            previous_dot = false;
            if name.is_none() && !introducer.is_empty() && token.is_word(introducer) {
                table_follows = true;
            }
        }
        facts.table = name;
        facts
    }

    /// What kind of request it is, as far as its text tells. Counters cannot be told from the text.
    pub(crate) const fn nature(&self) -> Nature {
        match self.verb {
            Verb::Select => Nature::Read,
            Verb::Insert | Verb::Update | Verb::Delete | Verb::Batch | Verb::UnloggedBatch
                if self.conditional =>
            {
                Nature::Lwt
            }
            Verb::Insert | Verb::Update | Verb::Delete => Nature::Write,
            Verb::Batch => Nature::LoggedBatch,
            Verb::UnloggedBatch => Nature::UnloggedBatch,
            Verb::CounterBatch => Nature::CounterBatch,
            Verb::Truncate => Nature::Truncate,
            Verb::Schema => Nature::Schema,
            Verb::Prepare => Nature::Prepare,
            Verb::Use | Verb::Other => Nature::Other,
        }
    }
}

#[cfg(test)]
mod tests;
