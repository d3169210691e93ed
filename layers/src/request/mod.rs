//! What the layers need to know of a request, and where they leave notes for each other.
//!
//! A request carries one [`Context`]: its deadline, its own limits, which attempt it is and where it is sent. It says of
//! itself whether it may be repeated, how much of a limit it takes and under which class it is counted ([`Request`]).
//! A service whose requests are of a foreign type wraps them in [`Call`].

mod attempt;
mod call;

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

pub use attempt::{Attempt, REMEMBERED_NODES};
pub use call::Call;

use crate::balance::Ticket;
use crate::clock::{Moment, nanos};

/// Names a node among all nodes of a service. For Cassandra it is the host id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

/// Which of the three time limits is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// One call: queueing, back-off and every attempt.
    Call,
    /// One attempt on one node.
    Attempt,
    /// A whole operation of many calls, or a deadline given from outside.
    Deadline,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "call limit",
            Self::Attempt => "attempt limit",
            Self::Deadline => "deadline",
        })
    }
}

/// The moment after which nobody waits for a request any more, and the limit it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The moment.
    pub at: Instant,
    /// Where it comes from, so that the error can say so.
    pub limit: Limit,
}

impl Deadline {
    /// A deadline of a whole operation.
    #[must_use]
    pub const fn at(at: Instant) -> Self {
        Self {
            at,
            limit: Limit::Deadline,
        }
    }
}

/// A request's own choice about a limit that a layer has a default for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnLimit {
    /// The default of the layer.
    #[default]
    Default,
    /// No limit.
    Off,
    /// This one.
    Of(Duration),
}

impl OwnLimit {
    /// The limit that holds, given the layer's default.
    #[must_use]
    pub const fn or(self, default: Option<Duration>) -> Option<Duration> {
        match self {
            Self::Default => default,
            Self::Off => None,
            Self::Of(limit) => Some(limit),
        }
    }
}

/// [`OwnLimit`] in one number: nanoseconds, or one of two that no limit has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed(u64);

impl Packed {
    const DEFAULT: Self = Self(u64::MAX);
    const OFF: Self = Self(u64::MAX - 1);

    pub(crate) const fn of(limit: OwnLimit) -> Self {
        match limit {
            OwnLimit::Default => Self::DEFAULT,
            OwnLimit::Off => Self::OFF,
            OwnLimit::Of(limit) => {
                let nanos = nanos(limit);
                if nanos < Self::OFF.0 {
                    Self(nanos)
                } else {
                    Self::OFF
                }
            }
        }
    }

    const fn unpack(self) -> OwnLimit {
        match self {
            Self::DEFAULT => OwnLimit::Default,
            Self::OFF => OwnLimit::Off,
            Self(nanos) => OwnLimit::Of(Duration::from_nanos(nanos)),
        }
    }

    /// The limit that holds, given the layer's default, from `now` on.
    #[inline]
    pub(crate) fn or(self, default: Self, now: Moment) -> Moment {
        let limit = if self.0 == Self::DEFAULT.0 { default } else { self };
        // Off is far enough to be never.
        now.after_nanos(limit.0)
    }
}

/// [`Deadline`] in fewer bytes, because it is copied and compared for every request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Until {
    /// [`Moment::NEVER`] without a deadline.
    pub(crate) at: Moment,
    pub(crate) limit: Limit,
}

impl Until {
    pub(crate) const NEVER: Self = Self {
        at: Moment::NEVER,
        limit: Limit::Deadline,
    };

    /// Is there a deadline at all?
    #[inline]
    pub(crate) const fn ends(self) -> bool {
        self.at.number() != Moment::NEVER.number()
    }
}

/// What the layers leave on a request for each other. A clone shares nothing: it has no ticket.
// Every layer moves it along with the request, so it is kept small.
#[derive(Debug)]
pub struct Context {
    until: Until,
    call_limit: Packed,
    attempt_limit: Packed,
    /// The request's own number of retries, in place of that of the policy.
    pub max_retries: Option<u32>,
    /// Which attempt this is.
    pub attempt: Attempt,
    pub(crate) ticket: Option<Ticket>,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            until: Until::NEVER,
            call_limit: Packed::DEFAULT,
            attempt_limit: Packed::DEFAULT,
            max_retries: None,
            attempt: Attempt::default(),
            ticket: None,
        }
    }
}

impl Clone for Context {
    // A ticket stands for one attempt that is under way; the copy of a request kept for a retry is not under way.
    #[inline]
    fn clone(&self) -> Self {
        Self {
            until: self.until,
            call_limit: self.call_limit,
            attempt_limit: self.attempt_limit,
            max_retries: self.max_retries,
            attempt: self.attempt.clone(),
            ticket: None,
        }
    }
}

impl Context {
    /// The deadline that holds now.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.until.ends().then(|| Deadline {
            at: self.until.at.instant(),
            limit: self.until.limit,
        })
    }

    /// Sets a deadline, unless there is an earlier one. A deadline can only be shortened.
    pub fn shorten(&mut self, deadline: Deadline) {
        self.shorten_to(Until {
            at: Moment::of(deadline.at),
            limit: deadline.limit,
        });
    }

    #[inline]
    pub(crate) const fn until(&self) -> Until {
        self.until
    }

    #[inline]
    pub(crate) fn shorten_to(&mut self, until: Until) {
        if until.at < self.until.at {
            self.until = until;
        }
    }

    /// The request's own call limit.
    #[must_use]
    pub const fn call_limit(&self) -> OwnLimit {
        self.call_limit.unpack()
    }

    /// Sets the request's own call limit. More than 584 years count as off.
    pub const fn set_call_limit(&mut self, limit: OwnLimit) {
        self.call_limit = Packed::of(limit);
    }

    /// The request's own attempt limit.
    #[must_use]
    pub const fn attempt_limit(&self) -> OwnLimit {
        self.attempt_limit.unpack()
    }

    /// Sets the request's own attempt limit. More than 584 years count as off.
    pub const fn set_attempt_limit(&mut self, limit: OwnLimit) {
        self.attempt_limit = Packed::of(limit);
    }

    #[inline]
    pub(crate) const fn packed_limit(&self, limit: Limit) -> Packed {
        match limit {
            Limit::Attempt => self.attempt_limit,
            Limit::Call | Limit::Deadline => self.call_limit,
        }
    }

    /// The node the balancer has chosen for this attempt.
    #[must_use]
    pub fn target(&self) -> Option<NodeId> {
        self.ticket.as_ref().map(|ticket| ticket.endpoint().id())
    }

    /// The ticket of this attempt, as long as the leaf has not taken it.
    #[must_use]
    pub const fn ticket(&self) -> Option<&Ticket> {
        self.ticket.as_ref()
    }

    /// Takes the ticket. The leaf keeps it until the node has answered, and no shorter.
    pub const fn take_ticket(&mut self) -> Option<Ticket> {
        self.ticket.take()
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
}
