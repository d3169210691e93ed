//! How many permits are taken, without a lock.
//!
//! One word holds their number and, in its lowest bit, whether a waiter could use what is free or comes to be free
//! ([`WANTED`]). While the bit is clear, requests without a share take and give back permits by
//! changes of this one word. The bit is changed by the holder of the mutex only, and set by the same exchange that sees
//! that there is too little for the first waiter. Changes of one word have one order that all threads agree on. So whoever
//! gives permits back before that exchange is seen by it, and whoever does so after it sees the bit and comes to the mutex,
//! which is not free before the waiter is in the queue. None is missed, and no ordering between words is needed for that.
//!
//! Taking is an acquire and giving back a release operation, so that what was done under a permit comes before what is done
//! by the next who holds it, as with any semaphore. The limit is a word of its own, changed under the mutex. A request that
//! still sees the old limit has come before the change; those who wait are decided under the mutex, with the new one.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

const WANTED: u64 = 1;

/// In the counter, above its lowest bit.
const fn units(weight: u32) -> u64 {
    (weight as u64) << 1
}

const fn used(state: u64) -> u64 {
    state >> 1
}

#[derive(Debug)]
pub(super) struct Counter {
    /// Above the limit only after that was lowered, until enough calls have ended.
    state: AtomicU64,
    limit: AtomicU32,
}

impl Counter {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            state: AtomicU64::new(0),
            limit: AtomicU32::new(limit),
        }
    }

    #[inline]
    pub(super) fn limit(&self) -> u32 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Under the mutex.
    pub(super) fn set_limit(&self, limit: u32) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    pub(super) fn active(&self) -> u64 {
        used(self.state.load(Ordering::Relaxed))
    }

    /// Takes permits for a request without a share, if there are enough and nobody who waits wants them.
    #[inline]
    pub(super) fn take_at_once(&self, weight: u32) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        while state & WANTED == 0 && used(state) + u64::from(weight) <= u64::from(self.limit()) {
            match self.exchange(state, state + units(weight)) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    #[inline]
    fn exchange(&self, from: u64, to: u64) -> Result<u64, u64> {
        self.state
            .compare_exchange_weak(from, to, Ordering::Acquire, Ordering::Relaxed)
    }

    /// Under the mutex: takes permits, if there are enough.
    pub(super) fn take(&self, weight: u32) -> bool {
        self.take_else(weight, 0)
    }

    /// Under the mutex: takes permits, or has whoever gives some back come to the mutex.
    pub(super) fn take_or_mark(&self, weight: u32) -> bool {
        self.take_else(weight, WANTED)
    }

    fn take_else(&self, weight: u32, else_mark: u64) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let fits = used(state) + u64::from(weight) <= u64::from(self.limit());
            let next = if fits {
                state + units(weight)
            } else {
                state | else_mark
            };
            // The exchange also where nothing changes: only it is sure to see the newest value.
            match self.exchange(state, next) {
                Ok(_) => return fits,
                Err(now) => state = now,
            }
        }
    }

    /// Under the mutex: nobody waits who could use what comes free.
    pub(super) fn unmark(&self) {
        if self.state.load(Ordering::Relaxed) & WANTED != 0 {
            self.state.fetch_and(!WANTED, Ordering::Relaxed);
        }
    }

    /// Does somebody wait who could use them?
    #[inline]
    pub(super) fn give_back(&self, weight: u32) -> bool {
        self.state.fetch_sub(units(weight), Ordering::Release) & WANTED != 0
    }
}
