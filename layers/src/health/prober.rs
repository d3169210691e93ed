use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::check::HealthCheck;
use super::recheck::recheck;
use super::table::Table;
use super::watched::ProbeRecord;
use crate::balance::Endpoint;
use crate::config::InvalidConfig;

/// Asks every node of a table in an interval, and one that requests find silent at once: in all about once a second at most. One task; it
/// ends when this value is dropped.
///
/// A node that somebody else has asked in the second half of the interval is left out, so that several who ask send no more probes than
/// the most eager one of them.
#[derive(Debug)]
pub struct Prober {
    task: JoinHandle<((), ())>,
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Prober {
    /// At most this many nodes are asked at the same time.
    pub(super) const CONCURRENT: usize = 64;

    /// Starts probing on the runtime of the caller. `probe` asks one node; its text is kept as the record's detail or error.
    ///
    /// # Errors
    /// [`InvalidConfig`] when `check` makes no sense; then nothing is started.
    pub fn spawn<P, F>(table: Table, check: HealthCheck, probe: P) -> Result<Self, InvalidConfig>
    where
        P: Fn(Arc<Endpoint>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Arc<str>, Arc<str>>> + Send,
    {
        check.validate()?;
        let task = tokio::spawn(async move {
            let rounds = async {
                loop {
                    Self::refresh(&table, check, &probe).await;
                    sleep(Self::pause(&table, check.interval())).await;
                }
            };
            // Side by side, so that no round breaks off what is under way.
            tokio::join!(rounds, recheck(&table, check, &probe))
        });
        Ok(Self { task })
    }

    /// The interval ± 10 %, so that many clients do not ask at the same moment.
    #[must_use]
    pub fn pause(table: &Table, interval: Duration) -> Duration {
        let jitter = table.random_below(201) as u32;
        interval.saturating_mul(900 + jitter) / 1_000
    }

    /// Asks every node once, all at the same time up to a bound of 64, each with its own time limit.
    pub async fn round<P, F>(table: &Table, check: HealthCheck, probe: &P)
    where
        P: Fn(Arc<Endpoint>) -> F + Sync,
        F: Future<Output = Result<Arc<str>, Arc<str>>> + Send,
    {
        Self::ask_all(table.endpoints().iter(), check.limit(), probe).await;
    }

    /// As [`round`](Self::round), without the nodes that were asked in the second half of the interval.
    pub async fn refresh<P, F>(table: &Table, check: HealthCheck, probe: &P)
    where
        P: Fn(Arc<Endpoint>) -> F + Sync,
        F: Future<Output = Result<Arc<str>, Arc<str>>> + Send,
    {
        let now = Instant::now();
        let is_due = |endpoint: &&Arc<Endpoint>| match endpoint.watched.last() {
            Some(record) => {
                record.is_void() || now.saturating_duration_since(record.at) >= check.interval() / 2
            }
            None => true,
        };
        Self::ask_all(table.endpoints().iter().filter(is_due), check.limit(), probe).await;
    }

    /// Asks these nodes once, as [`round`](Self::round) does. Dropping the future ends what is under way, without a record.
    pub async fn ask_all<'a, P, F>(
        endpoints: impl IntoIterator<Item = &'a Arc<Endpoint>>,
        limit: Duration,
        probe: &P,
    ) -> Vec<(Arc<Endpoint>, ProbeRecord)>
    where
        P: Fn(Arc<Endpoint>) -> F + Sync,
        F: Future<Output = Result<Arc<str>, Arc<str>>> + Send,
    {
        let mut waiting = endpoints.into_iter();
        let mut running = FuturesUnordered::new();
        let mut records = Vec::new();
        loop {
            while running.len() < Self::CONCURRENT
                && let Some(endpoint) = waiting.next()
            {
                running.push(async move {
                    let record = Self::ask(endpoint, limit, probe).await;
                    (Arc::clone(endpoint), record)
                });
            }
            match running.next().await {
                Some(record) => records.push(record),
                None => return records,
            }
        }
    }

    /// Asks one node, and keeps the result in its table.
    ///
    /// At most one probe of a node is under way: who asks meanwhile waits for it and has its result. All within `limit`.
    pub async fn ask<P, F>(endpoint: &Arc<Endpoint>, limit: Duration, probe: &P) -> ProbeRecord
    where
        P: Fn(Arc<Endpoint>) -> F + Sync,
        F: Future<Output = Result<Arc<str>, Arc<str>>> + Send,
    {
        let watched = &endpoint.watched;
        let ended = watched.ended.load(Relaxed);
        let asked = Instant::now();
        let Ok(_turn) = timeout(limit, watched.turn.lock()).await else {
            // Somebody with more patience is asking. That one will record what comes of it.
            return ProbeRecord::unanswered(asked, limit);
        };
        // One that ended after we had asked is as good as one of our own.
        if watched.ended.load(Relaxed) != ended
            && let Some(record) = watched.last()
        {
            return record;
        }
        let started = Instant::now();
        let left = limit.saturating_sub(started - asked);
        endpoint.charge_probe();
        // A probe that panics must not end the task, which nothing would start again.
        let answer = AssertUnwindSafe(async { probe(Arc::clone(endpoint)).await }).catch_unwind();
        let record = match timeout(left, answer).await {
            Ok(Ok(Ok(detail))) => ProbeRecord::answered(started, detail),
            Ok(Ok(Err(error))) => ProbeRecord::failed(started, error),
            Ok(Err(_)) => ProbeRecord::failed(started, "the probe panicked"),
            Err(_) => ProbeRecord::unanswered(started, limit),
        };
        endpoint.probed(record.clone());
        // With what was known before.
        watched.last().unwrap_or(record)
    }
}
