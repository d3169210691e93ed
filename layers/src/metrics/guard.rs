use std::mem;

use super::handles::ClassIndex;
use super::{Metrics, NodeMetrics, PANIC};
use crate::classify::{Advice, Applied, Failure, Fault, Outcome};
use crate::clock::{self, Reading};

/// Counts something out again, however it ends: with a result, by a panic, or because it was dropped. `J` judges its result.
///
/// Empty while the metrics are off, so that a request that is not measured is not looked at either.
#[derive(Debug)]
pub(super) struct Guard<J>(Option<Running<J>>);

#[derive(Debug)]
struct Running<J> {
    since: Reading,
    what: What,
    judge: J,
}

#[derive(Debug)]
enum What {
    Request(Metrics, ClassIndex),
    Attempt(NodeMetrics),
}

impl<J> Guard<J> {
    /// Counts a request in, unless the metrics are off: then they stay off for this request.
    #[inline]
    pub(super) fn request(metrics: &Metrics, class: &'static str, judge: impl FnOnce() -> J) -> Self {
        if !metrics.is_enabled() {
            return Self(None);
        }
        let judge = judge();
        Self(Some(Running {
            since: clock::reading(),
            what: What::Request(metrics.clone(), metrics.started(class)),
            judge,
        }))
    }

    /// Starts the clock of an attempt.
    #[inline]
    pub(super) fn attempt(node: Option<&NodeMetrics>, judge: impl FnOnce() -> J) -> Self {
        Self(node.filter(|node| node.is_enabled()).map(|node| Running {
            judge: judge(),
            since: clock::reading(),
            what: What::Attempt(node.clone()),
        }))
    }

    /// To be held while a piece of what is measured runs. If that panics, it is its end, and a failure: whether the panic
    /// kills the task or is caught further out, and when the rest of it is dropped, makes no difference to the figures.
    #[inline]
    pub(super) const fn watch(&mut self) -> Watch<'_, J> {
        Watch(self)
    }

    /// To be called at the end of the step in which it was made.
    #[inline]
    pub(super) fn settle(&mut self) {
        if let Some(running) = &mut self.0 {
            running.since.settle();
        }
    }

    /// For a request, all that is inside of it looks at the clock together.
    #[inline]
    pub(super) const fn is_request(&self) -> bool {
        matches!(
            self.0,
            Some(Running {
                what: What::Request(..),
                ..
            })
        )
    }

    // Out of line, so that polling is short while there is no result.
    #[inline(never)]
    pub(super) fn ended(&mut self, judge: impl FnOnce(&J) -> Outcome) {
        let Some(running) = &self.0 else {
            return;
        };
        let seconds = clock::reading().seconds_since(&running.since);
        let outcome = || judge(&running.judge);
        match &running.what {
            What::Request(metrics, class) => metrics.ended(*class, seconds, outcome),
            What::Attempt(node) => node.attempt_ended(seconds, || outcome() == Outcome::Success),
        }
        self.0 = None;
    }
}

/// Made by [`Guard::watch`]. Not dropped unless something panics.
pub(super) struct Watch<'a, J>(&'a mut Guard<J>);

impl<J> Watch<'_, J> {
    /// There was no panic.
    #[inline]
    pub(super) const fn over(self) {
        mem::forget(self);
    }
}

impl<J> Drop for Watch<'_, J> {
    fn drop(&mut self) {
        self.0.ended(|_| {
            Outcome::Failure(Failure {
                applied: Applied::Maybe,
                advice: Advice::Never,
                fault: Fault::Client,
                label: PANIC,
            })
        });
    }
}

impl<J> Drop for Guard<J> {
    // Small enough to vanish where the guard is empty, as it is after every result and while the metrics are off.
    #[inline]
    fn drop(&mut self) {
        if let Some(running) = self.0.take() {
            running.dropped();
        }
    }
}

impl<J> Running<J> {
    #[cold]
    fn dropped(self) {
        match self.what {
            What::Request(metrics, class) => metrics.cancelled(class),
            What::Attempt(node) => node.attempt_dropped(),
        }
    }
}
