use std::mem;

use tokio::time::Instant;

use super::handles::ClassIndex;
use super::{Metrics, NodeMetrics, PANIC};
use crate::classify::{Advice, Applied, Failure, Fault, Outcome};

/// Counts something out again, however it ends: with a result, by a panic, or because it was dropped.
#[derive(Debug)]
pub(super) struct Guard(Option<Running>);

#[derive(Debug)]
struct Running {
    since: Instant,
    what: What,
}

#[derive(Debug)]
enum What {
    Request(Metrics, ClassIndex),
    Attempt(NodeMetrics),
}

impl Guard {
    /// Counts a request in, unless the metrics are off: then they stay off for this request.
    pub(super) fn request(metrics: &Metrics, class: &'static str) -> Self {
        Self(metrics.is_enabled().then(|| Running {
            since: Instant::now(),
            what: What::Request(metrics.clone(), metrics.started(class)),
        }))
    }

    /// Starts the clock of an attempt.
    pub(super) fn attempt(node: Option<NodeMetrics>) -> Self {
        Self(node.filter(NodeMetrics::is_enabled).map(|node| Running {
            since: Instant::now(),
            what: What::Attempt(node),
        }))
    }

    /// Prepares the judgement of the result, if there will be one.
    pub(super) fn prepare<T>(&mut self, work: impl FnOnce() -> T) -> Option<T> {
        match self.0 {
            Some(_) => Some(self.watch(work)),
            None => None,
        }
    }

    /// Runs a piece of what is measured. If it panics, that is its end, and a failure: whether the panic kills the task or
    /// is caught further out, and when the rest of it is dropped, makes no difference to the figures.
    pub(super) fn watch<T>(&mut self, work: impl FnOnce() -> T) -> T {
        struct OnUnwind<'a>(&'a mut Guard);

        impl Drop for OnUnwind<'_> {
            fn drop(&mut self) {
                self.0.ended(|| {
                    Outcome::Failure(Failure {
                        applied: Applied::Maybe,
                        advice: Advice::Never,
                        fault: Fault::Client,
                        label: PANIC,
                    })
                });
            }
        }

        let on_unwind = OnUnwind(self);
        let result = work();
        mem::forget(on_unwind);
        result
    }

    pub(super) fn ended(&mut self, outcome: impl FnOnce() -> Outcome) {
        let Some(Running { since, what }) = self.0.take() else {
            return;
        };
        let duration = since.elapsed();
        match what {
            What::Request(metrics, class) => metrics.ended(class, duration, outcome),
            What::Attempt(node) => node.attempt_ended(duration, || outcome() == Outcome::Success),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        match self.0.take() {
            Some(Running {
                what: What::Request(metrics, class),
                ..
            }) => metrics.cancelled(class),
            Some(Running {
                what: What::Attempt(node),
                ..
            }) => node.attempt_dropped(),
            None => {}
        }
    }
}
