//! A request is counted in, and out again: what is recorded for each.

use super::{Inner, Metrics};
use crate::metrics::classes::Class;
use crate::metrics::totals::count;
use crate::{Applied, Outcome, Request};

/// Which handles a request that was counted in is counted out with.
#[derive(Clone, Copy, Debug)]
pub(in crate::metrics) struct Counted {
    /// A place in `classes`, or beyond its end.
    class: u16,
    /// A place in the table of labels, or beyond its end for `other`.
    statement: u16,
    operation: u8,
    /// It is not for the class alone.
    has_more: bool,
}

/// It has no label of its own.
const NONE: u16 = u16::MAX;

impl Metrics {
    #[inline]
    pub(in crate::metrics) fn started<R: Request>(&self, request: &R) -> Counted {
        let inner = &*self.inner;
        let class = request.class();
        // Nearly always it is the very same text, not only an equal one.
        let is_same = |known: &Class| std::ptr::eq(known.name, class);
        let place = inner.classes.iter().position(is_same);
        let place = place.unwrap_or_else(|| self.search(class));
        self.always(|inner| inner.in_flight.increment(1.0));
        let counted = Counted {
            #[expect(clippy::cast_possible_truncation, reason = "beyond the end is beyond the end")]
            class: place as u16,
            statement: NONE,
            operation: 0,
            has_more: false,
        };
        // Nearly always it is for the class alone.
        let label = request.label();
        if label.is_none() && inner.operations.is_none() {
            return counted;
        }
        self.started_more(counted, label, request.operation())
    }

    #[cold]
    fn search(&self, class: &str) -> usize {
        let is_equal = |known: &Class| known.name == class;
        self.inner.classes.iter().position(is_equal).unwrap_or(usize::MAX)
    }

    #[cold]
    fn started_more(&self, counted: Counted, label: Option<&str>, operation: &'static str) -> Counted {
        let Inner {
            statements,
            operations,
            registry,
            ..
        } = &*self.inner;
        let statement = label
            .zip(statements.as_ref())
            .map(|(label, table)| table.place(label, registry));
        Counted {
            statement: statement.unwrap_or(NONE),
            operation: operations
                .as_ref()
                .map_or(0, |operations| operations.place(operation, registry)),
            has_more: statement.is_some() || operations.is_some(),
            ..counted
        }
    }

    #[inline]
    pub(in crate::metrics) fn ended(
        &self,
        counted: Counted,
        seconds: f64,
        outcome: impl FnOnce() -> Outcome,
    ) {
        self.always(|inner| {
            inner.in_flight.decrement(1.0);
            let class = inner.class(counted);
            let (ended, error) = match outcome() {
                Outcome::Success => {
                    count(&inner.tally.succeeded);
                    (&class.succeeded, None)
                }
                Outcome::Failure(failure) => {
                    count(&inner.tally.failed);
                    inner.errors.counter(failure.label, &inner.registry).increment(1);
                    if failure.applied == Applied::Maybe {
                        class.ambiguous.increment(1);
                    }
                    (&class.failed, Some(failure.label))
                }
            };
            ended.total.increment(1);
            ended.duration.record(seconds);
            if counted.has_more {
                inner.ended_more(counted, seconds, error);
            }
        });
    }

    pub(in crate::metrics) fn cancelled(&self, counted: Counted) {
        self.always(|inner| {
            inner.in_flight.decrement(1.0);
            count(&inner.tally.cancelled);
            inner.class(counted).cancelled.increment(1);
        });
    }
}

impl Inner {
    fn class(&self, counted: Counted) -> &Class {
        self.classes
            .get(usize::from(counted.class))
            .unwrap_or(&self.other)
    }

    /// What few requests are recorded in.
    #[cold]
    fn ended_more(&self, counted: Counted, seconds: f64, error: Option<&'static str>) {
        if counted.statement != NONE
            && let Some(statements) = &self.statements
        {
            statements.record(counted.statement, seconds, error.is_none(), &self.registry);
        }
        if let Some(operations) = &self.operations {
            operations.record(counted.operation, error, seconds, &self.registry);
        }
    }
}
