//! Names of tables and columns as a user writes them, and as they are sent.

use crate::error::Error;

fn bad_name() -> Error {
    Error::invalid(
        "a table is named `table` or `keyspace.table`; names with capital letters or signs stand in double quotes",
    )
}

/// Keyspace, where it is named, and table: in lower case unless quoted, as in CQL.
pub(super) fn parse(text: &str) -> Result<(Option<String>, String), Error> {
    let (first, rest) = identifier(text.trim())?;
    let Some(rest) = rest.strip_prefix('.') else {
        return if rest.is_empty() {
            Ok((None, first))
        } else {
            Err(bad_name())
        };
    };
    match identifier(rest)? {
        (table, "") => Ok((Some(first), table)),
        _ => Err(bad_name()),
    }
}

/// The first name of a text, and what follows it.
fn identifier(text: &str) -> Result<(String, &str), Error> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return if name.is_empty() {
            Err(bad_name())
        } else {
            Ok((name.to_ascii_lowercase(), rest))
        };
    };
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('"').ok_or_else(bad_name)?;
        name.push_str(part);
        // A doubled quote is one of the name.
        match after.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None if name.is_empty() => return Err(bad_name()),
            None => return Ok((name, after)),
        }
    }
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
