use std::fmt;
use std::sync::Arc;

use scylla::response::PagingState;

use crate::error::Error;
use crate::saved::{Format, hash};
use crate::statement::{Statement, What};

const FORMAT: Format = Format {
    magic: *b"tcpg",
    version: 1,
    foreign: "these bytes are no page state of this crate: give those that `PageState::to_bytes` made",
    newer: "the page state was made by a newer version of this crate: read it with that version, or start anew",
    damaged: "the page state is damaged: keep its bytes as they are, or start anew",
};

/// A place in the result of one statement: before its first row, between two pages, or within a page.
///
/// It is made by [`Page::next`](super::Page::next) and by the `paging_state` of streams, and says where
/// [`execute_page`](crate::Session::execute_page) and [`StreamOptions::resume_from`](super::StreamOptions::resume_from) go on, in this
/// process or, as [bytes](Self::to_bytes), in another one. It belongs to one statement: its text, its values and the
/// keyspace it ran in; another statement is refused with an error of kind `Invalid` before anything is sent. Page size,
/// consistency and the other options may differ.
///
/// # Within a page
///
/// A stream that was left in the middle of a page counts the rows it gave out. Who goes on reads that page again and leaves them out, so that
/// every row comes exactly once, as long as nothing is written there meanwhile. Where something may be, take
/// [`at_page_start`](Self::at_page_start): no row that stayed is lost, and some may come twice.
///
/// # Strangers
///
/// The checksum in the bytes finds damage, not forgery, and the place that the server noted holds parts of a key. Sign or encrypt
/// them before you hand them to somebody you do not trust.
#[derive(Clone, PartialEq, Eq)]
pub struct PageState {
    fingerprint: Option<Fingerprint>,
    /// None before the first page. By the server's own bytes: it knows what they mean.
    place: Option<Arc<[u8]>>,
    /// Rows from there on that were given out before.
    pub(crate) skip: u32,
}

/// Which statement it is. The values are unknown as long as they are not bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    text: u64,
    values: Option<u64>,
}

/// A row of no values as the protocol writes it: their number.
const NO_VALUES: [u8; 2] = [0; 2];

impl Fingerprint {
    /// `keyspace` is the current one, for a text that names none.
    pub(crate) fn of(statement: &Statement, keyspace: Option<&str>) -> Self {
        let (text, values) = match &statement.what {
            // As of a row of no values, so that a text may be prepared between two pages.
            What::Text(text) => (&*text.text, Some(hash(&NO_VALUES))),
            What::Unbound(text, _) | What::Prepare(text) => (&*text.text, None),
            What::Bound { bound, .. } => (bound.prepared().text(), Some(bound.hash())),
            What::Batch(_) => ("", None),
        };
        let keyspace = statement
            .table()
            .and_then(|(named, _)| named)
            .or(keyspace)
            .unwrap_or_default();
        let mut named = Vec::with_capacity(keyspace.len() + 1 + text.len());
        named.extend(keyspace.as_bytes());
        named.push(0);
        named.extend(text.as_bytes());
        Self {
            text: hash(&named),
            values,
        }
    }

    fn agrees_with(self, other: Self) -> bool {
        self.text == other.text
            && match (self.values, other.values) {
                (Some(mine), Some(theirs)) => mine == theirs,
                (None, _) | (_, None) => true,
            }
    }
}

impl Default for PageState {
    fn default() -> Self {
        Self::start()
    }
}

impl PageState {
    /// Before the first row, of any statement.
    #[must_use]
    pub const fn start() -> Self {
        Self {
            fingerprint: None,
            place: None,
            skip: 0,
        }
    }

    pub(crate) fn new(fingerprint: Fingerprint, place: Option<&PagingState>, skip: u32) -> Self {
        Self {
            fingerprint: Some(fingerprint),
            place: place.and_then(PagingState::as_bytes_slice).cloned(),
            skip,
        }
    }

    /// A place whose owner sees to it that it meets its statement.
    pub(crate) const fn unbound(place: Option<Arc<[u8]>>, skip: u32) -> Self {
        Self {
            fingerprint: None,
            place,
            skip,
        }
    }

    /// The place in the server's own bytes, and the rows to leave out from there on.
    pub(crate) fn parts(&self) -> (Option<&[u8]>, u32) {
        (self.place.as_deref(), self.skip)
    }

    /// Is it before the first row?
    #[must_use]
    pub const fn is_start(&self) -> bool {
        self.place.is_none() && self.skip == 0
    }

    /// The beginning of the page it is in: rows may come twice, and none is lost although others are deleted meanwhile.
    #[must_use]
    pub fn at_page_start(mut self) -> Self {
        self.skip = 0;
        self
    }

    /// The same place, `rows` further on.
    pub(crate) fn after(&self, rows: usize) -> Self {
        let mut state = self.clone();
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        state.skip = state.skip.saturating_add(rows);
        state
    }

    /// The place as the server noted it.
    pub(crate) fn place(&self) -> Option<PagingState> {
        self.place.clone().map(PagingState::new_from_raw_bytes)
    }

    /// Refuses what belongs to another statement.
    pub(crate) fn check(&self, statement: Fingerprint) -> Result<(), Error> {
        match self.fingerprint {
            Some(fingerprint) if !fingerprint.agrees_with(statement) => Err(Error::invalid(
                "the page state belongs to another statement: give it the text, values and keyspace it came from, or start anew",
            )),
            _ => Ok(()),
        }
    }

    /// The place as bytes, for another process: versioned, with a checksum. They hold parts of a key of the table.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = FORMAT.writer();
        let fingerprint = self.fingerprint;
        let values = fingerprint.and_then(|fingerprint| fingerprint.values);
        writer
            .u8(u8::from(fingerprint.is_some()) | (u8::from(values.is_some()) << 1))
            .u64(fingerprint.map_or(0, |fingerprint| fingerprint.text))
            .u64(values.unwrap_or(0))
            .u32(self.skip)
            .bytes(self.place.as_deref());
        writer.finish()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, in this or another process.
    ///
    /// # Errors
    /// `Invalid` when the bytes are something else, are damaged, or were written by a newer version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = FORMAT.reader(bytes)?;
        let known = reader.u8()?;
        let (text, values) = (reader.u64()?, reader.u64()?);
        let skip = reader.u32()?;
        let place = reader.bytes()?.map(Arc::from);
        if known > 3 || known == 2 {
            return Err(reader.damage());
        }
        reader.end()?;
        Ok(Self {
            fingerprint: (known & 1 != 0).then_some(Fingerprint {
                text,
                values: (known & 2 != 0).then_some(values),
            }),
            place,
            skip,
        })
    }
}

impl TryFrom<&[u8]> for PageState {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_bytes(bytes)
    }
}

impl fmt::Debug for PageState {
    // Without the place: it holds parts of a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageState")
            .field("start", &self.is_start())
            .field("rows_left_out", &self.skip)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
