//! The encoding of protocol version 4: what a client's bytes mean, and how to write an answer.

mod read;
mod write;

pub(crate) use read::{Bound, Header, Malformed, Reader};
pub(crate) use write::{Put, begin_frame, end_frame};

/// Bytes before the body of a frame.
pub(crate) const HEADER: usize = 9;

pub(crate) const REQUEST_VERSION: u8 = 0x04;
pub(crate) const RESPONSE_VERSION: u8 = 0x84;

/// Flags of a frame.
pub(crate) const TRACING: u8 = 0x02;
pub(crate) const WARNING: u8 = 0x08;

/// Opcodes of answers.
pub(crate) mod answer {
    pub(crate) const ERROR: u8 = 0x00;
    pub(crate) const READY: u8 = 0x02;
    pub(crate) const AUTHENTICATE: u8 = 0x03;
    pub(crate) const SUPPORTED: u8 = 0x06;
    pub(crate) const RESULT: u8 = 0x08;
    pub(crate) const EVENT: u8 = 0x0C;
    pub(crate) const AUTH_SUCCESS: u8 = 0x10;
}
