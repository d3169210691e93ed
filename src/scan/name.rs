//! Names of tables and columns as a user writes them, and as they are sent.

use crate::cql::{Kind, Token, Tokens};
use crate::error::Error;

fn bad_name() -> Error {
    Error::invalid(
        "a table is named `table` or `keyspace.table`; names with capital letters or signs stand in double quotes",
    )
}

/// Keyspace, where it is named, and table: in lower case unless quoted, as in CQL.
pub(super) fn parse(text: &str) -> Result<(Option<String>, String), Error> {
    let tokens: Vec<Token<'_>> = Tokens::of(text).take(4).collect();
    match *tokens {
        [table] => Ok((None, name(table)?)),
        [keyspace, dot, table] if dot.kind == Kind::Sign('.') => Ok((Some(name(keyspace)?), name(table)?)),
        _ => Err(bad_name()),
    }
}

fn name(token: Token<'_>) -> Result<String, Error> {
    token
        .name()
        .filter(|name| !name.is_empty() && (token.kind == Kind::Quoted || name.is_ascii()))
        .ok_or_else(bad_name)
}

/// A name as it is sent: whatever it holds, it stays a name.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_in_cql() {
        let named = |keyspace: Option<&str>, table: &str| (keyspace.map(str::to_owned), table.to_owned());
        for (text, expected) in [
            ("Users", named(None, "users")),
            ("shop.users", named(Some("shop"), "users")),
            ("\"Shop\".\"U\"\"s\"", named(Some("Shop"), "U\"s")),
            (" shop.\"Users\" ", named(Some("shop"), "Users")),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        for text in [
            "", ".", "a.", ".a", "a.b.c", "a b", "a;b", "\"a", "\"\"", "a.\"b\"x", "ключ",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(quoted("U\"s"), "\"U\"\"s\"");
    }
}
