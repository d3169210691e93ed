use std::fmt;
use std::sync::Arc;

use ::metrics::{Counter, Gauge};

use super::{Metrics, names};

/// What streams read. Made by [`Metrics::streams`]; clones share the handles.
#[derive(Clone)]
pub struct StreamMetrics {
    metrics: Metrics,
    handles: Arc<Handles>,
}

struct Handles {
    open: Gauge,
    pages: Counter,
    rows: Counter,
    bytes: Counter,
}

impl fmt::Debug for StreamMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamMetrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// The handles for streams.
    #[must_use]
    pub fn streams(&self) -> StreamMetrics {
        let registry = self.registry();
        StreamMetrics {
            handles: Arc::new(Handles {
                open: registry.gauge(&names::STREAMS_OPEN, &[]),
                pages: registry.counter(&names::STREAM_PAGES, &[]),
                rows: registry.counter(&names::STREAM_ROWS, &[]),
                bytes: registry.counter(&names::STREAM_BYTES, &[]),
            }),
            metrics: self.clone(),
        }
    }
}

impl StreamMetrics {
    /// A stream is open until the result is dropped. None while switched off: then it is not counted out either.
    #[must_use]
    pub fn open(&self) -> Option<OpenStream> {
        let switch = &self.metrics.registry().switch;
        if !switch.is_on() {
            return None;
        }
        switch.always(|| self.handles.open.increment(1.0))?;
        Some(OpenStream(self.clone()))
    }

    /// A page was read.
    pub fn page(&self, rows: usize, bytes: usize) {
        self.metrics.registry().switch.record(|| {
            self.handles.pages.increment(1);
            self.handles.rows.increment(rows as u64);
            self.handles.bytes.increment(bytes as u64);
        });
    }
}

/// An open stream, in the gauge. Made by [`StreamMetrics::open`].
#[derive(Debug)]
pub struct OpenStream(StreamMetrics);

impl OpenStream {
    /// Where its pages are counted.
    #[must_use]
    pub const fn metrics(&self) -> &StreamMetrics {
        &self.0
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let StreamMetrics { metrics, handles } = &self.0;
        metrics.registry().switch.always(|| handles.open.decrement(1.0));
    }
}
