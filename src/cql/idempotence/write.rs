//! INSERT, UPDATE and DELETE.

use super::super::read::Reader;
use super::super::{Kind, Token};
use super::term::{group, name_as_value, scalar, value};
use super::{Doubt, Verdict};

/// One statement that writes, up to where the next one may begin.
pub(super) fn statement(reader: &mut Reader<'_>) -> Verdict {
    let Some(verb) = reader.take() else {
        return Err(Doubt::Unclear);
    };
    if verb.is_word("INSERT") {
        insert(reader)
    } else if verb.is_word("UPDATE") {
        update(reader)
    } else if verb.is_word("DELETE") {
        delete(reader)
    } else if verb.word().is_some() {
        Err(Doubt::Verb)
    } else {
        Err(Doubt::Unclear)
    }
}

fn expect(there: bool) -> Verdict {
    if there { Ok(()) } else { Err(Doubt::Unclear) }
}

fn insert(reader: &mut Reader<'_>) -> Verdict {
    expect(reader.word("INTO"))?;
    table(reader)?;
    if reader.at_word("JSON") {
        return Err(Doubt::List);
    }
    names(reader)?;
    expect(reader.word("VALUES") && reader.sign('('))?;
    group(reader, ')')?;
    no_condition(reader)?;
    using(reader)
}

fn update(reader: &mut Reader<'_>) -> Verdict {
    table(reader)?;
    using(reader)?;
    expect(reader.word("SET"))?;
    loop {
        assignment(reader)?;
        if !reader.sign(',') {
            break;
        }
    }
    relations(reader)?;
    no_condition(reader)
}

fn delete(reader: &mut Reader<'_>) -> Verdict {
    if !reader.word("FROM") {
        loop {
            column(reader)?;
            if !reader.sign(',') {
                break;
            }
        }
        expect(reader.word("FROM"))?;
    }
    table(reader)?;
    using(reader)?;
    relations(reader)?;
    no_condition(reader)
}

fn no_condition(reader: &Reader<'_>) -> Verdict {
    if reader.at_word("IF") {
        return Err(Doubt::Condition);
    }
    Ok(())
}

fn table(reader: &mut Reader<'_>) -> Verdict {
    expect(reader.name().is_some())?;
    if reader.sign('.') {
        expect(reader.name().is_some())?;
    }
    Ok(())
}

/// Names in parentheses.
fn names(reader: &mut Reader<'_>) -> Verdict {
    expect(reader.sign('('))?;
    loop {
        expect(reader.name().is_some())?;
        if !reader.sign(',') {
            return expect(reader.sign(')'));
        }
    }
}

/// `USING TIMESTAMP … AND TTL …`, if it is there.
pub(super) fn using(reader: &mut Reader<'_>) -> Verdict {
    if !reader.word("USING") {
        return Ok(());
    }
    loop {
        expect(reader.word("TIMESTAMP") || reader.word("TTL"))?;
        scalar(reader)?;
        if !reader.word("AND") {
            return Ok(());
        }
    }
}

/// A column, a field of one or an element of a map.
fn column<'a>(reader: &mut Reader<'a>) -> Result<Token<'a>, Doubt> {
    let name = reader.name().ok_or(Doubt::Unclear)?;
    if reader.sign('.') {
        expect(reader.name().is_some())?;
    } else if reader.sign('[') {
        // The index of a list is a number. What cannot be one is the key of a map.
        let key = reader.take().map(|token| token.kind);
        if !matches!(key, Some(Kind::Text | Kind::Uuid | Kind::Blob)) || !reader.sign(']') {
            return Err(Doubt::Element);
        }
    } else if reader.at_sign('(') {
        return Err(Doubt::Function);
    }
    Ok(name)
}

fn assignment(reader: &mut Reader<'_>) -> Verdict {
    let target = column(reader)?;
    if reader.sign('+') {
        expect(reader.sign('='))?;
        return change(reader, '+');
    }
    if reader.sign('-') {
        expect(reader.sign('='))?;
        return change(reader, '-');
    }
    expect(reader.sign('='))?;
    let Some(first) = reader.peek() else {
        return Err(Doubt::Unclear);
    };
    if first.is_name() && !first.is_constant() {
        reader.take();
        if reader.sign('+') {
            expect(same(target, first))?;
            return change(reader, '+');
        }
        if reader.sign('-') {
            expect(same(target, first))?;
            return change(reader, '-');
        }
        return Err(name_as_value(reader, first));
    }
    let verdict = value(reader);
    // `? + l`
    if verdict.is_ok() && (reader.at_sign('+') || reader.at_sign('-')) {
        return Err(Doubt::Arithmetic);
    }
    verdict
}

/// What is added to a column or taken from it. Braces are a set or a map, where adding twice is adding once; taking
/// the values in square brackets from a list twice is taking them once. All else may be a counter or a list that grows.
fn change(reader: &mut Reader<'_>, sign: char) -> Verdict {
    if reader.sign('{') {
        group(reader, '}')
    } else if sign == '-' && reader.sign('[') {
        group(reader, ']')
    } else {
        Err(Doubt::Arithmetic)
    }
}

fn same(one: Token<'_>, other: Token<'_>) -> bool {
    match (one.kind, other.kind) {
        (Kind::Word, Kind::Word) => one.text.eq_ignore_ascii_case(other.text),
        _ => one.text == other.text,
    }
}

/// `WHERE`, if it is there, and the relations behind it.
fn relations(reader: &mut Reader<'_>) -> Verdict {
    if !reader.word("WHERE") {
        return Ok(());
    }
    loop {
        if reader.at_sign('(') {
            names(reader)?;
        } else {
            expect(reader.name().is_some())?;
            if reader.at_sign('(') {
                return Err(Doubt::Function);
            }
        }
        if !reader.word("IN") {
            expect(comparison(reader))?;
        }
        value(reader)?;
        if !reader.word("AND") {
            return Ok(());
        }
    }
}

fn comparison(reader: &mut Reader<'_>) -> bool {
    if reader.sign('=') {
        return true;
    }
    let one = reader.sign('<') || reader.sign('>');
    one && (reader.sign('=') || !reader.at_sign('='))
}
