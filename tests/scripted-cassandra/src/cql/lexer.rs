use uuid::Uuid;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A word in lower case, or a quoted name as it is.
    Word(String),
    Quoted(String),
    Text(String),
    Number(String),
    Uuid([u8; 16]),
    Blob(Vec<u8>),
    /// A marker, with its name if it has one.
    Marker(Option<String>),
    Symbol(char),
    /// `<=`, `>=` or `!=`.
    Compare(&'static str),
}

/// The tokens of a text, or what is wrong with it.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if rest.starts_with("--") || rest.starts_with("//") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").ok_or("a comment without an end")?;
            (None, end + 2)
        } else {
            let (token, length) = token(rest, first)?;
            (Some(token), length)
        };
        tokens.extend(token);
        rest = &rest[length..];
    }
    Ok(tokens)
}

fn token(rest: &str, first: char) -> Result<(Token, usize), String> {
    if let Some(id) = rest.get(..36).and_then(uuid) {
        return Ok((Token::Uuid(id), 36));
    }
    match first {
        '\'' => quoted(rest, '\'').map(|(text, length)| (Token::Text(text), length)),
        '"' => quoted(rest, '"').map(|(text, length)| (Token::Quoted(text), length)),
        '$' if rest.starts_with("$$") => {
            let end = rest[2..].find("$$").ok_or("a text without an end")?;
            Ok((Token::Text(rest[2..2 + end].to_owned()), end + 4))
        }
        '?' => Ok((Token::Marker(None), 1)),
        ':' => {
            let name = word(&rest[1..]);
            if name.is_empty() {
                Ok((Token::Symbol(':'), 1))
            } else {
                Ok((Token::Marker(Some(name.to_lowercase())), 1 + name.len()))
            }
        }
        '<' if rest.starts_with("<=") => Ok((Token::Compare("<="), 2)),
        '>' if rest.starts_with(">=") => Ok((Token::Compare(">="), 2)),
        '!' if rest.starts_with("!=") => Ok((Token::Compare("!="), 2)),
        '0' if rest.starts_with("0x") || rest.starts_with("0X") => blob(rest),
        first if first.is_ascii_digit() => Ok(number(rest)),
        first if first.is_alphabetic() || first == '_' => {
            let word = word(rest);
            Ok((Token::Word(word.to_lowercase()), word.len()))
        }
        first if first.is_ascii_punctuation() => Ok((Token::Symbol(first), 1)),
        other => Err(format!("no viable alternative at character {other:?}")),
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    &text[..end.unwrap_or(text.len())]
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    Uuid::try_parse(text).ok().map(Uuid::into_bytes)
}

/// A text in quotes, where two of them mean one, and its length with them.
fn quoted(rest: &str, quote: char) -> Result<(String, usize), String> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        let end = at + rest[at..].find(quote).ok_or("a text without an end")?;
        text.push_str(&rest[at..end]);
        at = end + 1;
        if !rest[at..].starts_with(quote) {
            return Ok((text, at));
        }
        text.push(quote);
        at += 1;
    }
}

fn blob(rest: &str) -> Result<(Token, usize), String> {
    let digits = word(&rest[2..]);
    let length = 2 + digits.len();
    let pairs = digits.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    match bytes {
        Some(bytes) if digits.len().is_multiple_of(2) => Ok((Token::Blob(bytes), length)),
        _ => Err(format!("not a blob: 0x{digits}")),
    }
}

fn number(rest: &str) -> (Token, usize) {
    let mut previous = '0';
    let end = rest.find(|c: char| {
        let inside = c.is_ascii_alphanumeric() || c == '.' || ("+-".contains(c) && "eE".contains(previous));
        previous = c;
        !inside
    });
    let end = end.unwrap_or(rest.len());
    (Token::Number(rest[..end].to_owned()), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_names_and_markers_are_told_apart() {
        let found =
            tokens("SELECT \"Aa\" -- no\n FROM t WHERE b='it''s' AND c=:Name /* ? */ AND d<=?").unwrap();
        let word = |text: &str| Token::Word(text.to_owned());
        assert_eq!(found[1], Token::Quoted("Aa".into()));
        assert_eq!(found[2..5], [word("from"), word("t"), word("where")]);
        assert_eq!(found[7], Token::Text("it's".into()));
        assert_eq!(found[11], Token::Marker(Some("name".into())));
        assert_eq!(found[14..], [Token::Compare("<="), Token::Marker(None)]);
    }

    #[test]
    fn numbers_blobs_and_ids_are_told_apart() {
        let found = tokens("1.5e-3 0x0aFF 50554d6e-29bb-11e5-b345-feff819cdc9f 12").unwrap();
        assert_eq!(found[0], Token::Number("1.5e-3".into()));
        assert_eq!(found[1], Token::Blob(vec![0x0A, 0xFF]));
        assert!(matches!(found[2], Token::Uuid(id) if id[0] == 0x50));
        assert_eq!(found[3], Token::Number("12".into()));
        assert!(tokens("0xabc").is_err());
        assert!(tokens("'open").is_err());
    }
}
