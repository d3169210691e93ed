//! The normalised text: one way to set spaces, and the hash of what was written.

use std::hash::Hasher;

use fnv::FnvHasher;

use super::super::{Kind, Token};
use super::Fingerprint;

/// Writes tokens. Where spaces stand depends on the tokens alone.
#[derive(Default)]
pub(super) struct Writer {
    text: String,
    cut: bool,
    hash: FnvHasher,
    before: Option<Before>,
}

#[derive(Clone, Copy)]
struct Before {
    kind: Kind,
    /// A word behind which a parenthesis has a space before it: it is no function.
    keyword: bool,
}

impl Writer {
    pub(super) fn put(&mut self, token: Token<'_>) {
        if self.before.is_some_and(|before| spaced(before, token.kind)) {
            self.write(" ");
        }
        match token.kind {
            Kind::Word if token.text.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                self.write(&token.text.to_ascii_lowercase());
            }
            _ => self.write(token.text),
        }
        let keyword = ["values", "in", "and", "or", "where", "key", "by"]
            .iter()
            .any(|word| token.is_word(word));
        self.before = Some(Before {
            kind: token.kind,
            keyword,
        });
    }

    fn write(&mut self, part: &str) {
        self.hash.write(part.as_bytes());
        if self.cut {
            return;
        }
        let room = Fingerprint::MAX_TEXT - self.text.len();
        if part.len() <= room {
            self.text.push_str(part);
        } else {
            let end = (0..=room).rev().find(|at| part.is_char_boundary(*at));
            self.text.push_str(&part[..end.unwrap_or(0)]);
            self.text.push('…');
            self.cut = true;
        }
    }

    pub(super) fn finish(self) -> (String, u64) {
        (self.text, self.hash.finish())
    }
}

fn spaced(before: Before, kind: Kind) -> bool {
    let name = matches!(before.kind, Kind::Word | Kind::Quoted);
    match (before.kind, kind) {
        (Kind::Sign('(' | '[' | '{' | '.'), _) => false,
        (_, Kind::Sign(',' | ';' | ')' | ']' | '}' | '.' | ':')) => false,
        (_, Kind::Sign('(')) => !name || before.keyword,
        (_, Kind::Sign('[')) => !name,
        // `<=`, `>=`, `!=`, `+=`, `-=`
        (Kind::Sign('<' | '>' | '!' | '+' | '-'), Kind::Sign('=')) => false,
        _ => true,
    }
}
