//! Nothing is allocated per request by the limits, whether it passes at once, waits, is refused or is cancelled. In a
//! binary of its own because it replaces the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Ready, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tower::{Layer, Service};
use tower_cassandra_layers::limit::{
    ConcurrencyLimit, ConcurrencyLimitLayer, RateLimit, RateLimitLayer, Rejected,
};
use tower_cassandra_layers::timeout::Elapsed;
use tower_cassandra_layers::{Call, Priority};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[derive(Debug)]
struct Refused;

impl From<Rejected> for Refused {
    fn from(_: Rejected) -> Self {
        Self
    }
}

impl From<Elapsed> for Refused {
    fn from(_: Elapsed) -> Self {
        Self
    }
}

#[derive(Clone)]
struct Leaf;

impl Service<Call<u32>> for Leaf {
    type Response = u32;
    type Error = Refused;
    type Future = Ready<Result<u32, Refused>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, request: Call<u32>) -> Self::Future {
        ready(Ok(request.value))
    }
}

/// Holds its permit until it is told to end.
#[derive(Clone)]
struct Held<'a>(&'a Notify);

impl<'a> Service<Call<u32>> for Held<'a> {
    type Response = u32;
    type Error = Refused;
    type Future = HeldFuture<'a>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, _: Call<u32>) -> Self::Future {
        HeldFuture(self.0)
    }
}

struct HeldFuture<'a>(&'a Notify);

impl Future for HeldFuture<'_> {
    type Output = Result<u32, Refused>;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        pin!(self.0.notified()).poll(cx).map(|()| Ok(0))
    }
}

fn allocations(during: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    during();
    ALLOCATIONS.with(Cell::get) - before
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

#[test]
fn the_allocator_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn a_concurrency_limit_allocates_nothing_per_request() {
    let notify = Notify::new();
    let layer = ConcurrencyLimitLayer::new(ConcurrencyLimit::new(1).queue(2)).unwrap();
    let mut service = layer.layer(Held(&notify));
    let runtime = runtime();
    let _guard = runtime.enter();
    let deadline = Instant::now() + Duration::from_secs(1);
    let mut cx = Context::from_waker(Waker::noop());
    let mut round = || {
        let mut running = pin!(service.call(Call::new(1)));
        assert!(running.as_mut().poll(&mut cx).is_pending());
        {
            let mut queued = pin!(service.call(Call::new(2).with_deadline(deadline)));
            assert!(queued.as_mut().poll(&mut cx).is_pending());
            {
                let mut cancelled = pin!(service.call(Call::new(3)));
                assert!(cancelled.as_mut().poll(&mut cx).is_pending());
                let mut refused = pin!(service.call(Call::new(4)));
                assert!(matches!(
                    refused.as_mut().poll(&mut cx),
                    Poll::Ready(Err(Refused))
                ));
            }
            notify.notify_one();
            assert!(running.as_mut().poll(&mut cx).is_ready());
            notify.notify_one();
            assert!(queued.as_mut().poll(&mut cx).is_ready());
        }
    };
    // The first one counts, too.
    assert_eq!(allocations(&mut round), 0);
    assert_eq!(allocations(|| (0..1000).for_each(|_| round())), 0);
    let (admitted, refused) = (layer.handle().admitted(), layer.handle().rejected().queue_full);
    assert_eq!((admitted, refused), (2002, 1001));
}

#[test]
fn shares_and_priorities_allocate_nothing_per_request() {
    let notify = Notify::new();
    let limit = ConcurrencyLimit::new(2).queue(2).share("export", 0.5);
    let layer = ConcurrencyLimitLayer::new(limit).unwrap();
    let mut service = layer.layer(Held(&notify));
    let mut cx = Context::from_waker(Waker::noop());
    let mut round = || {
        let export = |value| Call::new(value).with_label("export");
        let mut running = pin!(service.call(export(1)));
        assert!(running.as_mut().poll(&mut cx).is_pending());
        let mut dropped = pin!(service.call(export(2).with_priority(Priority::Low)));
        assert!(dropped.as_mut().poll(&mut cx).is_pending());
        let mut queued = pin!(service.call(export(3)));
        assert!(queued.as_mut().poll(&mut cx).is_pending());
        assert!(dropped.as_mut().poll(&mut cx).is_ready());
        let mut refused = pin!(service.call(export(4)));
        assert!(refused.as_mut().poll(&mut cx).is_ready());
        let mut passes = pin!(service.call(Call::new(5)));
        notify.notify_one();
        assert!(passes.as_mut().poll(&mut cx).is_ready());
        notify.notify_one();
        assert!(running.as_mut().poll(&mut cx).is_ready());
        notify.notify_one();
        assert!(queued.as_mut().poll(&mut cx).is_ready());
    };
    // The first one counts, too.
    assert_eq!(allocations(|| (0..1000).for_each(|_| round())), 0);
    let handle = layer.handle();
    assert_eq!((handle.admitted(), handle.rejected().queue_full), (3000, 2000));
}

#[test]
fn a_rate_limit_allocates_nothing_per_request() {
    let layer = RateLimitLayer::new(RateLimit::per_second(100).burst(1).queue(2)).unwrap();
    let mut service = layer.layer(Leaf);
    let runtime = runtime();
    let mut cx = Context::from_waker(Waker::noop());
    let mut counted = 0;
    for _ in 0..200 {
        let guard = runtime.enter();
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut at_once = pin!(service.call(Call::new(1)));
        let mut queued = pin!(service.call(Call::new(2).with_deadline(deadline)));
        let mut cancelled = Some(service.call(Call::new(3)));
        let mut refused = pin!(service.call(Call::new(4)));
        counted += allocations(|| {
            assert!(at_once.as_mut().poll(&mut cx).is_ready());
            assert!(queued.as_mut().poll(&mut cx).is_pending());
            if let Some(cancelled) = cancelled.take() {
                assert!(pin!(cancelled).poll(&mut cx).is_pending());
            }
        });
        drop(guard);
        runtime.block_on(async { tokio::time::sleep(Duration::from_millis(10)).await });
        let guard = runtime.enter();
        counted += allocations(|| assert!(queued.as_mut().poll(&mut cx).is_ready()));
        // Nothing is left of the burst, and nobody waits long enough.
        let deadline = Instant::now() + Duration::from_millis(5);
        refused.set(service.call(Call::new(4).with_deadline(deadline)));
        counted += allocations(|| assert!(refused.as_mut().poll(&mut cx).is_ready()));
        drop(guard);
        runtime.block_on(async { tokio::time::sleep(Duration::from_millis(10)).await });
    }
    assert_eq!(counted, 0);
    let handle = layer.handle();
    assert_eq!(
        (handle.admitted(), handle.queued(), handle.rejected().elapsed),
        (400, 0, 200)
    );
}
