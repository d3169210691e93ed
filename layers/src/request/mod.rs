//! What the layers need to know of a request, and where they leave notes for each other.
//!
//! A request carries one [`Context`]: its deadline, its own limits, which attempt it is and where it is sent. It says of
//! itself whether it may be repeated, how much of a limit it takes and under which class it is counted ([`Request`]).
//! A service whose requests are of a foreign type wraps them in [`Call`].

mod attempt;
mod call;
mod context;
mod extensions;
mod limits;

use std::fmt;

pub use attempt::{Attempt, REMEMBERED_NODES};
pub use call::Call;
pub use context::Context;
use extensions::Extensions;
pub use limits::{Deadline, Limit, OwnLimit};
pub(crate) use limits::{Packed, Until};

/// Names a node among all nodes of a service. For Cassandra it is the host id.
// Aligned as a pointer is: by 16, as the number wants it, every future that holds one would be padded up to a multiple of 16.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(Rust, packed(8))]
pub struct NodeId(pub u128);

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            n >> 96,
            (n >> 80) & 0xffff,
            (n >> 64) & 0xffff,
            (n >> 48) & 0xffff,
            n & 0xffff_ffff_ffff
        )
    }
}

/// May a request be applied twice without harm?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// Twice is as good as once.
    Yes,
    /// Twice is not once.
    No,
    /// Nobody said so; it is treated as `No`.
    #[default]
    Unknown,
}

/// How important a request is to a limit whose queue it has to wait in.
///
/// A higher class goes first, whoever came first, and a full queue drops the lowest class first. So a lower class waits for
/// as long as higher ones fill the limit, and may never get its turn: that is its purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Goes when nobody else wants to: batch jobs, prefetching, everything that can be done again later.
    Low,
    /// All that says nothing else.
    #[default]
    Normal,
    /// Goes before all others.
    High,
}

/// Requests of one class take about the same time, so that one delay of a [hedge](crate::hedge) suits them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HedgeClass {
    /// It reads.
    Read,
    /// It writes.
    Write,
}

/// What a request says of itself. Only the context has no default.
pub trait Request {
    /// The notes of the layers.
    fn context(&self) -> &Context;

    /// The notes of the layers, to write.
    fn context_mut(&mut self) -> &mut Context;

    /// May it be repeated after it may have been applied? Default: unknown, which counts as no.
    fn idempotency(&self) -> Idempotency {
        Idempotency::Unknown
    }

    /// As what a second attempt may be made of it beside the first one, and none if it must not. Default: a read if it is idempotent.
    fn hedge(&self) -> Option<HedgeClass> {
        (self.idempotency() == Idempotency::Yes).then_some(HedgeClass::Read)
    }

    /// How many permits of a limit it takes. 0 passes every limit, for work that must not wait behind user requests.
    /// Default: 1.
    fn weight(&self) -> u32 {
        1
    }

    /// Where it stands in the queue of a limit. Default: [`Priority::Normal`].
    fn priority(&self) -> Priority {
        Priority::Normal
    }

    /// The label its user chose for it, such as the name of a job. A
    /// [concurrency limit](crate::limit::ConcurrencyLimit::share) can give a label a share of its permits. Default: none.
    fn label(&self) -> Option<&str> {
        None
    }

    /// The class it is counted under in metrics, out of a fixed, small set. Default: `request`.
    fn class(&self) -> &'static str {
        "request"
    }

    /// What it does, out of a fixed, small set: the `db.operation.name` of OpenTelemetry. Default: its class.
    fn operation(&self) -> &'static str {
        self.class()
    }
}
