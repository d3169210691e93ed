use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use futures_util::task::AtomicWaker;

/// How far an [`ExecuteMany`](super::ExecuteMany) is, for use from elsewhere, and the way to stop it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct BulkProgress {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    started: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    stopped: AtomicBool,
    consumer: AtomicWaker,
}

impl BulkProgress {
    /// How many statements were taken from the producer.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.shared.started.load(Relaxed)
    }

    /// How many of them succeeded.
    #[must_use]
    pub fn succeeded(&self) -> u64 {
        self.shared.succeeded.load(Relaxed)
    }

    /// How many failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.shared.failed.load(Relaxed)
    }

    /// How many are under way.
    #[must_use]
    pub fn running(&self) -> u64 {
        let done = self.succeeded() + self.failed();
        self.started().saturating_sub(done)
    }

    /// Starts nothing more. What is under way ends by itself, and its results still come.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Relaxed);
        self.shared.consumer.wake();
    }

    /// Was it told to stop?
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.shared.stopped.load(Relaxed)
    }

    pub(super) fn start(&self) -> u64 {
        self.shared.started.fetch_add(1, Relaxed)
    }

    pub(super) fn done(&self, succeeded: bool) {
        let counter = if succeeded {
            &self.shared.succeeded
        } else {
            &self.shared.failed
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn consumer(&self) -> &AtomicWaker {
        &self.shared.consumer
    }
}
