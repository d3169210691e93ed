//! The bucket while nobody waits: one word that any thread changes without the mutex.
//!
//! Either the word is open, and then it holds the truth, or it is closed, and then the [`Bucket`] under the mutex does.
//! Whoever takes the mutex closes the word and carries its moment over; whoever gives the mutex back opens it again, unless
//! somebody waits. So nobody takes a turn past those who wait.
//!
//! The word has room for 55 bits of ticks, so it counts from a `base` that is moved when they come to an end (after hours
//! or days; at once at rates beyond reason). With base and rate it is one value that cannot be read in one step. They
//! change only while the word is closed, and each change gives the word another mark. A thread that has seen the word, and
//! then base and rate, exchanges the word only if it still is the same. If it has read any newer number, then the closing
//! of the word comes before its exchange, because the numbers are stored with release and loaded with acquire, and the
//! exchange fails. (The mark has eight bits. It is the same again after 256 changes of the rate, and the moment would have
//! to be the same, too, all within one exchange; one request would then be judged by the old rate.)

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::bucket::Bucket;

const CLOSED: u64 = 1;
const MARK: u64 = 2;
const SHIFT: u32 = 9;
const MARKS: u64 = (1 << SHIFT) - 1;

/// The most that a bucket may be able to hold, and the most time since the base, so that the sum of both and of what a
/// nanosecond makes does not come near 2^55.
const MOST_TOLERANCE: u128 = 1 << 52;
const MOST_SINCE: u64 = 1 << 53;

#[derive(Debug, Default)]
pub(super) struct Open {
    /// The moment in ticks since the base, the mark, and whether it is closed.
    word: AtomicU64,
    /// In nanoseconds since the epoch of the limit.
    base: AtomicU64,
    /// Ticks of a nanosecond.
    count: AtomicU64,
    /// What a request costs, in ticks.
    period: AtomicU64,
    tolerance: AtomicU64,
    /// The most nanoseconds since the base.
    most: AtomicU64,
    burst: AtomicU32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    /// It does not conform now, and nobody waits.
    No,
    /// Only the holder of the mutex can tell.
    Ask,
}

impl Open {
    pub(super) fn new(burst: u32) -> Self {
        Self {
            word: AtomicU64::new(CLOSED),
            burst: AtomicU32::new(burst),
            ..Self::default()
        }
    }

    /// Admits a request at `now`, in nanoseconds, if it conforms.
    #[inline]
    pub(super) fn take(&self, now: u64, weight: u32) -> Taken {
        let mut word = self.word.load(Ordering::Acquire);
        while word & CLOSED == 0 {
            let since = now.wrapping_sub(self.base.load(Ordering::Acquire));
            // Also if it is before the base.
            if since > self.most.load(Ordering::Acquire) || weight > self.burst.load(Ordering::Acquire) {
                return Taken::Ask;
            }
            // No overflow: what the numbers are bounded by holds while the word is the same, and else they are not used.
            let now = since.wrapping_mul(self.count.load(Ordering::Acquire));
            let cost = u64::from(weight).wrapping_mul(self.period.load(Ordering::Acquire));
            let tat = (word >> SHIFT).max(now).wrapping_add(cost);
            let conforms = tat.wrapping_sub(now) <= self.tolerance.load(Ordering::Acquire);
            let seen = if conforms {
                let next = tat << SHIFT | word & MARKS;
                self.word
                    .compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Acquire)
            } else {
                let newer = self.word.load(Ordering::Acquire);
                if newer == word { Ok(word) } else { Err(newer) }
            };
            match seen {
                Ok(_) if conforms => return Taken::Yes,
                Ok(_) => return Taken::No,
                Err(newer) => word = newer,
            }
        }
        Taken::Ask
    }

    /// Under the mutex, before anything else.
    pub(super) fn close(&self, bucket: &mut Bucket) {
        // Only the holder of the mutex closes it, so a closed one stays so.
        if self.word.load(Ordering::Relaxed) & CLOSED != 0 {
            return;
        }
        let word = self.word.fetch_or(CLOSED, Ordering::AcqRel);
        let base = u128::from(self.base.load(Ordering::Relaxed));
        let ticks = base * u128::from(self.count.load(Ordering::Relaxed)) + u128::from(word >> SHIFT);
        bucket.catch_up(ticks);
    }

    /// Under the mutex, as the last thing, if nobody waits.
    pub(super) fn open(&self, bucket: &Bucket) {
        let (rate, tat, tolerance) = (bucket.rate(), bucket.tat(), bucket.tolerance());
        if tolerance > MOST_TOLERANCE {
            return;
        }
        let count = u64::from(rate.count);
        let tolerance = tolerance as u64;
        let mut mark = self.word.load(Ordering::Relaxed) & MARKS & !CLOSED;
        let mut base = self.base.load(Ordering::Relaxed);
        let known = self.count.load(Ordering::Relaxed) == count
            && self.period.load(Ordering::Relaxed) == rate.period
            && self.tolerance.load(Ordering::Relaxed) == tolerance;
        let since = tat.saturating_sub(u128::from(base) * u128::from(count));
        if !known || since > u128::from(MOST_SINCE) {
            // The last admission was no earlier than this, so no clock that is up to date shows a time before it.
            let earliest = tat.saturating_sub(u128::from(tolerance)) / u128::from(count);
            let Ok(earliest) = u64::try_from(earliest) else {
                return;
            };
            base = earliest;
            mark = (mark + MARK) & MARKS;
            self.base.store(base, Ordering::Release);
            self.count.store(count, Ordering::Release);
            self.period.store(rate.period, Ordering::Release);
            self.tolerance.store(tolerance, Ordering::Release);
            self.most.store(MOST_SINCE / count, Ordering::Release);
            self.burst.store(bucket.burst(), Ordering::Release);
        }
        let since = tat.saturating_sub(u128::from(base) * u128::from(count)) as u64;
        self.word.store(since << SHIFT | mark, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
