//! Values: literals, markers and collections of them.

use super::super::read::Reader;
use super::super::{Kind, Token};
use super::{Doubt, Verdict};

/// So many brackets may be open at the same time.
const DEPTH: usize = 32;

/// One value. What follows it is for the caller to judge. A list is only harmless inside of another collection, where it is
/// no column.
pub(super) fn value(reader: &mut Reader<'_>) -> Verdict {
    let Some(token) = reader.take() else {
        return Err(Doubt::Unclear);
    };
    match closing(token) {
        Some(']') => Err(Doubt::List),
        Some(close) => group(reader, close),
        None => simple(reader, token),
    }
}

/// One value without brackets.
pub(super) fn scalar(reader: &mut Reader<'_>) -> Verdict {
    let token = reader.take().ok_or(Doubt::Unclear)?;
    simple(reader, token)
}

/// A value without brackets, of which `token` is the first.
fn simple(reader: &mut Reader<'_>, token: Token<'_>) -> Verdict {
    if token.kind == Kind::Marker || token.is_literal() || token.is_constant() {
        return Ok(());
    }
    if matches!(token.kind, Kind::Sign('-' | '+')) {
        return match reader.take() {
            Some(number) if number.kind == Kind::Number || number.is_constant() => Ok(()),
            _ => Err(Doubt::Unclear),
        };
    }
    Err(name_as_value(reader, token))
}

/// A name where a value should be is that of a function, if anything.
pub(super) fn name_as_value(reader: &Reader<'_>, token: Token<'_>) -> Doubt {
    if token.is_name() && (reader.at_sign('(') || reader.at_sign('.')) {
        Doubt::Function
    } else {
        Doubt::Unclear
    }
}

fn closing(token: Token<'_>) -> Option<char> {
    match token.kind {
        Kind::Sign('(') => Some(')'),
        Kind::Sign('[') => Some(']'),
        Kind::Sign('{') => Some('}'),
        _ => None,
    }
}

/// The rest of a collection, a tuple or a user-defined value, whose opening bracket is taken.
pub(super) fn group(reader: &mut Reader<'_>, close: char) -> Verdict {
    // The brackets that are open, innermost last: no recursion, and no more than fit here.
    let mut open = [close; DEPTH];
    let mut depth = 1;
    // A value has to follow, or the end if nothing came yet.
    let mut wants_value = true;
    let mut fresh = true;
    while depth > 0 {
        let token = reader.take().ok_or(Doubt::Unclear)?;
        let innermost = open[depth - 1];
        if token.kind == Kind::Sign(innermost) && (fresh || !wants_value) {
            depth -= 1;
            (wants_value, fresh) = (false, false);
        } else if !wants_value {
            match token.kind {
                Kind::Sign(',') => wants_value = true,
                Kind::Sign(':') if innermost == '}' => wants_value = true,
                _ => return Err(Doubt::Unclear),
            }
        } else if let Some(close) = closing(token) {
            if close == ']' && open[..depth].iter().all(|close| *close == ')') {
                return Err(Doubt::List);
            }
            *open.get_mut(depth).ok_or(Doubt::Unclear)? = close;
            depth += 1;
            fresh = true;
        } else {
            let field = innermost == '}' && token.is_name() && reader.at_sign(':');
            if !field {
                simple(reader, token)?;
            }
            (wants_value, fresh) = (false, false);
        }
    }
    Ok(())
}
