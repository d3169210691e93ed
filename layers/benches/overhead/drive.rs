//! Sends requests through a service, and does that in the process that is measured.
//!
//! The benchmark starts its own binary again, once per case and leaf: under callgrind with `run`, without it with
//! `count`. Both send three rounds of requests with a mark between them. The first round warms up: it resolves labels, grows
//! storage to its steady size and fills statistics. The figures of a request are the difference of the other two, so that
//! whatever does not depend on the number of requests drops out.

use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tower_cassandra_layers::Call;
use tower_service::Service;

use crate::alloc::counted;
use crate::leaf::{Leaf, Request};

/// Warm-up, one n, the other n. The difference is a multiple of every period after which a layer tidies up.
pub(crate) const ROUNDS: [u64; 3] = [3_072, 1_024, 5_120];
pub(crate) const DIFFERENCE: u64 = ROUNDS[2] - ROUNDS[1];

/// One line of the table.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Is there a leaf to wait for? A refused request never gets that far.
    pub(crate) reaches_leaf: bool,
    pub(crate) run: fn(Leaf, &mut Rounds<'_>),
}

pub(crate) struct Rounds<'a> {
    requests: [u64; 3],
    mark: &'a mut dyn FnMut(),
    /// Of the future of the service that was driven, in bytes.
    size: usize,
}

impl Rounds<'_> {
    /// Sends all requests, which have to succeed.
    pub(crate) fn drive<S: Service<Request>>(&mut self, service: S) {
        self.send(service, true);
    }

    /// Sends all requests, which have to fail.
    pub(crate) fn drive_refused<S: Service<Request>>(&mut self, service: S) {
        self.send(service, false);
    }

    #[inline(never)]
    fn send<S: Service<Request>>(&mut self, mut service: S, succeeds: bool) {
        self.size = size_of::<S::Future>();
        let mut cx = Context::from_waker(Waker::noop());
        for requests in self.requests {
            (self.mark)();
            for i in 0..requests {
                assert!(service.poll_ready(&mut cx).is_ready(), "not ready");
                let request = Call::new(i as u32).idempotent(true).with_class("prepared");
                let mut future = pin!(service.call(black_box(request)));
                let mut polled = future.as_mut().poll(&mut cx);
                if polled.is_pending() {
                    polled = future.as_mut().poll(&mut cx);
                }
                let succeeded = matches!(polled, Poll::Ready(Ok(_)));
                assert!(polled.is_ready() && succeeded == succeeds, "not as expected");
            }
        }
        (self.mark)();
    }
}

/// Callgrind is told to begin a new profile here.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn overhead_mark() {
    black_box(());
}

/// Handles `list`, `run <case> <leaf>` and `count <case> <leaf>`; false for anything else.
pub(crate) fn handle(cases: &[&Case], arguments: &[String]) -> bool {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (name, leaf, counting) = match arguments[..] {
        ["list"] => {
            for case in cases {
                println!("{} {}", case.name, case.reaches_leaf);
            }
            return true;
        }
        ["run", name, leaf] => (name, leaf, false),
        ["count", name, leaf] => (name, leaf, true),
        _ => return false,
    };
    let case = cases.iter().find(|case| case.name == name).expect("no such case");
    let leaf = Leaf {
        pending: leaf == "pending",
    };
    if counting {
        let mut counts = Vec::with_capacity(ROUNDS.len() + 1);
        let size = send(case, leaf, ROUNDS, &mut || counts.push(counted()));
        let round = |i: usize| {
            let ((allocations, bytes), (more, more_bytes)) = (counts[i], counts[i + 1]);
            ((more - allocations) as i64, (more_bytes - bytes) as i64)
        };
        let (small, large) = (round(1), round(2));
        println!("{} {} {size}", large.0 - small.0, large.1 - small.1);
    } else {
        send(case, leaf, ROUNDS, &mut || overhead_mark());
    }
    true
}

/// Sends rounds of requests inside of a runtime that nobody drives: timers can be registered, none fires. Says how large the
/// future of a request is.
pub(crate) fn send(case: &Case, leaf: Leaf, requests: [u64; 3], mark: &mut dyn FnMut()) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let _guard = runtime.enter();
    let mut rounds = Rounds {
        requests,
        mark,
        size: 0,
    };
    (case.run)(leaf, &mut rounds);
    rounds.size
}

/// Polls once; nobody is woken.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
