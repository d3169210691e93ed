//! Counts what is asked of the allocator: for the whole process, and for the thread that asks.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

struct Counting;

/// A thread adds what it has counted to the sum of all only this often: one counter for all would slow down what is measured.
const AT_ONCE: u64 = 64;

static ALL: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Copy)]
struct Counts {
    allocations: u64,
    bytes: u64,
    live: i64,
}

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { allocations: 0, bytes: 0, live: 0 }) };
}

fn allocated(bytes: usize, freed: usize) {
    let mut counts = COUNTS.get();
    counts.allocations += 1;
    counts.bytes += bytes as u64;
    counts.live += bytes as i64 - freed as i64;
    COUNTS.set(counts);
    if counts.allocations.is_multiple_of(AT_ONCE) {
        ALL.fetch_add(AT_ONCE, Relaxed);
    }
}

fn freed(bytes: usize) {
    let mut counts = COUNTS.get();
    counts.live -= bytes as i64;
    COUNTS.set(counts);
}

// SAFETY: all of it is done by the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        freed(layout.size());
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        allocated(size, layout.size());
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of all threads so far, less at most 63 for each of them.
pub(crate) fn of_all_threads() -> u64 {
    ALL.load(Relaxed)
}

/// Allocations and bytes of this thread so far.
pub(crate) fn counted() -> (u64, u64) {
    let counts = COUNTS.get();
    (counts.allocations, counts.bytes)
}

/// Bytes that this thread has allocated and not given back.
pub(crate) fn live() -> i64 {
    COUNTS.get().live
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_does_not_live() {
        let (before, alive) = (counted(), live());
        let held = std::hint::black_box(vec![0_u8; 1_000]);
        assert_eq!(counted(), (before.0 + 1, before.1 + 1_000));
        assert_eq!(live(), alive + 1_000);
        drop(held);
        assert_eq!(live(), alive);
    }

    #[test]
    fn the_sum_of_all_threads_is_behind_by_less_than_what_is_added_at_once() {
        let before = of_all_threads();
        for _ in 0..1_000 {
            drop(std::hint::black_box(Box::new(1)));
        }
        assert!(of_all_threads() - before >= 1_000 - AT_ONCE);
    }
}
