//! Spans that cost nothing where nobody listens, and whose subscriber cannot harm a request.
//!
//! `tracing`'s own `Instrument` keeps a whole span beside each future and calls the subscriber unprotected. Here a span takes the room of one pointer, is only made when a subscriber
//! wants it, and a subscriber that panics loses the span and nothing else.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tracing::Span;
use tracing::level_filters::LevelFilter;

use crate::panic::contain;

/// A span, or none because nobody listens. Clones are the same span; it closes with the last one.
#[derive(Clone, Default)]
pub struct SpanSlot(Option<Arc<Span>>);

impl fmt::Debug for SpanSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanSlot").field("on", &self.is_on()).finish()
    }
}

impl SpanSlot {
    /// No span.
    pub const NONE: Self = Self(None);

    /// A span as `make` makes it, if somebody listens to anything of this level.
    #[inline]
    pub fn new(level: LevelFilter, make: impl FnOnce() -> Span) -> Self {
        if level > LevelFilter::current() {
            return Self::NONE;
        }
        Self::made(make)
    }

    #[cold]
    fn made(make: impl FnOnce() -> Span) -> Self {
        let span = contain(make).ok().filter(|span| !span.is_disabled());
        Self(span.map(Arc::new))
    }

    /// Is there a span?
    #[inline]
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Shows the span to `look`, which may record fields or make children. None where there is no span, or the subscriber panicked.
    #[inline]
    pub fn with<T>(&self, look: impl FnOnce(&Span) -> T) -> Option<T> {
        let span = self.0.as_deref()?;
        contain(|| look(span)).ok()
    }

    /// Runs `work` inside of the span.
    #[inline]
    pub fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        let _inside = self.enter();
        work()
    }

    /// Until the result is dropped, spans and events of this thread belong to it.
    #[inline]
    fn enter(&self) -> Option<Inside<'_>> {
        self.0.as_deref().and_then(Inside::of)
    }
}

impl Drop for SpanSlot {
    #[inline]
    fn drop(&mut self) {
        if let Some(span) = self.0.take() {
            close(span);
        }
    }
}

#[cold]
fn close(span: Arc<Span>) {
    let _ = contain(|| drop(span));
}

/// Inside of a span.
struct Inside<'a>(&'a Span);

impl<'a> Inside<'a> {
    #[cold]
    fn of(span: &'a Span) -> Option<Self> {
        let entered = contain(|| {
            span.with_subscriber(|(id, dispatch)| dispatch.enter(id));
        });
        entered.ok().map(|()| Self(span))
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let _ = contain(|| {
            self.0.with_subscriber(|(id, dispatch)| dispatch.exit(id));
        });
    }
}

/// Writes an event, or does something else with a subscriber, which may panic.
pub fn emit(event: impl FnOnce()) {
    let _ = contain(event);
}

pin_project! {
    /// A future inside of a span.
    pub struct Traced<F> {
        #[pin]
        inner: F,
        span: SpanSlot,
    }
}

impl<F: fmt::Debug> fmt::Debug for Traced<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced")
            .field("inner", &self.inner)
            .field("span", &self.span)
            .finish()
    }
}

impl<F> Traced<F> {
    /// Polls `inner` inside of `span`.
    #[inline]
    pub const fn new(inner: F, span: SpanSlot) -> Self {
        Self { inner, span }
    }

    /// The span.
    #[inline]
    pub const fn span(&self) -> &SpanSlot {
        &self.span
    }

    /// The future.
    pub const fn get_ref(&self) -> &F {
        &self.inner
    }

    /// The future, as long as it is not pinned.
    pub const fn get_mut(&mut self) -> &mut F {
        &mut self.inner
    }
}

impl<F: Future> Future for Traced<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _inside = this.span.enter();
        this.inner.poll(cx)
    }
}
