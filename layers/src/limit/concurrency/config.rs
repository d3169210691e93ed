use crate::config::InvalidConfig;
use crate::limit::{DEFAULT_QUEUE, check_queue};

/// How many requests may be under way at a time, and how many more may wait.
///
/// ```
/// use tower_cassandra_layers::limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
///
/// let layer = ConcurrencyLimitLayer::new(ConcurrencyLimit::new(1024).queue(500))?;
/// // A bare number has the default queue.
/// let layer = ConcurrencyLimitLayer::new(1024)?;
/// # Ok::<(), tower_cassandra_layers::InvalidConfig>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcurrencyLimit {
    limit: usize,
    queue: usize,
}

impl ConcurrencyLimit {
    /// So many permits. A request takes as many as it weighs, usually one. Queue: [`DEFAULT_QUEUE`].
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            queue: DEFAULT_QUEUE,
        }
    }

    /// How many requests may wait, whatever they weigh. Default: [`DEFAULT_QUEUE`]. With 0 a request that cannot be
    /// admitted at once is refused at once.
    #[must_use]
    pub const fn queue(mut self, requests: usize) -> Self {
        self.queue = requests;
        self
    }

    pub(super) fn check(self) -> Result<(u32, usize), InvalidConfig> {
        Ok((
            check_limit(self.limit)?,
            check_queue("concurrency_limit.queue", self.queue)?,
        ))
    }
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
