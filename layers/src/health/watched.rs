//! What connections and probes say of one node.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::status::Status;
use super::words;
use crate::clock::Moment;
use crate::request::NodeId;

/// The result of a probe, or of a look at the connections that found none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProbeRecord {
    /// When it ended.
    pub at: Instant,
    began: Instant,
    /// How long the answer took; none without an answer.
    pub latency: Option<Duration>,
    /// Why there is no answer.
    pub error: Option<Arc<str>>,
    /// What the node said of itself, usually its version; without an answer, what it said before.
    pub detail: Option<Arc<str>>,
}

/// Never locked together with the roster the other way round: the roster comes first.
#[derive(Debug)]
pub(crate) struct Watched {
    connected: AtomicBool,
    /// The last probe, unless it failed and there was a new connection since.
    probe: Mutex<Option<ProbeRecord>>,
    /// How many probes have ended.
    pub(super) ended: AtomicU64,
    /// One probe at a time, however many ask.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// When it was last asked between two rounds; 0 if never.
    rechecked: AtomicU64,
    /// The status that was announced last, to announce each change once. Written under the roster's lock.
    announced: AtomicU8,
}

/// Whom an announcement is about.
#[derive(Clone, Copy)]
pub(crate) struct Who<'a> {
    pub(crate) id: NodeId,
    pub(crate) name: &'a str,
}

impl Default for Watched {
    fn default() -> Self {
        Self {
            // A table that nobody tells of connections takes them to be there.
            connected: AtomicBool::new(true),
            probe: Mutex::default(),
            ended: AtomicU64::new(0),
            turn: tokio::sync::Mutex::default(),
            rechecked: AtomicU64::new(0),
            announced: AtomicU8::new(Status::Up as u8),
        }
    }
}

impl Watched {
    pub(crate) fn is_connected(&self) -> bool {
        self.connected.load(Relaxed)
    }

    pub(crate) fn last(&self) -> Option<ProbeRecord> {
        self.probe.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `success`: when it last answered a real request, which says more than a probe that failed in the meantime.
    pub(crate) fn status(&self, success: u64) -> Status {
        if !self.is_connected() {
            return Status::Down;
        }
        let probe = self.probe.lock().unwrap_or_else(PoisonError::into_inner);
        match &*probe {
            Some(record) if record.error.is_some() && success < Moment::of(record.began).number() => {
                Status::Unknown
            }
            Some(_) | None => Status::Up,
        }
    }

    /// When it was last asked between two rounds; 0 if never.
    pub(super) fn rechecked(&self) -> u64 {
        self.rechecked.load(Relaxed)
    }

    pub(super) fn recheck(&self, now: u64) {
        self.rechecked.store(now, Relaxed);
    }

    /// Sets whether there is a connection, and why there is none. True if that is news.
    pub(crate) fn set_connected(&self, connected: bool, why: &str) -> bool {
        let is_news = self.connected.swap(connected, Relaxed) != connected;
        if is_news {
            let mut probe = self.probe.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *probe {
                // What failed over the connections before says nothing of this one.
                Some(record) if connected => (record.error, record.latency) = (None, None),
                None if connected => {}
                // As good as a probe: it would say the same.
                before => {
                    let detail = before.take().and_then(|before| before.detail);
                    *before = Some(ProbeRecord {
                        detail,
                        ..ProbeRecord::failed(Instant::now(), why)
                    });
                }
            }
        }
        is_news
    }

    pub(crate) fn record(&self, mut record: ProbeRecord) {
        let mut probe = self.probe.lock().unwrap_or_else(PoisonError::into_inner);
        if record.detail.is_none() {
            record.detail = probe.as_ref().and_then(|before| before.detail.clone());
        }
        *probe = Some(record);
        self.ended.fetch_add(1, Relaxed);
    }

    /// Is the status another one than was announced last?
    pub(crate) fn is_news(&self, status: Status) -> bool {
        self.announced.load(Relaxed) != status as u8
    }

    /// The status, if it is news; from now on it is none. Under the roster's lock.
    pub(super) fn take_news(&self, status: Status) -> Option<Status> {
        (self.announced.swap(status as u8, Relaxed) != status as u8).then_some(status)
    }

    /// Notes the status without telling anybody: the node is new to the readers.
    pub(super) fn settle(&self, status: Status) {
        self.announced.store(status as u8, Relaxed);
    }

    /// Takes over what was known of the same node.
    pub(super) fn inherit(&self, before: &Self) {
        if let Some(record) = before.last() {
            let mut probe = self.probe.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *probe {
                Some(own) => own.detail = own.detail.take().or(record.detail),
                None => *probe = Some(record),
            }
        }
        self.announced.store(before.announced.load(Relaxed), Relaxed);
    }
}

impl ProbeRecord {
    pub(super) fn answered(started: Instant, detail: Arc<str>) -> Self {
        let at = Instant::now();
        Self {
            at,
            began: started,
            latency: Some(at - started),
            error: None,
            detail: Some(detail),
        }
    }

    pub(super) fn failed(started: Instant, error: impl Into<Arc<str>>) -> Self {
        Self {
            at: Instant::now(),
            began: started,
            latency: None,
            error: Some(error.into()),
            detail: None,
        }
    }

    pub(super) fn unanswered(started: Instant, limit: Duration) -> Self {
        Self::failed(started, format!("no answer within {}", words::time(limit)))
    }

    /// Is it about a connection that is no more?
    pub(super) const fn is_void(&self) -> bool {
        self.error.is_none() && self.latency.is_none()
    }

    /// What it says, in words.
    pub(crate) fn words(&self) -> String {
        match (&self.error, self.latency) {
            (Some(error), _) => format!("the probe failed: {error}"),
            (None, Some(latency)) => format!("a probe was answered in {}", words::time(latency)),
            (None, None) => "connected again".to_owned(),
        }
    }
}
