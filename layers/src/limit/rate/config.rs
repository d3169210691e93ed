use std::time::Duration;

use crate::config::InvalidConfig;
use crate::limit::{DEFAULT_QUEUE, check_queue};

/// How many requests may be admitted in a given time, how many of them at once, and how many more may wait.
///
/// ```
/// use std::time::Duration;
/// use tower_cassandra_layers::limit::{RateLimit, RateLimitLayer};
///
/// let layer = RateLimitLayer::new(RateLimit::per_second(5_000).burst(500).queue(1000))?;
/// let layer = RateLimitLayer::new(RateLimit::per(100, Duration::from_secs(60)))?;
/// # Ok::<(), tower_cassandra_layers::InvalidConfig>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    count: u32,
    period: Duration,
    burst: Option<u32>,
    queue: usize,
}

/// The longest period of a rate. It keeps the arithmetic of the bucket from overflowing.
const MAX_PERIOD: Duration = Duration::from_secs(24 * 60 * 60);

/// A rate that makes sense, in the numbers of the bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) count: u32,
    pub(super) period: u64,
}

impl Rate {
    /// The nanoseconds between two requests, at least one.
    pub(super) const fn pace(self) -> u64 {
        self.period.div_ceil(self.count as u64)
    }
}

impl RateLimit {
    /// So many requests a second.
    #[must_use]
    pub const fn per_second(count: u32) -> Self {
        Self::per(count, Duration::from_secs(1))
    }

    /// So many requests in a period of at most a day. The period is a unit, not a window: 100 per minute is one every
    /// 0.6 seconds once the burst is used up.
    #[must_use]
    pub const fn per(count: u32, period: Duration) -> Self {
        Self {
            count,
            period,
            burst: None,
            queue: DEFAULT_QUEUE,
        }
    }

    /// The rate, as requests a second.
    pub(super) fn in_a_second(self) -> f64 {
        f64::from(self.count) / self.period.as_secs_f64()
    }

    /// How many requests may be admitted at once after a pause, and the most that one request may weigh. Default: what
    /// the rate gives in 100 ms, at least 1.
    ///
    /// The timer wakes waiting requests once a millisecond, so a burst of less than what the rate gives in 2 ms cannot
    /// use the whole rate.
    #[must_use]
    pub const fn burst(mut self, requests: u32) -> Self {
        self.burst = Some(requests);
        self
    }

    /// How many requests may wait, whatever they weigh. Default: [`DEFAULT_QUEUE`]. With 0 a request that cannot be
    /// admitted at once is refused at once.
    #[must_use]
    pub const fn queue(mut self, requests: usize) -> Self {
        self.queue = requests;
        self
    }

    /// The burst, written out by [`check`](Self::check).
    pub(super) fn burst_written(self) -> u32 {
        self.burst.unwrap_or_default()
    }

    /// How many requests may wait.
    pub(super) const fn places(self) -> usize {
        self.queue
    }

    /// Looks for numbers that make no sense and writes down the default burst.
    pub(super) fn check(mut self) -> Result<(Self, Checked), InvalidConfig> {
        let rate = check_rate(self.count, self.period)?;
        let burst = match self.burst {
            Some(burst) => check_burst(burst)?,
            None => {
                let tenth = u128::from(rate.count) * 100_000_000 / u128::from(rate.period);
                u32::try_from(tenth).unwrap_or(u32::MAX).max(1)
            }
        };
        self.burst = Some(burst);
        let queue = check_places(self.queue)?;
        Ok((self, Checked { rate, burst, queue }))
    }

    pub(super) const fn set_rate(&mut self, count: u32, period: Duration) {
        self.count = count;
        self.period = period;
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Checked {
    pub(super) rate: Rate,
    pub(super) burst: u32,
    pub(super) queue: usize,
}

pub(super) fn check_burst(burst: u32) -> Result<u32, InvalidConfig> {
    match burst {
        0 => Err(InvalidConfig::new(
            "rate_limit.burst",
            burst,
            "at least 1 request",
        )),
        burst => Ok(burst),
    }
}

pub(super) fn check_places(queue: usize) -> Result<usize, InvalidConfig> {
    check_queue("rate_limit.queue", queue)
}

pub(super) fn check_rate(count: u32, period: Duration) -> Result<Rate, InvalidConfig> {
    if count == 0 {
        return Err(InvalidConfig::new("rate_limit", count, "at least 1 request"));
    }
    match u64::try_from(period.as_nanos()) {
        Ok(nanos @ 1..) if period <= MAX_PERIOD => {
            let common = common_divisor(nanos, u64::from(count));
            Ok(Rate {
                // No larger than before.
                count: count / common as u32,
                period: nanos / common,
            })
        }
        _ => Err(InvalidConfig::new(
            "rate_limit.period",
            period,
            "more than no time and at most 24 hours",
        )),
    }
}

/// The same rate in smaller numbers leaves more room for the time.
const fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
