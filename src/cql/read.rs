//! The tokens with one looked at ahead.

use super::{Kind, Token, Tokens};

/// Reads tokens one by one and can look at the next two.
pub(super) struct Reader<'a> {
    tokens: Tokens<'a>,
    next: Option<Token<'a>>,
}

impl<'a> Reader<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut tokens = Tokens::of(text);
        let next = tokens.next();
        Self { tokens, next }
    }

    pub(super) const fn peek(&self) -> Option<Token<'a>> {
        self.next
    }

    pub(super) fn take(&mut self) -> Option<Token<'a>> {
        std::mem::replace(&mut self.next, self.tokens.next())
    }

    /// Is the next one this word?
    pub(super) fn at_word(&self, word: &str) -> bool {
        self.next.is_some_and(|token| token.is_word(word))
    }

    /// Takes the next one if it is this word.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let is = self.at_word(word);
        if is {
            self.take();
        }
        is
    }

    /// Is the next one this sign?
    pub(super) fn at_sign(&self, sign: char) -> bool {
        self.next.is_some_and(|token| token.kind == Kind::Sign(sign))
    }

    /// Takes the next one if it is this sign.
    pub(super) fn sign(&mut self, sign: char) -> bool {
        let is = self.at_sign(sign);
        if is {
            self.take();
        }
        is
    }

    /// Takes the next one if it is a name: a quoted one, or a word that is not reserved.
    pub(super) fn name(&mut self) -> Option<Token<'a>> {
        self.next
            .filter(|token| token.is_name() && !is_reserved(*token))?;
        self.take()
    }
}

/// Words of the statements read here that cannot be names without quotes.
const RESERVED: [&str; 22] = [
    "and", "apply", "batch", "begin", "delete", "from", "if", "in", "insert", "into", "is", "not", "null",
    "or", "select", "set", "token", "truncate", "unlogged", "update", "using", "where",
];

fn is_reserved(token: Token<'_>) -> bool {
    RESERVED.iter().any(|word| token.is_word(word))
}
