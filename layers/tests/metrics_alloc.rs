//! Measuring a request allocates nothing. A program of its own, because it replaces the allocator.

#[path = "../benches/overhead/atomics.rs"]
mod atomics;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use atomics::metrics;
use tower::{Layer, Service, service_fn};
use tower_cassandra_layers::classify::classify_fn;
use tower_cassandra_layers::metrics::{AttemptMetricsLayer, MetricsLayer};
use tower_cassandra_layers::panic::{CatchPanicLayer, Panicked};
use tower_cassandra_layers::{Advice, Applied, Call, Failure, Fault, Outcome};

thread_local! {
    // Of this thread only: those of the test harness are none of our business.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all of it is done by the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_request_allocates_nothing_once_its_labels_are_known() {
    let metrics = metrics();
    let judge = classify_fn(|result: Result<&(), &Panicked>| match result {
        Ok(()) => Outcome::Success,
        Err(_) => failure(),
    });
    // Judges even an answer as a failure, for the label table is read on failures only.
    let harsh = classify_fn(|_: Result<&(), &Panicked>| failure());
    let leaf = service_fn(|_: Call<()>| async { Ok::<(), Panicked>(()) });
    let leaf = AttemptMetricsLayer::new(judge)
        .only_node(metrics.node("h"))
        .layer(leaf);
    let leaf = CatchPanicLayer::new().with_metrics(metrics.clone()).layer(leaf);
    let mut good = MetricsLayer::new(metrics.clone(), judge).layer(leaf.clone());
    let mut bad = MetricsLayer::new(metrics, harsh).layer(leaf);

    let cx = &mut Context::from_waker(Waker::noop());
    let mut round = || {
        assert!(good.poll_ready(cx).is_ready() && bad.poll_ready(cx).is_ready());
        assert_eq!(
            pin!(good.call(Call::new(()).with_class("page"))).poll(cx),
            Poll::Ready(Ok(()))
        );
        assert_eq!(
            pin!(bad.call(Call::new(()).with_class("unheard of"))).poll(cx),
            Poll::Ready(Ok(()))
        );
        drop(good.call(Call::new(())));
    };
    round();
    let before = ALLOCATIONS.get();
    for _ in 0..10_000 {
        round();
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}

const fn failure() -> Outcome {
    Outcome::Failure(Failure {
        applied: Applied::No,
        advice: Advice::Never,
        fault: Fault::Request,
        label: "some_failure",
    })
}
