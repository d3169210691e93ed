use std::sync::Arc;

use tokio::time::Instant;

use crate::opcode::{BatchType, Consistency, Opcode};

/// A bound value.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum BoundValue {
    /// Null.
    Null,
    /// Nothing, which leaves a column as it is.
    Unset,
    /// The bytes of a value.
    Bytes(Vec<u8>),
}

impl BoundValue {
    /// The bytes, if there are any.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Null | Self::Unset => None,
        }
    }
}

/// One statement of a frame.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Executed {
    /// Its text, empty for an id that the cluster does not know.
    pub text: Arc<str>,
    /// The values bound to its markers.
    pub values: Vec<BoundValue>,
    /// The partition key as it is on the ring, if all of it was bound or stands in the text.
    pub key: Option<Vec<u8>>,
}

/// How a frame was answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Answered {
    /// With a result, or what a rule put in its place.
    Result,
    /// With an error of this code.
    Error(i32),
    /// Not at all, or not in full.
    Nothing,
}

/// A frame that a node received.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Frame {
    /// The place of the node in its cluster.
    pub node: usize,
    /// The number of the connection, counted over all nodes.
    pub connection: u64,
    /// What was asked for.
    pub opcode: Opcode,
    /// The statements: one, or those of a batch.
    pub statements: Vec<Executed>,
    /// The kind of a batch.
    pub batch_type: Option<BatchType>,
    /// The consistency level; none of a PREPARE.
    pub consistency: Option<Consistency>,
    /// The consistency of its condition.
    pub serial_consistency: Option<Consistency>,
    /// How many rows a page may have.
    pub page_size: Option<i32>,
    /// Where the page begins.
    pub paging_state: Option<Vec<u8>>,
    /// The timestamp of the client.
    pub timestamp: Option<i64>,
    /// Whether the client asked for a trace.
    pub tracing: bool,
    /// When the frame was read.
    pub at: Instant,
    /// Whether it was executed, so that what it writes is in the store.
    pub executed: bool,
    /// How it was answered.
    pub answered: Answered,
}

impl Frame {
    /// The text of the first statement.
    #[must_use]
    pub fn text(&self) -> &str {
        self.statements.first().map_or("", |statement| &statement.text)
    }

    /// The values of the first statement.
    #[must_use]
    pub fn values(&self) -> &[BoundValue] {
        self.statements.first().map_or(&[], |statement| &statement.values)
    }
}
