//! What speaks against sending a text twice, by a rule that shares nothing with what it checks: strings and comments are
//! blanked out, and the rest is searched for what is not harmless.

/// A word (lower case), a blanked literal or a sign.
type Part = String;

const STRING: &str = "'s'";
const NAME: &str = "\"q\"";
const NUMBER: &str = "0";
const KEY: &str = "0xk";

/// Why it must not count as idempotent, if there is a reason.
pub(crate) fn against(text: &str) -> Option<&'static str> {
    let Some(parts) = parts(&text.chars().collect::<Vec<_>>()) else {
        return Some("something has no end");
    };
    let at = |index: usize| parts.get(index).map_or("", String::as_str);
    let end = parts.iter().position(|part| part == ";").unwrap_or(parts.len());
    let more = parts[end..].iter().any(|part| part != ";");
    match at(0) {
        "select" => return more.then_some("a second statement follows"),
        "begin" if parts.iter().any(|part| part == "batch") => {
            if at(1) == "counter" {
                return Some("a batch of counters");
            }
        }
        "insert" | "update" | "delete" => {
            if more {
                return Some("a second statement follows");
            }
        }
        _ => return Some("the verb"),
    }
    for index in 1..parts.len() {
        let (before, this, next) = (at(index - 1), at(index), at(index + 1));
        if this == "if" && before != ":" {
            return Some("a condition");
        }
        if this == "(" && is_name(before) && !["values", "in", "and", "where"].contains(&before) {
            // The columns of an INSERT.
            let table = if index >= 4 && at(index - 2) == "." {
                index - 4
            } else {
                index.saturating_sub(2)
            };
            if at(table) != "into" {
                return Some("a function");
            }
        }
        if this == "["
            && is_name(before)
            && before != "in"
            && !is_constant(before)
            && at(index.wrapping_sub(2)) != ":"
        {
            let key = next == STRING || next == KEY;
            if !key || at(index + 2) != "]" {
                return Some("an element");
            }
        }
        if this == "json" && ["into", "."].contains(&at(index.wrapping_sub(2))) {
            return Some("JSON");
        }
        if this == "[" && before == "=" && at(index.wrapping_sub(2)) != "-" {
            return Some("a list as a whole");
        }
        if this == "+" || this == "-" {
            let braces = next == "{" || (this == "-" && next == "[");
            let own = next == "=" && (at(index + 2) == "{" || (this == "-" && at(index + 2) == "["));
            let ends_value = is_name(before) && !is_constant(before)
                || [STRING, KEY, NUMBER, ")", "]", "}", "?"].contains(&before);
            let word = ["ttl", "timestamp", "in", "json"].contains(&before);
            if ends_value && !word && !braces && !own {
                return Some("arithmetic");
            }
        }
    }
    None
}

fn is_name(part: &str) -> bool {
    part == NAME || part.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn is_constant(part: &str) -> bool {
    ["null", "true", "false", "nan", "infinity"].contains(&part)
}

/// None if a string, a name or a comment has no end.
fn parts(text: &[char]) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut at = 0;
    let find = |from: usize, what: &[char]| -> Option<usize> {
        let tail = text.get(from..)?;
        tail.windows(what.len())
            .position(|window| window == what)
            .map(|found| from + found)
    };
    while let Some(&c) = text.get(at) {
        let two = (c, text.get(at + 1).copied().unwrap_or(' '));
        match two {
            ('-', '-') | ('/', '/') => {
                at += text[at..]
                    .iter()
                    .position(|c| "\r\n".contains(*c))
                    .unwrap_or(text.len() - at);
            }
            ('/', '*') => at = find(at + 2, &['*', '/'])? + 2,
            ('$', '$') => {
                at = find(at + 2, &['$', '$'])? + 2;
                parts.push(STRING.to_owned());
            }
            ('\'' | '"', _) => {
                let mut end = at + 1;
                loop {
                    end = find(end, &[c])? + 1;
                    if text.get(end) != Some(&c) {
                        break;
                    }
                    end += 1;
                }
                parts.push((if c == '"' { NAME } else { STRING }).to_owned());
                at = end;
            }
            _ if is_uuid(&text[at..]) => {
                parts.push(KEY.to_owned());
                at += 36;
            }
            ('0'..='9', _) => at = number(text, at, &mut parts),
            _ if c.is_alphanumeric() || c == '_' => {
                let word = |c: &char| c.is_alphanumeric() || *c == '_';
                let length = text[at..]
                    .iter()
                    .position(|c| !word(c))
                    .unwrap_or(text.len() - at);
                parts.push(
                    text[at..at + length]
                        .iter()
                        .collect::<String>()
                        .to_ascii_lowercase(),
                );
                at += length;
            }
            _ => {
                if !c.is_whitespace() {
                    parts.push(c.to_string());
                }
                at += 1;
            }
        }
    }
    Some(parts)
}

fn number(text: &[char], from: usize, parts: &mut Vec<Part>) -> usize {
    let mut at = from;
    while let Some(c) = text.get(at) {
        let before = text[at - usize::from(at > from)];
        let exponent = "+-".contains(*c)
            && "eE".contains(before)
            && text[from..at - 1].iter().all(|c| c.is_ascii_digit() || *c == '.')
            && text.get(at + 1).is_some_and(char::is_ascii_digit);
        if !(c.is_alphanumeric() || *c == '_' || *c == '.' || exponent) {
            break;
        }
        at += 1;
    }
    let blob = text.get(from + 1).is_some_and(|c| "xX".contains(*c)) && text[from] == '0';
    parts.push((if blob { KEY } else { NUMBER }).to_owned());
    at
}

fn is_uuid(text: &[char]) -> bool {
    text.len() >= 36
        && (0..36).all(|at| match at {
            8 | 13 | 18 | 23 => text[at] == '-',
            _ => text[at].is_ascii_hexdigit(),
        })
}
