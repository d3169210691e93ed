use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Eight buckets for each doubling, from 2^10 ns to 2^42 ns, and one before them.
const STEPS: u32 = 3;
const SMALLEST: u32 = 10;
const BUCKETS: usize = 1 + (32 << STEPS);

/// The bucket of a wait. The last one takes all that is longer.
fn bucket(waited: Duration) -> usize {
    let nanos = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
    // Bounds belong to the bucket below them, as in a Prometheus histogram.
    let nanos = nanos.saturating_sub(1);
    match nanos.checked_ilog2() {
        Some(power @ SMALLEST..) => {
            let step = (nanos >> (power - STEPS)) & ((1 << STEPS) - 1);
            let bucket = 1 + ((power - SMALLEST) << STEPS) as usize + step as usize;
            bucket.min(BUCKETS - 1)
        }
        _ => 0,
    }
}

/// The longest wait that belongs to a bucket; of the last one, where it would end if it ended.
fn bound(bucket: usize) -> Duration {
    let steps = (1 << STEPS) + (bucket as u64 & ((1 << STEPS) - 1));
    Duration::from_nanos((steps << (bucket >> STEPS)) << (SMALLEST - STEPS))
}

/// Counts waits while the limit runs.
pub(super) struct Recorder {
    counts: Box<[AtomicU64; BUCKETS]>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            counts: Box::new([const { AtomicU64::new(0) }; BUCKETS]),
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Recorder {
    pub(super) fn record(&self, waited: Duration) {
        self.counts[bucket(waited)].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self, admitted: u64) -> Waits {
        let mut counts = Box::new([0; BUCKETS]);
        let mut after_wait = 0_u64;
        for (count, counted) in counts.iter_mut().zip(self.counts.iter()) {
            *count = counted.load(Ordering::Relaxed);
            after_wait += *count;
        }
        Waits {
            // Requests go on being admitted while this is read.
            at_once: admitted.saturating_sub(after_wait),
            counts,
        }
    }
}

/// How long admitted requests waited for a limit: the figures at one moment, all since the layer was made. Requests that
/// were refused or gave up are not among them.
///
/// Waits are counted in buckets that are an eighth of a power of two wide, so a figure is up to an eighth too high, from
/// 1 µs to an hour.
#[derive(Clone, PartialEq, Eq)]
pub struct Waits {
    at_once: u64,
    counts: Box<[u64; BUCKETS]>,
}

impl Waits {
    /// How many requests were admitted, after a wait or at once.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.at_once + self.counts.iter().sum::<u64>()
    }

    /// How many of them did not wait.
    #[must_use]
    pub const fn at_once(&self) -> u64 {
        self.at_once
    }

    /// The wait that this part of the requests did not exceed: 0.5 gives the median, 1 the longest. Zero where so many
    /// were admitted at once; nothing if none was admitted. Below 0 counts as 0 and above 1 as 1.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        // What is not a number makes 0.
        let rank = ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut seen = self.at_once;
        if count == 0 || rank <= seen {
            return (count > 0).then_some(Duration::ZERO);
        }
        let reaches = |count: &u64| {
            seen += count;
            seen >= rank
        };
        self.counts.iter().position(reaches).map(bound)
    }

    /// The buckets in which there is something: the longest wait of the bucket, and how many requests waited so long but
    /// longer than the bucket before. Those admitted at once are in none.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let buckets = self.counts.iter().enumerate();
        buckets
            .filter(|(_, count)| **count > 0)
            .map(|(bucket, count)| (bound(bucket), *count))
    }

    /// What has been added since an earlier look at the same limit.
    #[must_use]
    pub fn since(mut self, earlier: &Self) -> Self {
        self.at_once = self.at_once.saturating_sub(earlier.at_once);
        for (count, before) in self.counts.iter_mut().zip(earlier.counts.iter()) {
            *count = count.saturating_sub(*before);
        }
        self
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits")
            .field("count", &self.count())
            .field("at_once", &self.at_once)
            .field("median", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("longest", &self.quantile(1.0))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, Duration, bound, bucket};

    #[test]
    fn every_wait_lies_within_its_bucket_and_at_most_an_eighth_below_its_bound() {
        assert_eq!(
            (bucket(Duration::ZERO), bound(0)),
            (0, Duration::from_nanos(1024))
        );
        for last in 0..BUCKETS - 1 {
            let end = bound(last);
            assert_eq!(bucket(end), last);
            assert_eq!(bucket(end + Duration::from_nanos(1)), last + 1);
            assert!(bound(last + 1) <= end + end / 8 + Duration::from_nanos(1));
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
        assert!(bound(BUCKETS - 1) > Duration::from_secs(3600));
    }
}
