use std::fmt;

/// What a client asks for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Opcode {
    /// The first frame of a connection.
    Startup,
    /// The question for options, which drivers also use to see whether a connection still lives.
    Options,
    /// A statement as text.
    Query,
    /// A text to be prepared.
    Prepare,
    /// A prepared statement with its values.
    Execute,
    /// The wish for events.
    Register,
    /// Several statements at once.
    Batch,
    /// User and password.
    AuthResponse,
}

impl Opcode {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0x01 => Self::Startup,
            0x05 => Self::Options,
            0x07 => Self::Query,
            0x09 => Self::Prepare,
            0x0A => Self::Execute,
            0x0B => Self::Register,
            0x0D => Self::Batch,
            0x0F => Self::AuthResponse,
            _ => return None,
        })
    }

    /// Whether the frame carries statements. Only those are in the ledger.
    #[must_use]
    pub fn has_statement(self) -> bool {
        matches!(self, Self::Query | Self::Prepare | Self::Execute | Self::Batch)
    }
}

/// A consistency level, by its number in the protocol, so that a script can send one that is none.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Consistency(pub u16);

#[expect(missing_docs, reason = "the names are those of the protocol")]
impl Consistency {
    pub const ANY: Self = Self(0);
    pub const ONE: Self = Self(1);
    pub const TWO: Self = Self(2);
    pub const THREE: Self = Self(3);
    pub const QUORUM: Self = Self(4);
    pub const ALL: Self = Self(5);
    pub const LOCAL_QUORUM: Self = Self(6);
    pub const EACH_QUORUM: Self = Self(7);
    pub const SERIAL: Self = Self(8);
    pub const LOCAL_SERIAL: Self = Self(9);
    pub const LOCAL_ONE: Self = Self(10);
}

impl fmt::Debug for Consistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 11] = [
            "ANY",
            "ONE",
            "TWO",
            "THREE",
            "QUORUM",
            "ALL",
            "LOCAL_QUORUM",
            "EACH_QUORUM",
            "SERIAL",
            "LOCAL_SERIAL",
            "LOCAL_ONE",
        ];
        match NAMES.get(usize::from(self.0)) {
            Some(name) => f.write_str(name),
            None => write!(f, "Consistency({})", self.0),
        }
    }
}

/// How the statements of a batch belong together.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum BatchType {
    /// All or none, by the batch log.
    Logged,
    /// Each for itself.
    Unlogged,
    /// Counter updates.
    Counter,
}

impl BatchType {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Logged,
            1 => Self::Unlogged,
            2 => Self::Counter,
            _ => return None,
        })
    }
}
