use std::time::Duration;

/// Eight buckets for each doubling, from 1 µs to an hour.
const STEPS: u32 = 3;
const BUCKETS: usize = 33 << STEPS;

/// How many requests took how long, up to an eighth too long.
pub(super) struct Spread {
    counts: Box<[u64]>,
    count: u64,
    sum: Duration,
}

impl Default for Spread {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS].into(),
            count: 0,
            sum: Duration::ZERO,
        }
    }
}

fn bucket(time: Duration) -> usize {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    let power = micros.ilog2();
    let step = (micros << STEPS >> power) & ((1 << STEPS) - 1);
    (((power as usize) << STEPS) + step as usize).min(BUCKETS - 1)
}

/// The first time that is too long for a bucket.
fn bound(bucket: usize) -> Duration {
    let steps = (1_u64 << STEPS) + (bucket as u64 & ((1 << STEPS) - 1)) + 1;
    Duration::from_micros((steps << (bucket >> STEPS)) >> STEPS)
}

impl Spread {
    pub(super) fn add(&mut self, time: Duration) {
        if let Some(count) = self.counts.get_mut(bucket(time)) {
            *count += 1;
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(time);
    }

    /// The time that this part of the requests did not exceed.
    pub(super) fn quantile(&self, q: f64) -> Option<Duration> {
        let rank = ((q * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        place.map(bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_below_the_bound_of_its_bucket_and_not_far() {
        for micros in (1..5_000).chain([1_000_000, 3_599_000_000]) {
            let time = Duration::from_micros(micros);
            let end = bound(bucket(time));
            assert!(end >= time, "{time:?} {end:?}");
            assert!(
                end <= time + time / 4 + Duration::from_micros(1),
                "{time:?} {end:?}"
            );
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    }
}
