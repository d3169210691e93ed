//! The word of the rate limit, with the bucket that it stands for: a thread that reads base and rate in several steps must not use what it has read of
//! two of them. What is done under the mutex is written anew here, as short as it gets.

mod config {
    /// As in the layers.
    #[derive(Clone, Copy, Debug)]
    pub(super) struct Rate {
        pub(super) count: u32,
        pub(super) period: u64,
    }
}
#[rustfmt::skip]
#[allow(dead_code, reason = "those who wait use more of it")]
#[path = "../../../layers/src/limit/rate/bucket.rs"]
mod bucket;
#[rustfmt::skip]
#[path = "../../../layers/src/limit/rate/open.rs"]
mod open;

use crate::real::sync::PoisonError;
use crate::real::vec;
use crate::real::vec::Vec;
use bucket::Bucket;
use config::Rate;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use open::{Open, Taken};

const OLD: Rate = Rate { count: 1, period: 10 };
const NEW: Rate = Rate { count: 3, period: 7 };

/// The limit with nobody in its queue.
struct Limit {
    open: Open,
    bucket: Mutex<Bucket>,
}

impl Limit {
    fn new(burst: u32) -> Arc<Self> {
        let bucket = Bucket::new(OLD, burst);
        let open = Open::new(burst);
        open.open(&bucket);
        Arc::new(Self {
            open,
            bucket: Mutex::new(bucket),
        })
    }

    fn locked<T>(&self, what: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        self.open.close(&mut bucket);
        let done = what(&mut bucket);
        self.open.open(&bucket);
        done
    }

    fn take(&self, now: u64) -> bool {
        match self.open.take(now, 1) {
            Taken::Yes => true,
            Taken::No => false,
            Taken::Ask => self.locked(|bucket| bucket.take(now, 1).is_some()),
        }
    }

    fn tat(&self) -> u128 {
        self.locked(|bucket| bucket.tat())
    }
}

/// All that can come of takes at these moments, one after the other, with a burst of one and the change of the rate, at its moment, before the one with this
/// number: who is admitted, and where the moment is in the end.
fn in_order(takes: &[u64], changed: u64, changed_before: usize) -> (Vec<bool>, u128) {
    let mut bucket = Bucket::new(OLD, 1);
    let mut admitted = Vec::new();
    for number in 0..=takes.len() {
        if number == changed_before {
            bucket.set_rate(changed, NEW);
        }
        if let Some(now) = takes.get(number) {
            admitted.push(bucket.take(*now, 1).is_some());
        }
    }
    (admitted, bucket.tat())
}

/// A burst of two, and three that come at once.
pub fn no_more_are_admitted_than_the_burst_also_beside_the_mutex() {
    let limit = Limit::new(2);
    let others: [_; 2] = core::array::from_fn(|_| {
        let limit = Arc::clone(&limit);
        thread::spawn(move || limit.take(0))
    });
    let mut admitted = u32::from(limit.locked(|bucket| bucket.take(0, 1).is_some()));
    for other in others {
        admitted += u32::from(other.join().unwrap());
    }
    assert_eq!(admitted, 2);
    assert_eq!(limit.tat(), 20);
}

/// One takes twice while the rate is changed.
pub fn a_thread_meets_the_old_rate_or_the_new_one_and_nothing_between() {
    let limit = Limit::new(1);
    let taker = {
        let limit = Arc::clone(&limit);
        thread::spawn(move || vec![limit.take(0), limit.take(4)])
    };
    limit.locked(|bucket| bucket.set_rate(2, NEW));
    let admitted = taker.join().unwrap();
    let found = (admitted, limit.tat());
    assert!((0..=2).any(|at| in_order(&[0, 4], 2, at) == found), "{found:?}");
}

/// At the very beginning the word is the same under both rates, but for its mark.
pub fn the_same_moment_under_another_rate_is_another_word() {
    let limit = Limit::new(1);
    let taker = {
        let limit = Arc::clone(&limit);
        thread::spawn(move || limit.take(4))
    };
    limit.locked(|bucket| bucket.set_rate(0, NEW));
    let found = (vec![taker.join().unwrap()], limit.tat());
    assert!((0..=1).any(|at| in_order(&[4], 0, at) == found), "{found:?}");
}

/// Two take while the rate is changed.
pub fn two_threads_and_a_change_of_the_rate_come_in_some_order() {
    let limit = Limit::new(1);
    let others = [0, 4].map(|now| {
        let limit = Arc::clone(&limit);
        thread::spawn(move || limit.take(now))
    });
    limit.locked(|bucket| bucket.set_rate(2, NEW));
    let admitted: Vec<bool> = others.into_iter().map(|other| other.join().unwrap()).collect();
    let found = (admitted, limit.tat());
    let is_possible = (0..=2).any(|at| {
        let (mut swapped, tat) = in_order(&[4, 0], 2, at);
        swapped.reverse();
        in_order(&[0, 4], 2, at) == found || (swapped, tat) == found
    });
    assert!(is_possible, "{found:?}");
}

/// One begins to wait while another takes.
pub fn nobody_takes_a_turn_past_those_who_wait() {
    let limit = Limit::new(2);
    let waits = Arc::new(AtomicU32::new(0));
    let waiter = {
        let (limit, waits) = (Arc::clone(&limit), Arc::clone(&waits));
        thread::spawn(move || {
            let mut bucket = limit.bucket.lock().unwrap_or_else(PoisonError::into_inner);
            limit.open.close(&mut bucket);
            waits.store(1, Ordering::Release);
        })
    };
    let somebody_waits = waits.load(Ordering::Acquire) == 1;
    let taken = limit.open.take(0, 1);
    assert!(taken == Taken::Ask || !somebody_waits);
    waiter.join().unwrap();
    // What was taken before it was closed is known under the mutex.
    let taken = u128::from(taken == Taken::Yes);
    assert_eq!(limit.tat(), 10 * taken);
}
