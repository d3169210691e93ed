use std::fmt;
use std::sync::Arc;

use super::range::TokenRange;
use crate::error::Error;
use crate::saved::Format;
use crate::stream::PageState;

const FORMAT: Format = Format {
    magic: *b"tcsc",
    version: 1,
    foreign: "these bytes are no scan state of this crate: give those that `ScanState::to_bytes` made",
    newer: "the scan state was made by a newer version of this crate: read it with that version, or start anew",
    damaged: "the scan state is damaged: keep its bytes as they are, or start anew",
};

/// How far a scan is: the ranges that are left, and the places in those that are begun.
///
/// Made by [`TableScan::state`](super::TableScan::state), read by [`ScanTable::resume_from`](super::ScanTable::resume_from), in this process or, as
/// [bytes](Self::to_bytes), in another one. It fits the rows that were given out until that moment: whoever goes on gets all others, each once, as long
/// as nothing is written meanwhile. It belongs to one table and one list of columns. As with [`PageState`], the checksum in the bytes
/// finds damage and not forgery, and they hold parts of keys.
///
/// A few hundred bytes as a rule, and at most a few hundred more per range that is being read.
#[derive(Clone, PartialEq, Eq)]
pub struct ScanState {
    pub(super) table: u64,
    pub(super) begun: Vec<Mark>,
    /// Joined, in rising order.
    pub(super) waiting: Vec<TokenRange>,
}

/// A place in one range. Rows before it were given out.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) range: TokenRange,
    pub(super) place: PageState,
}

impl ScanState {
    /// Which part of the ring is done, from 0 to 1. Ranges that are begun do not count.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        let begun = self.begun.iter().map(|mark| mark.range);
        let left: u128 = begun
            .chain(self.waiting.iter().copied())
            .map(|range| u128::from(range.width()))
            .sum();
        1.0 - left as f64 / u64::MAX as f64
    }

    /// Is nothing left?
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.begun.is_empty() && self.waiting.is_empty()
    }

    pub(super) fn check(&self, table: u64) -> Result<(), Error> {
        if self.table == table {
            return Ok(());
        }
        Err(Error::invalid(
            "the scan state belongs to another table or other columns: give it the ones it came from, or start anew",
        ))
    }

    /// The state as bytes, for another process: versioned, with a checksum.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = FORMAT.writer();
        let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        writer
            .u64(self.table)
            .u32(length(self.begun.len()))
            .u32(length(self.waiting.len()));
        for Mark { range, place } in &self.begun {
            let (place, skip) = place.parts();
            writer.i64(range.after).i64(range.until).u32(skip).bytes(place);
        }
        for range in &self.waiting {
            writer.i64(range.after).i64(range.until);
        }
        writer.finish()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, in this or another process.
    ///
    /// # Errors
    /// `Invalid` when the bytes are something else, are damaged, or were written by a newer version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = FORMAT.reader(bytes)?;
        let table = reader.u64()?;
        let (begun, waiting) = (reader.u32()?, reader.u32()?);
        // Nothing is reserved for a length that may be a lie; it ends where the bytes end.
        let mut state = Self {
            table,
            begun: Vec::new(),
            waiting: Vec::new(),
        };
        for _ in 0..begun {
            let (after, until) = (reader.i64()?, reader.i64()?);
            let skip = reader.u32()?;
            let place = reader.bytes()?.map(Arc::from);
            state.begun.push(Mark {
                range: TokenRange { after, until },
                place: PageState::unbound(place, skip),
            });
        }
        for _ in 0..waiting {
            let (after, until) = (reader.i64()?, reader.i64()?);
            state.waiting.push(TokenRange { after, until });
        }
        if !state.makes_sense() {
            return Err(reader.damage());
        }
        reader.end()?;
        Ok(state)
    }

    /// No range is empty and no token in two of them.
    fn makes_sense(&self) -> bool {
        let mut all: Vec<TokenRange> = self.begun.iter().map(|mark| mark.range).collect();
        all.extend(&self.waiting);
        all.sort_unstable();
        all.iter().all(|range| range.after < range.until)
            && all
                .iter()
                .zip(all.iter().skip(1))
                .all(|(one, next)| one.until <= next.after)
    }
}

impl TryFrom<&[u8]> for ScanState {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_bytes(bytes)
    }
}

impl fmt::Debug for ScanState {
    // Without the places: they hold parts of keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScanState")
            .field("fraction", &self.fraction())
            .field("begun", &self.begun.len())
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::saved::damage;

    fn state() -> ScanState {
        let range = |after, until| TokenRange { after, until };
        ScanState {
            table: 7,
            begun: vec![
                Mark {
                    range: range(-100, 0),
                    place: PageState::unbound(Some([1, 2, 3].into()), 5),
                },
                Mark {
                    range: range(10, 20),
                    place: PageState::start(),
                },
            ],
            waiting: vec![range(0, 10), range(100, i64::MAX)],
        }
    }

    fn is_refused(bytes: &[u8]) -> bool {
        matches!(ScanState::from_bytes(bytes), Err(error) if error.kind() == ErrorKind::Invalid)
    }

    #[test]
    fn bytes_give_the_same_state_back() {
        assert_eq!(ScanState::from_bytes(&state().to_bytes()).unwrap(), state());
    }

    #[test]
    fn what_is_damaged_cut_or_of_another_kind_is_refused() {
        let bytes = state().to_bytes();
        for at in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            assert!(is_refused(&damaged), "bit {at}");
        }
        for length in 0..bytes.len() {
            assert!(is_refused(&bytes[..length]), "length {length}");
        }
        assert!(is_refused(&PageState::start().to_bytes()));
    }

    #[test]
    fn a_forged_length_reserves_nothing_and_overlapping_ranges_are_refused() {
        let mut writer = FORMAT.writer();
        writer.u64(7).u32(u32::MAX).u32(u32::MAX);
        assert!(is_refused(&writer.finish()));
        let mut overlapping = state();
        overlapping.waiting[0].until = 11;
        assert!(is_refused(&overlapping.to_bytes()));
    }

    #[test]
    fn what_was_forged_with_a_right_checksum_is_refused_or_has_no_token_twice() {
        let mut counts = [0, 0];
        damage::each(&state().to_bytes(), |bytes, place| {
            let read = ScanState::from_bytes(bytes);
            counts[usize::from(read.is_ok())] += 1;
            match read {
                Ok(state) => {
                    assert!(
                        state.makes_sense() && (0.0..=1.0).contains(&state.fraction()),
                        "{place}"
                    );
                    assert_eq!(
                        ScanState::from_bytes(&state.to_bytes()).unwrap(),
                        state,
                        "{place}"
                    );
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Invalid, "{place}"),
            }
        });
        assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
    }

    #[test]
    fn it_belongs_to_one_table() {
        state().check(7).unwrap();
        assert_eq!(state().check(8).unwrap_err().kind(), ErrorKind::Invalid);
    }
}
