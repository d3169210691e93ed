//! The tokens of CQL text: words, literals, markers and signs.

use super::literal;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword or a name, as written.
    Word,
    /// A name between double quotes, quotes included.
    Quoted,
    /// A string between single quotes or `$$`, quotes included.
    Text,
    /// A number or a duration, without sign.
    Number,
    Uuid,
    Blob,
    /// `?` or `:name`.
    Marker,
    /// Any other character.
    Sign(char),
    /// A string, a quoted name or a comment without an end. Nothing follows it.
    Unfinished,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
}

impl<'a> Token<'a> {
    /// The word it is; none for anything else, also for a quoted one.
    pub(crate) fn word(self) -> Option<&'a str> {
        (self.kind == Kind::Word).then_some(self.text)
    }

    pub(crate) fn is_word(self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(crate) fn is_name(self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }

    /// The name as the server knows it: lower case unless quoted.
    pub(crate) fn name(self) -> Option<String> {
        match self.kind {
            Kind::Word => Some(self.text.to_ascii_lowercase()),
            Kind::Quoted => {
                let inside = self.text.strip_prefix('"')?.strip_suffix('"')?;
                Some(inside.replace("\"\"", "\""))
            }
            _ => None,
        }
    }

    /// Is it a literal by its form? `null`, `true` and their like are words.
    pub(crate) const fn is_literal(self) -> bool {
        matches!(self.kind, Kind::Text | Kind::Number | Kind::Uuid | Kind::Blob)
    }

    /// Is it a word that stands for a value?
    pub(crate) fn is_constant(self) -> bool {
        self.word().is_some_and(|word| {
            ["null", "true", "false", "nan", "infinity"]
                .iter()
                .any(|constant| word.eq_ignore_ascii_case(constant))
        })
    }
}

/// The tokens of a text, without white space and comments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tokens<'a> {
    rest: &'a str,
    braces: Braces,
    /// Does the token before end a value or name one, so that a `:` inside of braces separates?
    after_value: bool,
}

/// Which of the open brackets are braces: only inside of `{…}` a `:` is not always the beginning of a marker. Deeper than
/// it can count, no `:` is taken for a marker any more; nobody who reads tokens follows so deep.
#[derive(Clone, Copy, Debug, Default)]
struct Braces {
    /// One bit for each open bracket, the innermost lowest.
    braces: u64,
    depth: u32,
}

impl Braces {
    fn follow(&mut self, sign: char) {
        match sign {
            '(' | '[' | '{' => {
                self.braces = self.braces << 1 | u64::from(sign == '{');
                self.depth = self.depth.saturating_add(1);
            }
            ')' | ']' | '}' => {
                self.braces >>= 1;
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
    }

    const fn inside(self) -> bool {
        self.braces & 1 == 1 || self.depth > u64::BITS
    }
}

impl<'a> Tokens<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self {
            rest: text,
            braces: Braces::default(),
            after_value: false,
        }
    }

    fn take(&mut self, kind: Kind, length: usize) -> Token<'a> {
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.after_value = !matches!(kind, Kind::Sign('{' | ',' | ':'));
        Token { kind, text }
    }

    /// Takes what stands between two delimiters, both included; a doubled end delimiter is part of it if `doubled`.
    fn delimited(&mut self, kind: Kind, open: usize, close: &str, doubled: bool) -> Token<'a> {
        let mut from = open;
        while let Some(found) = self.rest.get(from..).and_then(|rest| rest.find(close)) {
            let end = from + found + close.len();
            if doubled && self.rest[end..].starts_with(close) {
                from = end + close.len();
            } else {
                return self.take(kind, end);
            }
        }
        self.take(Kind::Unfinished, self.rest.len())
    }

    /// Passes white space and comments. A comment without an end is a token.
    fn pass(&mut self) -> Option<Token<'a>> {
        loop {
            let bytes = self.rest.as_bytes();
            match bytes {
                [b' ' | b'\t' | b'\n' | b'\r', ..] => self.rest = &self.rest[1..],
                [b'-', b'-', ..] | [b'/', b'/', ..] => {
                    let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
                    self.rest = &self.rest[end..];
                }
                [b'/', b'*', ..] => match self.rest[2..].find("*/") {
                    Some(found) => self.rest = &self.rest[found + 4..],
                    None => return Some(self.take(Kind::Unfinished, self.rest.len())),
                },
                _ => {
                    let trimmed = self.rest.trim_start();
                    if trimmed.len() == self.rest.len() {
                        return None;
                    }
                    self.rest = trimmed;
                }
            }
        }
    }

    /// After a `:`: the name of a marker, if one follows.
    fn named_marker(&mut self) -> Option<Token<'a>> {
        if self.braces.inside() && self.after_value {
            return None;
        }
        let mut ahead = Self {
            rest: &self.rest[1..],
            ..*self
        };
        if ahead.pass().is_some() || !ahead.rest.starts_with(|c: char| c.is_alphabetic() || c == '"') {
            return None;
        }
        let name = ahead.next().filter(|token| token.is_name())?;
        self.rest = ahead.rest;
        self.after_value = true;
        Some(Token {
            kind: Kind::Marker,
            text: name.text,
        })
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(unfinished) = self.pass() {
            return Some(unfinished);
        }
        let rest = self.rest;
        let bytes = rest.as_bytes();
        let first = rest.chars().next()?;
        if let Some(length) = literal::uuid(bytes) {
            return Some(self.take(Kind::Uuid, length));
        }
        let token = match first {
            '\'' => self.delimited(Kind::Text, 1, "'", true),
            '$' if rest.starts_with("$$") => self.delimited(Kind::Text, 2, "$$", false),
            '"' => self.delimited(Kind::Quoted, 1, "\"", true),
            '?' => self.take(Kind::Marker, 1),
            '0' if matches!(bytes.get(1), Some(b'x' | b'X')) => self.take(Kind::Blob, literal::word(rest)),
            '0'..='9' => self.take(Kind::Number, literal::number(rest)),
            _ if first.is_alphanumeric() || first == '_' => match literal::iso_duration(bytes) {
                Some(length) => self.take(Kind::Number, length),
                None => self.take(Kind::Word, literal::word(rest)),
            },
            _ => {
                if first == ':'
                    && let Some(marker) = self.named_marker()
                {
                    return Some(marker);
                }
                self.braces.follow(first);
                self.take(Kind::Sign(first), first.len_utf8())
            }
        };
        Some(token)
    }
}

#[cfg(test)]
mod tests;
