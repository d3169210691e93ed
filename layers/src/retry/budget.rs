use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::policy::RetryBudget;
use crate::clock::{self, Moment};
use crate::config::InvalidConfig;

const WINDOW: u64 = 10;
/// In nanoseconds.
const SECOND: u64 = 1_000_000_000;
// One second more than the window: the second that is running is not complete.
const SECONDS: usize = WINDOW as usize + 1;

/// The ledger of a session: how many retries its calls of the last 10 s have earned.
///
/// A retry is allowed while the retries of the last 10 s are fewer than the larger of a floor (default 50) and a share
/// (default 20 %) of the calls of the last 10 s. So a quiet session makes all its retries, and a busy one at most 1.2 attempts per call when
/// everything fails. Clones share one ledger.
#[derive(Clone, Debug)]
pub struct Budget {
    ledger: std::sync::Arc<Ledger>,
}

/// How much of a [`Budget`] is used. From [`Budget::usage`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetUsage {
    /// So many repetitions are allowed in [`Budget::WINDOW`].
    pub allowed: u64,
    /// So many there were, whatever draws on the budget. They may be more than are allowed: probes are always made, and calls that earned some are over.
    pub used: u64,
}

#[derive(Debug)]
struct Ledger {
    floor: u32,
    percent: u32,
    origin: Moment,
    /// The first moment after the second that is running. Whoever comes later turns to another one.
    until: AtomicU64,
    /// The calls of that second.
    calls: AtomicU64,
    /// One was refused in that second.
    is_empty: AtomicBool,
    seconds: Mutex<Seconds>,
}

#[derive(Debug)]
struct Seconds {
    past: [Second; SECONDS],
    /// The number of the one that is running.
    current: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Second {
    number: u64,
    /// Not known before the second is over.
    calls: u64,
    retries: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::unchecked(Self::FLOOR, Self::PERCENT)
    }
}

impl Budget {
    /// The floor of the default budget: 50 retries in 10 s.
    pub const FLOOR: u32 = 50;
    /// The share of the default budget: 20 % of the calls.
    pub const PERCENT: u32 = 20;
    /// The share where [hedges](crate::hedge) draw on the budget too: all that comes on top of the calls is 10 % at most.
    pub const PERCENT_WITH_HEDGES: u32 = 10;

    /// A budget of at least `floor` retries in 10 s and `percent` of the calls.
    ///
    /// # Errors
    /// [`InvalidConfig`] when `percent` is above 100: every call would be allowed to double.
    pub fn new(floor: u32, percent: u32) -> Result<Self, InvalidConfig> {
        if percent > 100 {
            return Err(InvalidConfig::new(
                "retry.budget",
                percent,
                "a share from 0 to 100 percent",
            ));
        }
        Ok(Self::unchecked(floor, percent))
    }

    pub(super) fn unchecked(floor: u32, percent: u32) -> Self {
        let origin = clock::now();
        Self {
            ledger: std::sync::Arc::new(Ledger {
                floor,
                percent,
                origin,
                until: AtomicU64::new(origin.after_nanos(SECOND).number()),
                calls: AtomicU64::new(0),
                is_empty: AtomicBool::new(false),
                seconds: Mutex::new(Seconds {
                    past: [Second::default(); SECONDS],
                    current: 0,
                }),
            }),
        }
    }

    /// The retries that are left now.
    #[must_use]
    pub fn left(&self, now: Instant) -> u64 {
        let ledger = &*self.ledger;
        let mut seconds = ledger.lock();
        ledger.turn_to(&mut seconds, Moment::of(now));
        ledger.left(&seconds)
    }

    /// How much of it is used now. What is left is their difference.
    #[must_use]
    pub fn usage(&self, now: Instant) -> BudgetUsage {
        let ledger = &*self.ledger;
        let mut seconds = ledger.lock();
        ledger.turn_to(&mut seconds, Moment::of(now));
        let (allowed, used) = ledger.usage(&seconds);
        BudgetUsage { allowed, used }
    }

    /// Counts a call without a lock. One that comes in the moment of a turn may be counted in the second after its own.
    #[inline]
    pub(super) fn count_call(&self, now: Moment) {
        let ledger = &*self.ledger;
        if now.number() >= ledger.until.load(Relaxed) {
            ledger.turn_to(&mut ledger.lock(), now);
        }
        ledger.calls.fetch_add(1, Relaxed);
    }
}

