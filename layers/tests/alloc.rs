//! The full static stack allocates nothing per request, over a leaf that answers at once and over one that does not. In
//! a binary of its own because it replaces the allocator.

#[path = "../benches/overhead/alloc.rs"]
mod alloc;
#[path = "../benches/overhead/atomics.rs"]
mod atomics;
#[path = "../benches/overhead/beside.rs"]
mod beside;
#[allow(dead_code, reason = "the benchmark uses more of it")]
#[path = "../benches/overhead/cases.rs"]
mod cases;
#[allow(dead_code, reason = "the benchmark uses more of it")]
#[path = "../benches/overhead/drive.rs"]
mod drive;
#[path = "../benches/overhead/leaf.rs"]
mod leaf;
#[path = "../benches/overhead/replicas.rs"]
mod replicas;
#[path = "../benches/overhead/timer.rs"]
mod timer;

use alloc::counted;
use drive::send;
use leaf::Leaf;

/// Allocations of a warm-up and of two rounds of requests.
fn allocations(name: &str, pending: bool) -> [u64; 3] {
    let case = cases::CASES
        .iter()
        .find(|case| case.name == name)
        .expect("there is such a case");
    let mut counts = Vec::with_capacity(4);
    let _ = send(case, Leaf { pending }, [3_072, 1_000, 10_000], &mut || {
        counts.push(counted().0);
    });
    std::array::from_fn(|i| counts[i + 1] - counts[i])
}

#[test]
fn the_allocator_counts() {
    let before = counted().0;
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(counted().0, before + 1);
}

#[test]
fn the_full_stack_allocates_nothing_per_request() {
    for pending in [false, true] {
        let [_, once, again] = allocations("full_stack", pending);
        assert_eq!((once, again), (0, 0), "pending: {pending}");
    }
}

#[test]
fn no_layer_allocates_per_request() {
    for case in cases::CASES {
        for pending in [false, true] {
            let [_, once, again] = allocations(case.name, pending);
            assert_eq!((once, again), (0, 0), "{}, pending: {pending}", case.name);
        }
    }
}
