//! RTY-06: the decision depends on nothing but what it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use tower::ServiceExt;
use tower_cassandra_layers::retry::{Backoff, RetryLayer, RetryPolicy};

use super::*;
use crate::{CqlClassifier, Response, Statement};

const THREADS: usize = 10;

#[test]
fn rty_06_one_policy_gives_ten_threads_the_same_answer() {
    let backoff = Backoff::exponential(
        std::time::Duration::from_millis(1),
        std::time::Duration::from_millis(1),
    );
    let policy = RetryPolicy::default().max_retries(1).backoff(backoff);
    let layer = RetryLayer::new(policy, CqlClassifier::new()).unwrap();
    let attempts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| attempts_of(&layer)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(attempts, [2; THREADS]);
}

/// How often a marked write is tried that gets a write timeout the first time.
fn attempts_of(layer: &RetryLayer<CqlClassifier>) -> u32 {
    let attempts = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&attempts);
    let leaf = tower::service_fn(move |_: Statement| {
        let first = seen.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            if first {
                let error = db(DbError::WriteTimeout {
                    consistency: Consistency::Quorum,
                    received: 1,
                    required: 2,
                    write_type: WriteType::Simple,
                });
                return Err(Error::from_execution(error, Nature::Write, None));
            }
            Ok(Response::empty())
        }
    });
    let service = tower_layer::Layer::layer(layer, leaf);
    let write = Statement::new("UPDATE t SET v = 1 WHERE id = 1").idempotent(true);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(service.oneshot(write)).unwrap();
    attempts.load(Ordering::Relaxed)
}
