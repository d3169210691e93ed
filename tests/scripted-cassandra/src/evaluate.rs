//! Terms and conditions with the values of one execution.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::cql::{Condition, Literal, Op, Term};
use crate::error_frames::ErrorFrame;
use crate::schema::Table;
use crate::types::Type;
use crate::value::Value;
use crate::wire::{Bound, Reader};

/// The value of a term; `None` if it is bound to nothing.
pub(crate) fn value(term: &Term, of: &Type, values: &[Bound<'_>]) -> Result<Option<Value>, ErrorFrame> {
    match term {
        Term::Marker { index, .. } => match values.get(*index) {
            Some(Bound::Bytes(bytes)) => Ok(Some(Value::from(*bytes))),
            Some(Bound::Null) => Ok(Some(Value::NULL)),
            Some(Bound::Unset) => Ok(None),
            None => Err(ErrorFrame::invalid(format!(
                "there were {} markers(?) in CQL but {} bound variables",
                index + 1,
                values.len()
            ))),
        },
        Term::Literal(literal) => match encode(literal, of) {
            Some(value) => Ok(Some(value)),
            None => Err(ErrorFrame::invalid(format!(
                "Invalid constant {literal:?} for type {of}"
            ))),
        },
        Term::Tuple(_) => Err(ErrorFrame::invalid("a tuple where a value should be")),
    }
}

fn encode(literal: &Literal, of: &Type) -> Option<Value> {
    Some(match (literal, of) {
        (Literal::Null, _) => Value::NULL,
        (Literal::Text(text), Type::Text | Type::Ascii) => text.as_str().into(),
        (Literal::Text(text), Type::Inet) => text.parse::<IpAddr>().ok()?.into(),
        (Literal::Boolean(value), Type::Boolean) => (*value).into(),
        (Literal::Uuid(id), Type::Uuid | Type::Timeuuid) => id.as_slice().into(),
        (Literal::Blob(bytes), Type::Blob) => bytes.as_slice().into(),
        (Literal::Number(number), of) => encode_number(number, of)?,
        (Literal::Function(_), Type::Uuid | Type::Timeuuid) => Uuid::new_v4().into(),
        (Literal::Function(_), Type::Timestamp | Type::BigInt) => now().into(),
        (Literal::Collection(items), Type::List(item) | Type::Set(item)) => {
            let items: Option<Vec<Value>> = items.iter().map(|term| encode_item(term, item)).collect();
            Value::list(items?)
        }
        (Literal::Collection(items), Type::Map(key, value)) => {
            let pairs = items.chunks_exact(2);
            let pairs: Option<Vec<(Value, Value)>> = pairs
                .map(|pair| Some((encode_item(&pair[0], key)?, encode_item(&pair[1], value)?)))
                .collect();
            Value::map(pairs?)
        }
        _ => return None,
    })
}

fn encode_item(term: &Term, of: &Type) -> Option<Value> {
    match term {
        Term::Literal(literal) => encode(literal, of),
        Term::Marker { .. } | Term::Tuple(_) => None,
    }
}

fn encode_number(number: &str, of: &Type) -> Option<Value> {
    Some(match of {
        Type::TinyInt => number.parse::<i8>().ok()?.into(),
        Type::SmallInt => number.parse::<i16>().ok()?.into(),
        Type::Int => number.parse::<i32>().ok()?.into(),
        Type::BigInt | Type::Counter | Type::Timestamp => number.parse::<i64>().ok()?.into(),
        Type::Float => number.parse::<f32>().ok()?.into(),
        Type::Double => number.parse::<f64>().ok()?.into(),
        _ => return None,
    })
}

/// Milliseconds, as in a timestamp.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Bytes that order values of a type as the type does.
pub(crate) fn sort_key(value: &[u8], of: &Type) -> Vec<u8> {
    let mut key = value.to_vec();
    if of.is_signed()
        && let Some(first) = key.first_mut()
    {
        *first ^= 0x80;
    }
    key
}

/// Conditions with their values, to be held against many rows.
#[derive(Debug)]
pub(crate) struct Filter {
    conditions: Vec<(usize, Op, Vec<Value>, bool)>,
}

impl Filter {
    pub(crate) fn new(
        conditions: &[Condition],
        table: &Table,
        values: &[Bound<'_>],
    ) -> Result<Self, ErrorFrame> {
        let bind = |condition: &Condition| {
            let column = table.position(&condition.column);
            let column = column.ok_or_else(|| ErrorFrame::invalid("an unknown column"))?;
            let of = &table.columns[column].of;
            let allowed = match (&condition.term, condition.op) {
                (Term::Tuple(terms), _) => {
                    let values = terms.iter().map(|term| value(term, of, values));
                    values
                        .map(|value| value.map(Option::unwrap_or_default))
                        .collect::<Result<_, _>>()?
                }
                (term, Op::In) => {
                    let list = value(term, &of.clone().list(), values)?.unwrap_or_default();
                    items(list.bytes().unwrap_or_default())
                }
                (term, _) => vec![value(term, of, values)?.unwrap_or_default()],
            };
            Ok((column, condition.op, allowed, of.is_signed()))
        };
        let conditions: Result<_, ErrorFrame> = conditions.iter().map(bind).collect();
        Ok(Self {
            conditions: conditions?,
        })
    }

    pub(crate) fn accepts(&self, row: &[Value]) -> bool {
        self.conditions.iter().all(|(column, op, allowed, signed)| {
            let found = &row[*column];
            if *op == Op::In {
                return allowed.contains(found);
            }
            allowed.iter().all(|wanted| holds(found, *op, wanted, *signed))
        })
    }
}

fn holds(found: &Value, op: Op, wanted: &Value, signed: bool) -> bool {
    match op {
        Op::Equal | Op::In => found == wanted,
        Op::NotEqual => found != wanted,
        Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => {
            let (Some(found), Some(wanted)) = (found.bytes(), wanted.bytes()) else {
                return false;
            };
            let order = compare(found, wanted, signed);
            match op {
                Op::Less => order == Ordering::Less,
                Op::LessOrEqual => order != Ordering::Greater,
                Op::Greater => order == Ordering::Greater,
                _ => order != Ordering::Less,
            }
        }
    }
}

fn compare(left: &[u8], right: &[u8], signed: bool) -> Ordering {
    let negative = |bytes: &[u8]| signed && bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    // Of two with the same sign, the bytes decide.
    negative(right).cmp(&negative(left)).then_with(|| left.cmp(right))
}

/// The values of an encoded list.
fn items(list: &[u8]) -> Vec<Value> {
    let mut reader = Reader::new(list);
    let count = reader.i32().unwrap_or(0);
    let items = (0..count).map_while(|_| reader.bytes().ok());
    items.map(|item| Value(item.map(<[u8]>::to_vec))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_numbers_come_first() {
        let bytes = i32::to_be_bytes;
        assert_eq!(compare(&bytes(-1), &bytes(1), true), Ordering::Less);
        assert_eq!(compare(&bytes(-2), &bytes(-1), true), Ordering::Less);
        assert!(sort_key(&bytes(-1), &Type::Int) < sort_key(&bytes(0), &Type::Int));
    }

    #[test]
    fn literals_take_the_type_of_the_column() {
        let number = Literal::Number("7".into());
        assert_eq!(encode(&number, &Type::SmallInt), Some(7_i16.into()));
        assert_eq!(encode(&number, &Type::Double), Some(7_f64.into()));
        assert_eq!(encode(&number, &Type::Text), None);
        let list = Literal::Collection(vec![Term::Literal(number)]);
        assert_eq!(encode(&list, &Type::Int.list()), Some(Value::list([7])));
    }
}