impl RetryBudget for Budget {
    fn deposit(&self, now: Instant) {
        self.count_call(Moment::of(now));
    }

    fn withdraw(&self, now: Instant) -> bool {
        self.take(Moment::of(now))
    }
}

impl Budget {
    /// Takes one, if there is one left.
    pub(crate) fn take(&self, now: Moment) -> bool {
        let ledger = &*self.ledger;
        let mut seconds = ledger.lock();
        ledger.turn_to(&mut seconds, now);
        if ledger.left(&seconds) == 0 {
            ledger.is_empty.store(true, Relaxed);
            return false;
        }
        ledger.add(&mut seconds);
        true
    }

    /// Takes one whether or not one is left, for what has to be done anyway: what may wait has less then.
    pub(crate) fn charge(&self, now: Moment) {
        let ledger = &*self.ledger;
        let mut seconds = ledger.lock();
        ledger.turn_to(&mut seconds, now);
        ledger.add(&mut seconds);
    }

    /// Gives the last one back that was taken, and not used.
    pub(crate) fn give_back(&self) {
        let mut seconds = self.ledger.lock();
        let current = place(seconds.current);
        let retries = &mut seconds.past[current].retries;
        // One of an earlier second stays taken.
        *retries = retries.saturating_sub(1);
    }

    /// Was one refused in this second? A moment later one may be left all the same, and the other way round.
    #[inline]
    pub(crate) fn seems_empty(&self) -> bool {
        self.ledger.is_empty.load(Relaxed)
    }
}

const fn place(number: u64) -> usize {
    (number % SECONDS as u64) as usize
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Seconds> {
        self.seconds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, seconds: &mut Seconds) {
        seconds.past[place(seconds.current)].retries += 1;
    }

    /// Makes the second of `now` the one that is running, unless a later one is.
    #[cold]
    fn turn_to(&self, seconds: &mut Seconds, now: Moment) {
        let number = now.nanos_since(self.origin) / SECOND;
        if number <= seconds.current {
            return;
        }
        seconds.past[place(seconds.current)].calls = self.calls.swap(0, Relaxed);
        self.is_empty.store(false, Relaxed);
        seconds.current = number;
        seconds.past[place(number)] = Second {
            number,
            ..Second::default()
        };
        let end = self.origin.after_nanos((number + 1).saturating_mul(SECOND));
        self.until.store(end.number(), Relaxed);
    }

    fn left(&self, seconds: &Seconds) -> u64 {
        let (allowed, used) = self.usage(seconds);
        allowed.saturating_sub(used)
    }

    /// What the calls have earned and the retries there were, of the last 10 s and of the second that is running.
    fn usage(&self, seconds: &Seconds) -> (u64, u64) {
        let recent = |second: &&Second| seconds.current - second.number.min(seconds.current) <= WINDOW;
        let (calls, retries) = seconds
            .past
            .iter()
            .filter(recent)
            .fold((self.calls.load(Relaxed), 0), |(calls, retries), second| {
                (calls + second.calls, retries + second.retries)
            });
        let earned = calls * u64::from(self.percent) / 100;
        (earned.max(u64::from(self.floor)), retries)
    }
}

/// How long a deposit counts.
impl Budget {
    /// The window of the budget: 10 s.
    pub const WINDOW: Duration = Duration::from_secs(WINDOW);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_quiet_session_has_the_floor_and_a_busy_one_its_share() {
        let budget = Budget::new(5, 20).unwrap();
        let now = Instant::now();
        assert_eq!((0..100).filter(|_| budget.withdraw(now)).count(), 5);
        (0..1_000).for_each(|_| budget.deposit(now));
        assert_eq!((0..1_000).filter(|_| budget.withdraw(now)).count(), 195);
        assert_eq!(budget.left(now), 0);
        let usage = budget.usage(now);
        assert_eq!((usage.allowed, usage.used), (200, 200));
        let later = budget.usage(now + Duration::from_secs(12));
        assert_eq!((later.allowed, later.used), (5, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_older_than_the_window_no_longer_counts() {
        let budget = Budget::new(5, 20).unwrap();
        let now = Instant::now();
        (0..5).for_each(|_| assert!(budget.withdraw(now)));
        assert!(!budget.withdraw(now + Duration::from_secs(9)));
        assert!(budget.withdraw(now + Duration::from_secs(12)));
    }

    #[test]
    fn a_share_above_all_calls_is_refused() {
        assert_eq!(Budget::new(1, 101).unwrap_err().option(), "retry.budget");
    }
}
