//! Limits in time: the three kinds, a request's own choice, and deadlines.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::{Moment, nanos};

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

impl From<Option<Duration>> for OwnLimit {
    /// This limit, or none at all.
    fn from(limit: Option<Duration>) -> Self {
        limit.map_or(Self::Off, Self::Of)
    }
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
    pub(super) const DEFAULT: Self = Self(u64::MAX);
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

    pub(super) const fn unpack(self) -> OwnLimit {
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
