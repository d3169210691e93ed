//! The counter of the concurrency limit, its very file, under all interleavings of a few threads and all that the memory model lets them see.
//!
//! What is around it (the queue under its mutex) is written anew here, as short as it gets; that the real one grants what it should is shown by its own
//! model in `layers/tests/limit`. A waiter that nobody wakes is a deadlock, which loom reports; data that two holders of one permit touch without an order
//! between them is a race, which it reports too.
#![no_std]

extern crate alloc;
// The files under test say `std::sync::atomic`.
extern crate interleavings as std;

#[path = "../../../layers/src/limit/concurrency/counter.rs"]
mod counter;

use alloc::collections::VecDeque;

use counter::Counter;
use interleavings::all_interleavings;
use loom::cell::UnsafeCell;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

struct Permits {
    counter: Counter,
    queue: Mutex<Queue>,
    granted: Condvar,
}

#[derive(Default)]
struct Queue {
    /// The weights of those who wait, in their order, from the one with number `served` on.
    weights: VecDeque<u32>,
    came: usize,
    served: usize,
}

impl Permits {
    fn new(limit: u32) -> Arc<Self> {
        Arc::new(Self {
            counter: Counter::new(limit),
            queue: Mutex::default(),
            granted: Condvar::new(),
        })
    }

    fn take(&self, weight: u32) {
        if self.counter.take_at_once(weight) {
            return;
        }
        let mut queue = self.queue.lock().unwrap();
        if queue.weights.is_empty() && self.counter.take(weight) {
            return;
        }
        let me = queue.came;
        queue.came += 1;
        queue.weights.push_back(weight);
        self.settle(&mut queue);
        while queue.served <= me {
            queue = self.granted.wait(queue).unwrap();
        }
    }

    fn give_back(&self, weight: u32) {
        if self.counter.give_back(weight) {
            self.settle(&mut self.queue.lock().unwrap());
        }
    }

    fn set_limit(&self, limit: u32) {
        let mut queue = self.queue.lock().unwrap();
        self.counter.set_limit(limit);
        self.settle(&mut queue);
    }

    fn settle(&self, queue: &mut Queue) {
        while let Some(weight) = queue.weights.front() {
            if !self.counter.take_or_mark(*weight) {
                return;
            }
            queue.weights.pop_front();
            queue.served += 1;
            self.granted.notify_all();
        }
        self.counter.unmark();
    }
}

#[test]
fn one_permit_goes_from_one_to_the_next_with_all_that_was_done_under_it() {
    all_interleavings(|| {
        let permits = Permits::new(1);
        let data = Arc::new(UnsafeCell::new(0));
        let work = |permits: Arc<Permits>, data: Arc<UnsafeCell<u32>>| {
            permits.take(1);
            // Only loom looks at it: a second access at the same time, or one that does not see the last, ends the test.
            data.with_mut(|_| ());
            permits.give_back(1);
        };
        let others: [_; 2] = core::array::from_fn(|_| {
            let (permits, data) = (Arc::clone(&permits), Arc::clone(&data));
            thread::spawn(move || work(permits, data))
        });
        work(Arc::clone(&permits), data);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(permits.counter.active(), 0);
        assert!(permits.queue.lock().unwrap().weights.is_empty());
    });
}

#[test]
fn who_needs_all_permits_is_not_forgotten_among_those_who_need_one() {
    all_interleavings(|| {
        let permits = Permits::new(2);
        let others = [1, 1].map(|weight| {
            let permits = Arc::clone(&permits);
            thread::spawn(move || {
                permits.take(weight);
                permits.give_back(weight);
            })
        });
        permits.take(2);
        assert_eq!(permits.counter.active(), 2);
        permits.give_back(2);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(permits.counter.active(), 0);
    });
}

#[test]
fn a_limit_that_is_raised_lets_those_in_who_wait() {
    all_interleavings(|| {
        let permits = Permits::new(1);
        permits.take(1);
        let waiter = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || {
                permits.take(2);
                permits.give_back(2);
            })
        };
        let other = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || permits.set_limit(2))
        };
        permits.give_back(1);
        waiter.join().unwrap();
        other.join().unwrap();
        assert_eq!(permits.counter.active(), 0);
    });
}
