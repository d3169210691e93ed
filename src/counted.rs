//! Counting the calls that are made for one request of a caller, where somebody wants to know.

#[cfg(any(feature = "axum", feature = "tonic"))]
mod on {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::time::Duration;

    use tokio::time::Instant;

    use crate::statement::Statement;

    /// The calls of one request so far.
    #[derive(Debug, Default)]
    pub(crate) struct Counter {
        calls: AtomicU64,
        nanos: AtomicU64,
    }

    impl Counter {
        pub(crate) fn calls(&self) -> u64 {
            self.calls.load(Relaxed)
        }

        /// The time of those that have ended, added up.
        pub(crate) fn time(&self) -> Duration {
            Duration::from_nanos(self.nanos.load(Relaxed))
        }
    }

    /// One call under way. It is over when this is dropped, however it ends. Boxed: most calls are not counted, and have no room for it.
    pub(crate) struct Counted(Option<Box<(Arc<Counter>, Instant)>>);

    impl Counted {
        #[inline]
        pub(crate) fn begin(statement: &Statement) -> Self {
            Self(statement.options.counter().map(|counter| {
                counter.calls.fetch_add(1, Relaxed);
                Box::new((Arc::clone(counter), Instant::now()))
            }))
        }
    }

    impl Drop for Counted {
        #[inline]
        fn drop(&mut self) {
            if let Some((counter, began)) = self.0.as_deref() {
                let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                counter.nanos.fetch_add(nanos, Relaxed);
            }
        }
    }
}

#[cfg(not(any(feature = "axum", feature = "tonic")))]
mod off {
    use crate::statement::Statement;

    /// Nobody wants to know.
    pub(crate) struct Counted;

    impl Counted {
        #[inline]
        pub(crate) const fn begin(_: &Statement) -> Self {
            Self
        }
    }
}

#[cfg(not(any(feature = "axum", feature = "tonic")))]
pub(crate) use off::Counted;
#[cfg(any(feature = "axum", feature = "tonic"))]
pub(crate) use on::{Counted, Counter};
