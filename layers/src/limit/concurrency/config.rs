use std::fmt;

use crate::config::InvalidConfig;
use crate::limit::{DEFAULT_QUEUE, check_queue};

/// How many labels of one limit can have a share: 16.
pub const MAX_SHARES: usize = 16;

/// How many requests may be under way at a time, and how many more may wait.
///
/// ```
/// use tower_cassandra_layers::limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
///
/// let layer = ConcurrencyLimitLayer::new(ConcurrencyLimit::new(1024).queue(500))?;
/// // Requests with the label `export` may hold at most a quarter of the permits.
/// let layer = ConcurrencyLimitLayer::new(ConcurrencyLimit::new(1024).share("export", 0.25))?;
/// // A bare number has the default queue.
/// let layer = ConcurrencyLimitLayer::new(1024)?;
/// # Ok::<(), tower_cassandra_layers::InvalidConfig>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcurrencyLimit {
    limit: usize,
    queue: usize,
    shares: Shares,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Shares {
    /// The bits of the share are compared, and every share that passes the check has but one form.
    given: [(&'static str, u64); MAX_SHARES],
    /// Counts those beyond the maximum as well, so that the check finds them.
    count: usize,
}

impl Shares {
    fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> + '_ {
        let given = self.given.iter().take(self.count);
        given.map(|(label, bits)| (*label, f64::from_bits(*bits)))
    }
}

impl fmt::Debug for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A limit that makes sense.
pub(super) struct Checked {
    pub(super) limit: u32,
    pub(super) queue: usize,
    pub(super) shares: Vec<(&'static str, f64)>,
}

impl ConcurrencyLimit {
    /// So many permits. A request takes as many as it weighs, usually one. Queue: [`DEFAULT_QUEUE`].
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            queue: DEFAULT_QUEUE,
            shares: Shares {
                given: [("", 0); MAX_SHARES],
                count: 0,
            },
        }
    }

    /// How many requests may wait, whatever they weigh. Default: [`DEFAULT_QUEUE`]. With 0 a request that cannot be
    /// admitted at once is refused at once.
    #[must_use]
    pub const fn queue(mut self, requests: usize) -> Self {
        self.queue = requests;
        self
    }

    /// Requests with this [label](crate::Request::label) may hold at most this part of the permits, and fill at most this
    /// part of the queue. The part is above 0 and at most 1, and makes at least one permit and one place. Up to
    /// [`MAX_SHARES`] labels can have one; other requests are not bounded by any.
    ///
    /// It is an upper bound and reserves nothing: the shares may make more than 1 together. With a share of 1 a label is
    /// not held back, and can be by [`set_share`](super::ConcurrencyHandle::set_share) later.
    #[must_use]
    pub const fn share(mut self, label: &'static str, share: f64) -> Self {
        if self.shares.count < MAX_SHARES {
            self.shares.given[self.shares.count] = (label, share.to_bits());
        }
        self.shares.count += 1;
        self
    }

    pub(super) fn check(self) -> Result<Checked, InvalidConfig> {
        if self.shares.count > MAX_SHARES {
            let count = format_args!("given to {} labels", self.shares.count);
            return Err(InvalidConfig::new(SHARE, count, "at most 16 labels a share"));
        }
        let mut shares = Vec::with_capacity(self.shares.count);
        for (label, share) in self.shares.iter() {
            check_share(label, share)?;
            if shares.iter().any(|(known, _)| *known == label) {
                return Err(share_error(label, share, "each label one share"));
            }
            shares.push((label, share));
        }
        Ok(Checked {
            limit: check_limit(self.limit)?,
            queue: check_places(self.queue)?,
            shares,
        })
    }
}

const SHARE: &str = "concurrency_limit.share";

pub(super) fn share_error(label: &str, share: f64, expected: &'static str) -> InvalidConfig {
    InvalidConfig::new(SHARE, format_args!("{share} of `{label}`"), expected)
}

pub(super) fn check_share(label: &str, share: f64) -> Result<(), InvalidConfig> {
    // Also refuses what is not a number.
    if share > 0.0 && share <= 1.0 {
        return Ok(());
    }
    Err(share_error(label, share, "a part above 0 and at most 1"))
}

pub(super) fn check_places(queue: usize) -> Result<usize, InvalidConfig> {
    check_queue("concurrency_limit.queue", queue)
}

pub(super) fn check_limit(limit: usize) -> Result<u32, InvalidConfig> {
    match u32::try_from(limit) {
        Ok(limit @ 1..) => Ok(limit),
        _ => Err(InvalidConfig::new(
            "concurrency_limit",
            limit,
            "a number of requests from 1 to 4294967295",
        )),
    }
}

// The only integer: with a second one the compiler could not choose a type for a bare number.
impl From<usize> for ConcurrencyLimit {
    fn from(limit: usize) -> Self {
        Self::new(limit)
    }
}
