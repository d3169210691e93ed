//! What can be read from the text of a statement: its verb, whether it is conditional, its table.
//!
//! Read once, when a statement is made. It is a reader of words and not a parser: the server judges the grammar. Where the
//! text is unclear the answer is the careful one.

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
    Other,
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
        let mut words = Words { rest: text };
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
            match token {
                Token::Symbol('.') => {
                    previous_dot = true;
                    continue;
                }
                Token::Word(word)
                    if facts.verb == Verb::Truncate
                        && name.is_none()
                        && word.eq_ignore_ascii_case("TABLE") =>
                {
                    continue;
                }
                Token::Word(word) if facts.verb == Verb::Batch && word.eq_ignore_ascii_case("UNLOGGED") => {
                    facts.verb = Verb::UnloggedBatch;
                }
                Token::Word(word) if facts.verb == Verb::Batch && word.eq_ignore_ascii_case("COUNTER") => {
                    facts.verb = Verb::CounterBatch;
                }
                Token::Word(word) if word.eq_ignore_ascii_case("IF") => {
                    facts.conditional |= !matches!(facts.verb, Verb::Schema | Verb::Select | Verb::Truncate);
                }
                Token::Symbol('+' | '-') => {
                    facts.adds |= matches!(
                        facts.verb,
                        Verb::Update | Verb::Batch | Verb::UnloggedBatch | Verb::CounterBatch
                    );
                }
                Token::Word(_) | Token::Quoted(_) => {}
                Token::Symbol(_) | Token::Literal => {}
            }
            if let (true, Some(part)) = (table_follows, token.identifier()) {
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
}

#[derive(Clone, Copy, Debug)]
enum Token<'a> {
    Word(&'a str),
    /// Between double quotes, quotes included.
    Quoted(&'a str),
    /// A string, a number or a UUID.
    Literal,
    Symbol(char),
}

impl<'a> Token<'a> {
    const fn word(self) -> Option<&'a str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Quoted(_) | Self::Literal | Self::Symbol(_) => None,
        }
    }

    fn is_word(self, other: &str) -> bool {
        self.word().is_some_and(|word| word.eq_ignore_ascii_case(other))
    }

    /// The name as the server knows it: lower case unless quoted.
    fn identifier(self) -> Option<String> {
        match self {
            Self::Word(word) => Some(word.to_ascii_lowercase()),
            Self::Quoted(quoted) => Some(quoted.trim_matches('"').replace("\"\"", "\"")),
            Self::Literal | Self::Symbol(_) => None,
        }
    }
}

/// The tokens of a text, without white space and comments.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// Takes what stands between two delimiters, both included; a doubled end delimiter of one character is part of it.
    fn delimited(&mut self, open: usize, close: &str, doubled: bool) -> &'a str {
        let mut from = open;
        while let Some(found) = self.rest.get(from..).and_then(|rest| rest.find(close)) {
            let end = from + found + close.len();
            if doubled && self.rest[end..].starts_with(close) {
                from = end + close.len();
            } else {
                return self.take(end);
            }
        }
        self.take(self.rest.len())
    }
}

/// The length of a UUID as text.
const UUID: usize = 36;

/// Its hyphens are no subtraction.
fn starts_with_uuid(text: &str) -> bool {
    text.as_bytes().get(..UUID).is_some_and(|bytes| {
        bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    })
}

impl<'a> Iterator for Words<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            self.rest = self.rest.trim_start();
            let first = self.rest.chars().next()?;
            if self.rest.starts_with("--") || self.rest.starts_with("//") {
                let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
                self.take(end);
            } else if self.rest.starts_with("/*") {
                self.delimited(2, "*/", false);
            } else if first == '\'' {
                self.delimited(1, "'", true);
                return Some(Token::Literal);
            } else if self.rest.starts_with("$$") {
                self.delimited(2, "$$", false);
                return Some(Token::Literal);
            } else if first == '"' {
                return Some(Token::Quoted(self.delimited(1, "\"", true)));
            } else if starts_with_uuid(self.rest) {
                self.take(UUID);
                return Some(Token::Literal);
            } else if first.is_alphanumeric() || first == '_' {
                let end = self
                    .rest
                    .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .unwrap_or(self.rest.len());
                let word = self.take(end);
                let literal = first.is_ascii_digit();
                return Some(if literal {
                    Token::Literal
                } else {
                    Token::Word(word)
                });
            } else {
                self.take(first.len_utf8());
                return Some(Token::Symbol(first));
            }
        }
    }
}

#[cfg(test)]
mod tests;
