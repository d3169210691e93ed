//! Positions as bytes: what another process continues from. A few marks in front say what it is, a checksum behind that
//! nothing was lost on the way.
//!
//! ```text
//! magic (4) | version (1) | content | XXH3 of all before it (8)
//! ```
//!
//! The checksum finds damage; it does not keep anybody from forging a position.

use twox_hash::XxHash3_64;

use crate::error::Error;

const MAGIC: usize = 4;
const HEADER: usize = MAGIC + 1;
const CHECKSUM: usize = 8;

/// A hash that is the same on every machine, in every process and every version of this crate.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// What a kind of position is called in its bytes and in its errors.
pub(crate) struct Format {
    pub(crate) magic: [u8; MAGIC],
    /// The version that is written, and the newest that is read.
    pub(crate) version: u8,
    pub(crate) foreign: &'static str,
    pub(crate) newer: &'static str,
    pub(crate) damaged: &'static str,
}

impl Format {
    pub(crate) fn writer(&self) -> Writer {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend(self.magic);
        bytes.push(self.version);
        Writer { bytes }
    }

    /// The content, after all checks.
    pub(crate) fn reader<'a>(&self, bytes: &'a [u8]) -> Result<Reader<'a>, Error> {
        if !bytes.starts_with(&self.magic) {
            return Err(Error::invalid(self.foreign));
        }
        // Before the checksum: a later version may have another one.
        match bytes.get(MAGIC) {
            Some(version) if *version > self.version => return Err(Error::invalid(self.newer)),
            Some(0) | None => return Err(self.damage()),
            Some(_) => {}
        }
        let (content, sum) = bytes
            .split_last_chunk::<CHECKSUM>()
            .ok_or_else(|| self.damage())?;
        if content.len() < HEADER || hash(content) != u64::from_le_bytes(*sum) {
            return Err(self.damage());
        }
        Ok(Reader {
            rest: &content[HEADER..],
            damaged: self.damaged,
        })
    }

    fn damage(&self) -> Error {
        Error::invalid(self.damaged)
    }
}

pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes.push(value);
        self
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn i64(&mut self, value: i64) -> &mut Self {
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// With their length in front; none is told from empty.
    pub(crate) fn bytes(&mut self, value: Option<&[u8]>) -> &mut Self {
        match value.map(|value| (value, u32::try_from(value.len()))) {
            Some((value, Ok(length))) if length < u32::MAX => {
                self.u32(length);
                self.bytes.extend(value);
                self
            }
            // The protocol cannot carry 4 GB in one frame.
            _ => self.u32(u32::MAX),
        }
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let sum = hash(&self.bytes);
        self.u64(sum);
        self.bytes
    }
}

pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    damaged: &'static str,
}

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (array, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| self.damage())?;
        self.rest = rest;
        Ok(*array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Error> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn bytes(&mut self) -> Result<Option<&'a [u8]>, Error> {
        let length = self.u32()?;
        if length == u32::MAX {
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| self.damage())?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.damage())?;
        self.rest = rest;
        Ok(Some(bytes))
    }

    /// Nothing may be left over.
    pub(crate) fn end(self) -> Result<(), Error> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.damage())
        }
    }

    pub(crate) fn damage(&self) -> Error {
        Error::invalid(self.damaged)
    }
}

#[cfg(test)]
pub(crate) mod damage;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_never_changes() {
        // Published test values of XXH3 with 64 bits and seed 0.
        assert_eq!(hash(b""), 0x2D06_8005_38D3_94C2);
    }
}
