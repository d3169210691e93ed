//! A quantile of recent latencies of a session, kept without a lock.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Four buckets per doubling: a bucket is at most 19 % wide.
const PER_DOUBLING: u32 = 4;
const BUCKETS: usize = 40 * PER_DOUBLING as usize;
/// The percentile is computed anew after this many samples.
const REFRESH: u32 = 64;
/// Counts are halved at this many samples, so that old ones fade, and at so many more that this many of them are above the quantile.
const FADE: u32 = 4_096;
const ABOVE: u64 = 40;
const FADE_AT_MOST: u64 = 1 << 20;

/// Latencies of a session on a logarithmic scale.
#[derive(Debug)]
pub(crate) struct Latencies {
    buckets: [AtomicU32; BUCKETS],
    /// Since the start, until there are so many that counts are halved.
    samples: AtomicU32,
    /// How many of a million are below the quantile.
    share: u64,
    fade: u32,
    quantile: AtomicU64,
}

fn bucket(nanos: u64) -> usize {
    let nanos = nanos.max(1);
    let doubling = nanos.ilog2();
    // The two bits below the leading one choose the quarter.
    let quarter = if doubling >= 2 {
        (nanos >> (doubling - 2)) & 3
    } else {
        0
    };
    ((doubling * PER_DOUBLING) as usize + quarter as usize).min(BUCKETS - 1)
}

fn upper_bound(bucket: usize) -> u64 {
    let (doubling, quarter) = (bucket as u64 / 4, bucket as u64 % 4);
    (1_u64 << doubling).saturating_add(((quarter + 1) << doubling) / 4)
}

fn fade(share: u64) -> u32 {
    let samples = ABOVE * 1_000_000 / 1_000_000_u64.saturating_sub(share).max(1);
    // Below 2^20.
    FADE.max(samples.min(FADE_AT_MOST) as u32)
}

impl Latencies {
    /// For the quantile that so many of a million samples are below.
    pub(crate) fn of(share: u64) -> Self {
        Self {
            buckets: std::array::from_fn(|_| AtomicU32::new(0)),
            samples: AtomicU32::new(0),
            share,
            fade: fade(share),
            quantile: AtomicU64::new(0),
        }
    }

    /// True when the quantile was computed anew.
    pub(crate) fn record(&self, nanos: u64) -> bool {
        self.buckets[bucket(nanos)].fetch_add(1, Relaxed);
        // Counts of two threads may interleave here; a percentile off by a few samples does no harm.
        let samples = self.samples.fetch_add(1, Relaxed) + 1;
        let is_due = samples.is_multiple_of(REFRESH);
        if is_due {
            self.refresh();
            if samples >= self.fade {
                self.fade();
            }
        }
        is_due
    }

    /// Were there this many samples since the start? The number may be up to half of [`FADE`].
    pub(crate) fn has_seen(&self, samples: u32) -> bool {
        self.samples.load(Relaxed) >= samples
    }

    /// The upper bound of the quantile in nanoseconds; zero before the first 64 samples.
    pub(crate) fn quantile(&self) -> u64 {
        self.quantile.load(Relaxed)
    }

    fn refresh(&self) {
        let total: u64 = self.buckets.iter().map(|b| u64::from(b.load(Relaxed))).sum();
        let wanted = (total * self.share).div_ceil(1_000_000);
        let mut sum = 0;
        for (i, count) in self.buckets.iter().enumerate() {
            sum += u64::from(count.load(Relaxed));
            if sum >= wanted {
                self.quantile.store(upper_bound(i), Relaxed);
                return;
            }
        }
    }

    fn fade(&self) {
        for count in &self.buckets {
            count.store(count.load(Relaxed) / 2, Relaxed);
        }
        self.samples.store(self.fade / 2, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_right_within_a_bucket_and_follows_a_change() {
        let latencies = Latencies::of(950_000);
        for i in 1..=1_000_u64 {
            latencies.record(i * 10_000);
        }
        let p95 = latencies.quantile();
        assert!((9_000_000..=12_000_000).contains(&p95), "{p95} ns");
        for _ in 0..20_000 {
            latencies.record(100_000_000);
        }
        assert!(latencies.quantile() >= 100_000_000);
    }

    #[test]
    fn every_duration_has_a_bucket() {
        for nanos in [0, 1, 2, 3, 4, 5, 1_000, u64::MAX] {
            assert!(bucket(nanos) < BUCKETS);
        }
        assert!(upper_bound(bucket(1_000_000)) >= 1_000_000);
    }
}
