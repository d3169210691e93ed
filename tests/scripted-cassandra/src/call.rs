//! The body of a frame with statements.

use crate::opcode::{BatchType, Opcode};
use crate::prepared::Statements;
use crate::rows::Page;
use crate::schema::Schema;
use crate::wire::{Bound, Malformed, Reader};

/// One statement of a frame, with its values still encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    /// `None` for an id that is not one of ours.
    pub(crate) statement: Option<usize>,
    pub(crate) id: &'a [u8],
    values: &'a [u8],
    count: u16,
}

impl<'a> Member<'a> {
    pub(crate) fn values(&self) -> Vec<Bound<'a>> {
        let mut reader = Reader::new(self.values);
        (0..self.count).map_while(|_| reader.bound().ok()).collect()
    }

    /// The value at one place, without decoding those behind it.
    pub(crate) fn value(&self, index: usize) -> Option<&'a [u8]> {
        let mut reader = Reader::new(self.values);
        for _ in 0..index {
            reader.bound().ok()?;
        }
        reader.bytes().ok()?
    }
}

/// What comes with the statements of a frame.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parameters<'a> {
    pub(crate) consistency: u16,
    pub(crate) serial_consistency: Option<u16>,
    pub(crate) page: Page<'a>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) batch_type: Option<BatchType>,
}

/// A frame with statements, understood.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) opcode: Opcode,
    pub(crate) first: Member<'a>,
    /// The others of a batch.
    pub(crate) more: Vec<Member<'a>>,
    pub(crate) is_empty: bool,
    pub(crate) parameters: Parameters<'a>,
}

const NOTHING: Member<'_> = Member {
    statement: None,
    id: &[],
    values: &[],
    count: 0,
};

/// Where texts and ids are looked up.
pub(crate) struct Lookup<'a> {
    pub(crate) statements: &'a mut Statements,
    pub(crate) schema: &'a Schema,
    pub(crate) keyspace: Option<&'a str>,
}

impl Lookup<'_> {
    fn text(&mut self, text: &str) -> usize {
        self.statements.intern(text, self.keyspace, self.schema)
    }
}

impl<'a> Call<'a> {
    /// `opcode` is one that has statements.
    pub(crate) fn read(opcode: Opcode, body: &'a [u8], lookup: &mut Lookup<'_>) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        if opcode == Opcode::Batch {
            return Self::read_batch(&mut reader, lookup);
        }
        let mut first = NOTHING;
        if opcode == Opcode::Execute {
            first.id = reader.short_bytes()?;
            first.statement = lookup.statements.by_id(first.id, lookup.schema);
        } else {
            first.statement = Some(lookup.text(reader.long_string()?));
        }
        let parameters = if opcode == Opcode::Prepare {
            Parameters::default()
        } else {
            read_parameters(&mut reader, &mut first)?
        };
        Ok(Self {
            opcode,
            first,
            more: Vec::new(),
            is_empty: false,
            parameters,
        })
    }

    fn read_batch(reader: &mut Reader<'a>, lookup: &mut Lookup<'_>) -> Result<Self, Malformed> {
        let batch_type = Some(BatchType::from_byte(reader.u8()?).ok_or(Malformed)?);
        let count = reader.u16()?;
        let mut members = Vec::with_capacity(count.into());
        for _ in 0..count {
            let mut member = NOTHING;
            match reader.u8()? {
                0 => member.statement = Some(lookup.text(reader.long_string()?)),
                1 => {
                    member.id = reader.short_bytes()?;
                    member.statement = lookup.statements.by_id(member.id, lookup.schema);
                }
                _ => return Err(Malformed),
            }
            read_values(reader, &mut member)?;
            members.push(member);
        }
        let consistency = reader.u16()?;
        let flags = reader.u8()?;
        let has = |flag: u8| flags & flag != 0;
        let serial_consistency = has(SERIAL).then(|| reader.u16()).transpose()?;
        let timestamp = has(TIMESTAMP).then(|| reader.i64()).transpose()?;
        let is_empty = members.is_empty();
        let first = if is_empty { NOTHING } else { members.remove(0) };
        Ok(Self {
            opcode: Opcode::Batch,
            first,
            more: members,
            is_empty,
            parameters: Parameters {
                consistency,
                serial_consistency,
                page: Page::default(),
                timestamp,
                batch_type,
            },
        })
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Member<'a>> {
        let first = std::iter::once(&self.first).filter(|_| !self.is_empty);
        first.chain(&self.more)
    }
}

const VALUES: u8 = 0x01;
const PAGE_SIZE: u8 = 0x04;
const PAGING_STATE: u8 = 0x08;
const SERIAL: u8 = 0x10;
const TIMESTAMP: u8 = 0x20;
const NAMES: u8 = 0x40;

fn read_values<'a>(reader: &mut Reader<'a>, member: &mut Member<'a>) -> Result<(), Malformed> {
    member.count = reader.u16()?;
    let start = reader.rest();
    for _ in 0..member.count {
        reader.bound()?;
    }
    member.values = &start[..start.len() - reader.rest().len()];
    Ok(())
}

fn read_parameters<'a>(
    reader: &mut Reader<'a>,
    member: &mut Member<'a>,
) -> Result<Parameters<'a>, Malformed> {
    let consistency = reader.u16()?;
    let flags = reader.u8()?;
    let has = |flag: u8| flags & flag != 0;
    if has(NAMES) {
        return Err(Malformed);
    }
    if has(VALUES) {
        read_values(reader, member)?;
    }
    let size = has(PAGE_SIZE).then(|| reader.i32()).transpose()?;
    let state = if has(PAGING_STATE) { reader.bytes()? } else { None };
    Ok(Parameters {
        consistency,
        page: Page { size, state },
        serial_consistency: has(SERIAL).then(|| reader.u16()).transpose()?,
        timestamp: has(TIMESTAMP).then(|| reader.i64()).transpose()?,
        batch_type: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Put;

    #[test]
    fn a_query_is_read_with_all_that_comes_with_it() {
        let text = "SELECT key FROM system.local";
        let mut body = Vec::new();
        body.put_bytes(Some(text.as_bytes()));
        body.put_u16(6);
        body.put_u8(VALUES | PAGE_SIZE | PAGING_STATE | SERIAL | TIMESTAMP);
        body.put_u16(2);
        body.put_bytes(Some(b"ab"));
        body.put_bytes(None);
        body.put_i32(50);
        body.put_bytes(Some(b"state"));
        body.put_u16(9);
        body.put(&7_i64.to_be_bytes());
        let schema = Schema::new();
        let mut statements = Statements::new(1, true);
        let mut lookup = Lookup {
            statements: &mut statements,
            schema: &schema,
            keyspace: None,
        };
        let call = Call::read(Opcode::Query, &body, &mut lookup).unwrap();
        assert_eq!(call.first.values(), [Bound::Bytes(b"ab"), Bound::Null]);
        assert_eq!(call.first.value(0), Some(&b"ab"[..]));
        let parameters = call.parameters;
        assert_eq!(
            (parameters.page.size, parameters.page.state),
            (Some(50), Some(&b"state"[..]))
        );
        assert_eq!(
            (parameters.serial_consistency, parameters.timestamp),
            (Some(9), Some(7))
        );
        for end in 0..body.len() {
            assert!(
                Call::read(Opcode::Query, &body[..end], &mut lookup).is_err(),
                "{end}"
            );
        }
    }
}
