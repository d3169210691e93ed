use std::fmt;

/// Why a limit refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The concurrency limit is reached and its queue is full.
    ConcurrencyQueueFull,
    /// The rate is used up and its queue is full.
    RateQueueFull,
    /// The request weighs more than the limit will ever have.
    TooHeavy,
    /// Every node that could take it is at its limit.
    NodesFull,
    /// Too many different statements are being prepared at the same time.
    PreparesFull,
}

impl Reason {
    /// A name for metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ConcurrencyQueueFull => "concurrency_queue_full",
            Self::RateQueueFull => "rate_queue_full",
            Self::TooHeavy => "too_heavy",
            Self::NodesFull => "nodes_full",
            Self::PreparesFull => "prepares_full",
        }
    }
}

/// A limit refused a request; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    reason: Reason,
}

impl Rejected {
    pub(crate) const fn new(reason: Reason) -> Self {
        Self { reason }
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::ConcurrencyQueueFull => "refused: the concurrency limit is reached and its queue is full",
            Reason::RateQueueFull => "refused: the rate limit is used up and its queue is full",
            Reason::TooHeavy => "refused: the request weighs more than the limit can ever grant",
            Reason::NodesFull => "refused: every node is at its limit of requests in flight",
            Reason::PreparesFull => "refused: too many statements are being prepared at the same time",
        })
    }
}

impl std::error::Error for Rejected {}
