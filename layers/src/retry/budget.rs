use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::policy::RetryBudget;
use crate::config::InvalidConfig;

const WINDOW: u64 = 10;
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

#[derive(Debug)]
struct Ledger {
    floor: u32,
    percent: u32,
    origin: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    seconds: [Second; SECONDS],
    /// The second that was running last, by its index, its number and its bounds, so that nobody has to divide within it.
    current: usize,
    number: u64,
    from: Instant,
    until: Instant,
}

#[derive(Clone, Copy, Debug, Default)]
struct Second {
    number: u64,
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
        let origin = Instant::now();
        Self {
            ledger: std::sync::Arc::new(Ledger {
                floor,
                percent,
                origin,
                state: Mutex::new(State {
                    seconds: [Second::default(); SECONDS],
                    current: 0,
                    number: 0,
                    from: origin,
                    until: origin,
                }),
            }),
        }
    }

    /// The retries that are left now.
    #[must_use]
    pub fn left(&self, now: Instant) -> u64 {
        let ledger = &*self.ledger;
        ledger.with(now, |seconds, _, number| {
            let (calls, retries) = ledger.sums(seconds, number);
            (calls * u64::from(ledger.percent) / 100)
                .max(u64::from(ledger.floor))
                .saturating_sub(retries)
        })
    }
}

impl RetryBudget for Budget {
    fn deposit(&self, now: Instant) {
        self.ledger
            .with(now, |seconds, current, _| seconds[current].calls += 1);
    }

    fn withdraw(&self, now: Instant) -> bool {
        let ledger = &*self.ledger;
        ledger.with(now, |seconds, current, number| {
            let (calls, retries) = ledger.sums(seconds, number);
            let allowed = (calls * u64::from(ledger.percent) / 100).max(u64::from(ledger.floor));
            if retries >= allowed {
                return false;
            }
            seconds[current].retries += 1;
            true
        })
    }
}

impl Ledger {
    /// Runs `f` with the seconds, the index of the one that is running, and its number.
    fn with<T>(&self, now: Instant, f: impl FnOnce(&mut [Second; SECONDS], usize, u64) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now < state.from || now >= state.until {
            self.turn_to(&mut state, now);
        }
        let State {
            ref mut seconds,
            current,
            number,
            ..
        } = *state;
        f(seconds, current, number)
    }

    /// Makes the second of `now` the one that is running.
    #[cold]
    fn turn_to(&self, state: &mut State, now: Instant) {
        let number = now.saturating_duration_since(self.origin).as_secs();
        let current = (number % SECONDS as u64) as usize;
        if state.seconds[current].number != number {
            state.seconds[current] = Second {
                number,
                ..Second::default()
            };
        }
        state.current = current;
        state.number = number;
        state.from = self.origin + Duration::from_secs(number);
        state.until = state.from + Duration::from_secs(1);
    }

    fn sums(&self, seconds: &[Second; SECONDS], number: u64) -> (u64, u64) {
        seconds
            .iter()
            .filter(|second| number - second.number.min(number) <= WINDOW)
            .fold((0, 0), |(calls, retries), second| {
                (calls + second.calls, retries + second.retries)
            })
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
