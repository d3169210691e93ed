use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::suspicion;
use super::table::Table;
use crate::balance::Endpoint;
use crate::config::InvalidConfig;

/// How often the nodes are asked, and how long they may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    interval: Duration,
    timeout: Duration,
}

impl Default for HealthCheck {
    /// Every 5 s, 2 s for an answer.
    fn default() -> Self {
        Self::every(Duration::from_secs(5))
    }
}

impl HealthCheck {
    /// Asks every node in this interval, ± 10 % jitter. The time for an answer is 2 s, or the interval if that is shorter.
    #[must_use]
    pub const fn every(interval: Duration) -> Self {
        Self {
            interval,
            timeout: Duration::from_secs(2),
        }
    }

    /// How long a probe may take. Default 2 s.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// # Errors
    /// [`InvalidConfig`] when the interval is below 100 ms or above one day, or the time for an answer is zero.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        if self.interval < Duration::from_millis(100) || self.interval > Duration::from_secs(86_400) {
            return Err(InvalidConfig::new(
                "health.every",
                self.interval,
                "an interval from 100 ms to one day",
            ));
        }
        if self.timeout.is_zero() {
            return Err(InvalidConfig::new(
                "health.timeout",
                self.timeout,
                "a duration above zero",
            ));
        }
        Ok(())
    }
}

/// The result of a probe.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProbeRecord {
    /// When it ended.
    pub at: Instant,
    /// How long the answer took; none without an answer.
    pub latency: Option<Duration>,
    /// Why there is no answer.
    pub error: Option<Arc<str>>,
    /// What the node said of itself, usually its version.
    pub detail: Option<Arc<str>>,
}

/// Asks every node of a table in an interval, and a node that has just fallen silent at once. One task; it ends when this value is dropped.
#[derive(Debug)]
pub struct Prober {
    task: JoinHandle<((), ())>,
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// At most this many nodes are asked at the same time.
const CONCURRENT: usize = 64;

impl Prober {
    /// Starts probing on the runtime of the caller. `probe` asks one node; its text is kept as the record's detail or error.
    pub fn spawn<P, F>(table: Table, check: HealthCheck, probe: P) -> Self
    where
        P: Fn(Arc<Endpoint>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Arc<str>, Arc<str>>> + Send,
    {
        let task = tokio::spawn(async move {
            let rounds = async {
                loop {
                    Self::round(&table, check, &probe).await;
                    let jitter = table.random_below(201) as u32;
                    sleep(check.interval.saturating_mul(900 + jitter) / 1_000).await;
                }
            };
            let (table, probe) = (&table, &probe);
            let suspicions =
                suspicion::watch(table, async |endpoint| Self::one(&endpoint, check, probe).await);
            tokio::join!(rounds, suspicions)
        });
        Self { task }
    }

    /// Asks every node once, all at the same time up to a bound, each with its own time limit.
    pub async fn round<P, F>(table: &Table, check: HealthCheck, probe: &P)
    where
        P: Fn(Arc<Endpoint>) -> F + Sync,
        F: Future<Output = Result<Arc<str>, Arc<str>>> + Send,
    {
        let endpoints = table.endpoints();
        let mut waiting = endpoints.iter();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < CONCURRENT
                && let Some(endpoint) = waiting.next()
            {
                running.push(Self::one(endpoint, check, probe));
            }
            if running.next().await.is_none() {
                return;
            }
        }
    }

    async fn one<P, F>(endpoint: &Arc<Endpoint>, check: HealthCheck, probe: &P)
    where
        P: Fn(Arc<Endpoint>) -> F + Sync,
        F: Future<Output = Result<Arc<str>, Arc<str>>> + Send,
    {
        let started = Instant::now();
        let limit = check.timeout.min(check.interval);
        // A probe that panics must not end the task, which nothing would start again.
        let asked = AssertUnwindSafe(async { probe(Arc::clone(endpoint)).await }).catch_unwind();
        let answer = timeout(limit, asked)
            .await
            .map(|answer| answer.unwrap_or_else(|_| Err("the probe panicked".into())));
        let at = Instant::now();
        endpoint.probed(match answer {
            Ok(Ok(detail)) => ProbeRecord {
                at,
                latency: Some(at - started),
                error: None,
                detail: Some(detail),
            },
            Ok(Err(error)) => ProbeRecord {
                at,
                latency: None,
                error: Some(error),
                detail: None,
            },
            Err(_) => {
                let error = format!("no answer within {limit:?}").into();
                ProbeRecord {
                    at,
                    latency: None,
                    error: Some(error),
                    detail: None,
                }
            }
        });
    }
}
