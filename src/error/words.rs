//! The words of a server, for the log of a service.

use super::Error;
use crate::cql::{Kind, Tokens};

/// Bytes of a message that are logged at most.
const LONGEST: usize = 1_024;
/// Longer messages, and those about longer statements, are left out: looking for literals would take milliseconds.
const LONGEST_MESSAGE: usize = 4 * 1_024;
const LONGEST_STATEMENT: usize = 16 * 1_024;
/// What stands in place of a literal.
const BLANK: &str = "?";

impl Error {
    /// What the server said, in which every literal of the statement is a `?`: it may quote them.
    ///
    /// None where there was no answer; where no statement is known, so that nobody can say what is quoted; where the text has to do with passwords; and
    /// for functions of users, whose words may be anything that they were given.
    pub(crate) fn words_for_log(&self) -> Option<String> {
        let message = self.message()?;
        if self.function().is_some() || message.len() > LONGEST_MESSAGE {
            return None;
        }
        let mut words = message.to_owned();
        let (mut length, mut is_secret) = (0, false);
        self.0.subject.as_ref()?.for_each_text(&mut |text| {
            length += text.len();
            is_secret |= length > LONGEST_STATEMENT || blank(&mut words, text);
        });
        words.truncate(shorten(&words));
        (!is_secret).then_some(words)
    }
}

/// Where to cut it off.
fn shorten(text: &str) -> usize {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// Blanks the literals of a statement. True if the statement has to do with a password.
fn blank(words: &mut String, statement: &str) -> bool {
    for token in Tokens::of(statement) {
        if token
            .word()
            .is_some_and(|word| contains(word, "password") || contains(word, "identified"))
        {
            return true;
        }
        if token.is_literal() || token.kind == Kind::Unfinished {
            let inside = token.text.trim_matches(['\'', '"', '$', '/', '*']);
            let spoken = inside.replace("''", "'");
            replace(words, token.text);
            if inside != token.text {
                replace(words, inside);
            }
            if spoken != inside {
                replace(words, &spoken);
            }
        }
    }
    false
}

fn contains(text: &str, part: &str) -> bool {
    text.to_ascii_lowercase().contains(part)
}

/// Replaces a literal, in upper or lower case, where it is not a part of something longer.
fn replace(words: &mut String, literal: &str) {
    if literal.is_empty() || literal.len() > words.len() {
        return;
    }
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let sought = literal.to_ascii_lowercase();
    let mut from = 0;
    // Of the same length: only ASCII is changed.
    while let Some(at) = words.to_ascii_lowercase()[from..].find(&sought) {
        let (start, end) = (from + at, from + at + sought.len());
        let begins =
            literal.starts_with(char::is_alphanumeric) && is_part(words[..start].chars().next_back());
        let goes_on = literal.ends_with(char::is_alphanumeric) && is_part(words[end..].chars().next());
        if begins || goes_on {
            from = start + words[start..].chars().next().map_or(1, char::len_utf8);
        } else {
            words.replace_range(start..end, BLANK);
            from = start + BLANK.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str, statement: &str) -> Option<String> {
        let mut words = message.to_owned();
        (!blank(&mut words, statement)).then_some(words)
    }

    #[test]
    fn literals_of_the_statement_are_blanked_wherever_the_server_quotes_them() {
        for (message, statement, logged) in [
            (
                "unconfigured table no_such",
                "SELECT v FROM no_such WHERE id = 'no'",
                "unconfigured table no_such",
            ),
            (
                "Invalid STRING constant (sesame) for \"id\" of type uuid",
                "SELECT v FROM t WHERE id = 'sesame'",
                "Invalid STRING constant (?) for \"id\" of type uuid",
            ),
            (
                "line 1:40 no viable alternative at input 'it''s' (... WHERE id = ['it''s'] x...)",
                "SELECT v FROM t WHERE id = 'it''s' x",
                "line 1:40 no viable alternative at input ? (... WHERE id = [?] x...)",
            ),
            ("it's (it's)", "SELECT v FROM t WHERE id = 'it''s'", "? (?)"),
            (
                "of 4111, not 41111 or x4111",
                "UPDATE t SET v = 4111",
                "of ?, not 41111 or x4111",
            ),
            ("at 'abc", "SELECT v FROM t WHERE id = 'abc", "at ?"),
            ("0xCAFE is none", "SELECT v FROM t WHERE id = 0xcafe", "? is none"),
            ("a $$b$$ b ä", "SELECT $$b$$", "a ? ? ä"),
        ] {
            assert_eq!(said(message, statement).as_deref(), Some(logged), "{statement}");
        }
    }

    #[test]
    fn words_about_passwords_are_left_out_and_long_ones_are_cut_off_between_characters() {
        for statement in [
            "CREATE ROLE a WITH PASSWORD = sesame",
            "ALTER USER a WITH HASHED  password 'sesame'",
            "ALTER ROLE a WITH Options = {} AND PASSWORD",
        ] {
            assert_eq!(said("mismatched input 'sesame'", statement), None);
        }
        assert_eq!(shorten(&"ä".repeat(LONGEST)), LONGEST);
        assert_eq!(shorten(&format!("a{}", "ä".repeat(LONGEST))), LONGEST - 1);
        assert_eq!((shorten("short"), shorten("")), (5, 0));
    }
}
