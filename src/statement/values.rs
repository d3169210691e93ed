//! Values serialised once, when they are bound; every attempt sends the same bytes.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use scylla_cql_core::serialize::row::SerializedValues;

use super::Prepared;

thread_local! {
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What a thread keeps for the next statement at most: more than most rows need, and nothing beside what a thread has anyway.
const MOST_ROOM: usize = 4_096;

#[derive(Debug)]
struct TooMany;

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a statement can have at most 65,535 values: use a batch or several statements")
    }
}

impl std::error::Error for TooMany {}

/// A prepared statement with a row that is serialised already. Cheap to clone: a clone counts up once, for both.
#[derive(Clone)]
pub(crate) struct Bound(Arc<Row>);

struct Row {
    prepared: Prepared,
    values: SerializedValues,
}

impl Bound {
    /// Serialises `values` for the markers of this statement.
    pub(super) fn new(
        prepared: &Prepared,
        values: &(impl SerializeRow + ?Sized),
    ) -> Result<Self, SerializationError> {
        let context = RowSerializationContext::from_specs(prepared.specs().as_slice());
        // Where small values find room, so that the buffer that is kept is made once and in the right size instead of growing value by
        // value. Taken and not borrowed: a user's own type may bind another statement in here.
        let mut room = ROOM.try_with(Cell::take).unwrap_or_default();
        room.clear();
        // For the number of values that stands before them.
        room.extend_from_slice(&[0; 2]);
        let mut writer = RowWriter::new(&mut room);
        let count = values
            .serialize(&context, &mut writer)
            .map(|()| writer.value_count());
        let bound = match count.map(u16::try_from) {
            Ok(Ok(count)) => {
                room[..2].copy_from_slice(&count.to_be_bytes());
                SerializedValues::new_from_frame(&mut room.as_slice()).map_err(SerializationError::new)
            }
            Ok(Err(_)) => Err(SerializationError::new(TooMany)),
            Err(error) => Err(error),
        };
        if room.capacity() <= MOST_ROOM {
            // While the thread ends there is nothing to keep it in.
            let _ = ROOM.try_with(|kept| kept.set(room));
        }
        bound.map(|values| {
            let prepared = prepared.clone();
            Self(Arc::new(Row { prepared, values }))
        })
    }

    pub(crate) fn prepared(&self) -> &Prepared {
        &self.0.prepared
    }

    /// The values as they are sent, each behind its length.
    #[cfg(feature = "test-util")]
    pub(crate) fn cells(&self) -> bytes::Bytes {
        let mut sent = bytes::BytesMut::with_capacity(self.0.values.buffer_size() + 2);
        self.0.values.write_to_request(&mut sent);
        // Without their number, which stands before them.
        sent.split_off(2).freeze()
    }

    pub(crate) fn count(&self) -> usize {
        usize::from(self.0.values.element_count())
    }

    /// The bytes of one value; none where there is no such value, or it is NULL or unset.
    pub(crate) fn value(&self, index: u16) -> Option<&[u8]> {
        self.0.values.iter().nth(usize::from(index))?.as_value()
    }

    /// A hash of the bytes that stays the same across processes.
    pub(crate) fn hash(&self) -> u64 {
        let mut bytes = Vec::with_capacity(self.0.values.buffer_size() + 2);
        self.0.values.write_to_request(&mut bytes);
        crate::saved::hash(&bytes)
    }
}

// The bytes were made for the very statement they travel with, so the types were checked when they were bound.
impl SerializeRow for Bound {
    fn serialize(
        &self,
        _context: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        writer.append_serialize_row(&self.0.values);
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.0.values.is_empty()
    }
}

/// The values of one member of a batch: bound, or still to be bound by the driver when it has prepared their text.
#[derive(Clone)]
pub(crate) enum MemberValues {
    None,
    Bound(Bound),
    Open(Arc<dyn SerializeRow + Send + Sync>),
}

impl SerializeRow for MemberValues {
    fn serialize(
        &self,
        context: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        match self {
            Self::None => Ok(()),
            Self::Bound(values) => values.serialize(context, writer),
            Self::Open(values) => values.serialize(context, writer),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::None => true,
            Self::Bound(values) => values.is_empty(),
            Self::Open(values) => values.is_empty(),
        }
    }
}
