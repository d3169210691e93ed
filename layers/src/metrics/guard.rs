use std::mem;

use tokio::time::Instant;

use super::handles::ClassIndex;
use super::{Metrics, NodeMetrics, PANIC};
use crate::classify::{Advice, Applied, Failure, Fault, Outcome};
use crate::clock;

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
    #[inline]
    pub(super) fn request(metrics: &Metrics, class: &'static str) -> Self {
        Self(metrics.is_enabled().then(|| Running {
            since: clock::now(),
            what: What::Request(metrics.clone(), metrics.started(class)),
        }))
    }

    /// Starts the clock of an attempt.
    #[inline]
    pub(super) fn attempt(node: Option<NodeMetrics>) -> Self {
        Self(node.filter(NodeMetrics::is_enabled).map(|node| Running {
            since: clock::now(),
            what: What::Attempt(node),
        }))
    }

    /// To be held while a piece of what is measured runs. If that panics, it is its end, and a failure: whether the panic
    /// kills the task or is caught further out, and when the rest of it is dropped, makes no difference to the figures.
    #[inline]
    pub(super) const fn watch(&mut self) -> Watch<'_> {
        Watch(self)
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

/// Made by [`Guard::watch`]. Not dropped unless something panics.
pub(super) struct Watch<'a>(&'a mut Guard);

impl Watch<'_> {
    /// Is anything measured? If not, there will be nothing to judge.
    #[inline]
    pub(super) const fn is_on(&self) -> bool {
        self.0.0.is_some()
    }

    /// Calls the inner service at the moment from which its time is measured.
    #[inline]
    pub(super) fn call<T>(&self, inner: impl FnOnce() -> T) -> T {
        match &self.0.0 {
            Some(running) => clock::at(running.since, inner),
            None => inner(),
        }
    }

    /// There was no panic.
    #[inline]
    pub(super) const fn over(self) {
        mem::forget(self);
    }
}

impl Drop for Watch<'_> {
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

impl Drop for Guard {
    // Small enough to vanish where the guard is empty, as it is after every result and while the metrics are off.
    #[inline]
    fn drop(&mut self) {
        if let Some(running) = self.0.take() {
            running.dropped();
        }
    }
}

impl Running {
    fn dropped(self) {
        match self.what {
            What::Request(metrics, class) => metrics.cancelled(class),
            What::Attempt(node) => node.attempt_dropped(),
        }
    }
}
