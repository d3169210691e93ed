//! Ejection by the results of real requests.

use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed,
    Ordering::Release,
};

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::changes::ChangeKind;
use super::rate::FailureRate;
use super::table::Shared;
use super::watched::Who;
use super::words;

/// Healthy → (failures in a row, or too large a share of failures) → ejected → (time) → on probation, where one real request decides.
#[derive(Debug, Default)]
pub(crate) struct Passive {
    failures: AtomicU32,
    rate: FailureRate,
    ejections: AtomicU32,
    /// The end of the ejection, as the number of a moment; 0 when not ejected. Written under the roster's lock.
    until: AtomicU64,
    /// Was the share of failures too large when it was ejected? Then successes are nothing new. Written under the roster's lock.
    by_rate: AtomicBool,
    on_probation: AtomicBool,
    /// Is it among the nodes of the table? Only then does its ejection count. Written under the roster's lock.
    member: AtomicBool,
    row: Mutex<Row>,
}

/// What the failures in a row have in common. Touched by failures only.
#[derive(Debug, Default)]
struct Row {
    last: &'static str,
    is_mixed: bool,
    /// How many there were at the last ejection.
    count: u32,
    /// Not their number ejected it, but that they were more than so many percent of its recent answers.
    beyond: Option<u32>,
}

impl Row {
    fn words(&self) -> String {
        let (count, label) = (self.count, words::label(self.last));
        if let Some(percent) = self.beyond {
            return format!(
                "more than {percent} % of its recent answers were failures, the last one: {label}"
            );
        }
        let rows = if count == 1 {
            "failure"
        } else {
            "failures in a row"
        };
        if self.is_mixed {
            format!("{count} {rows}, the last one: {label}")
        } else {
            format!("{count} {label} {rows}")
        }
    }
}

/// May a node be chosen, as far as its past results say?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Good,
    /// Ejected, but its time is over: one request may find out.
    Probation,
    Ejected,
}

/// How the node stood when a request was sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Well. Once it has been ejected meanwhile, an answer of before says nothing of now.
    Well,
    /// Ejected, and chosen all the same.
    Despite,
    /// On probation, as its one request.
    Trial,
}

impl Passive {
    #[inline]
    pub(crate) fn standing(&self, now: u64) -> Standing {
        match self.until.load(Relaxed) {
            0 => Standing::Good,
            until if now < until || self.on_probation.load(Relaxed) => Standing::Ejected,
            _ => Standing::Probation,
        }
    }

    /// Is it ejected, or on probation?
    #[inline]
    pub(crate) fn is_ejected(&self) -> bool {
        self.until.load(Relaxed) != 0
    }

    /// When its ejection ends; 0 when it is not ejected.
    pub(crate) fn ejected_until(&self) -> u64 {
        self.until.load(Relaxed)
    }

    /// Claims the one request of a probation. False when another one has it.
    fn enter_probation(&self) -> bool {
        self.on_probation
            .compare_exchange(false, true, AcqRel, Acquire)
            .is_ok()
    }

    /// The request of the probation ended. Only the one that claimed it may say so.
    pub(crate) fn leave_probation(&self) {
        self.on_probation.store(false, Release);
    }

    /// Is it among the nodes of the table?
    pub(super) fn is_member(&self) -> bool {
        self.member.load(Relaxed)
    }

    /// Why it is out, in words; none when it is not.
    pub(super) fn why(&self, now: u64) -> Option<String> {
        let until = match self.until.load(Relaxed) {
            0 => return None,
            until => until,
        };
        let row = self.with_row(|row| row.words());
        Some(match until.saturating_sub(now) {
            0 => format!("{row}, the next request is its trial"),
            left => format!("{row}, next try in {}", words::time(Duration::from_nanos(left))),
        })
    }

    fn with_row<T>(&self, f: impl FnOnce(&mut Row) -> T) -> T {
        f(&mut self.row.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets whether it is among the nodes of the table, and says what it was. Under the roster's lock.
    pub(super) fn set_member(&self, member: bool) -> bool {
        self.member.swap(member, Relaxed)
    }

    /// How a request is sent that goes to it now. A [trial](Sent::Trial) is to be [left](Self::leave_probation).
    #[inline]
    pub(crate) fn send(&self, now: u64) -> Sent {
        match self.standing(now) {
            Standing::Good => Sent::Well,
            Standing::Probation if self.enter_probation() => Sent::Trial,
            Standing::Probation | Standing::Ejected => Sent::Despite,
        }
    }

    /// A request succeeded. True when that re-admitted it.
    #[inline]
    pub(crate) fn succeeded(&self, who: Who<'_>, sent: Sent, shared: &Shared) -> bool {
        // The usual case writes nothing.
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
        }
        // Only a node that has done well for a while has its next ejection begin anew.
        if self.rate.succeeded() {
            self.ejections.store(0, Relaxed);
        }
        self.is_ejected() && self.readmit(who, sent, shared)
    }

    #[cold]
    fn readmit(&self, who: Who<'_>, sent: Sent, shared: &Shared) -> bool {
        shared.with_roster(|roster| {
            let by_rate = self.by_rate.load(Relaxed);
            let proves_it = match sent {
                Sent::Well => false,
                Sent::Despite => !by_rate,
                Sent::Trial => true,
            };
            if !proves_it || self.until.swap(0, Relaxed) == 0 {
                return false;
            }
            self.rate.forgive(by_rate);
            if !by_rate {
                self.ejections.store(0, Relaxed);
            }
            if self.is_member() {
                roster.ejected -= 1;
                let reason = "a request succeeded".to_owned();
                roster
                    .announcer
                    .announce(who.id, who.name, ChangeKind::Readmitted, reason);
            }
            true
        })
    }

    /// A request failed by the node's fault, with this label. True when that ejected it, or prolonged its ejection.
    pub(crate) fn failed(
        &self,
        who: Who<'_>,
        label: &'static str,
        sent: Sent,
        now: u64,
        shared: &Shared,
    ) -> bool {
        let is_trial = sent == Sent::Trial;
        let failures = self.failures.fetch_add(1, Relaxed).saturating_add(1);
        let too_many = self.rate.failed(shared.settings.failure_percent);
        let in_a_row = failures >= shared.settings.consecutive_failures;
        self.with_row(|row| {
            row.is_mixed = failures > 1 && (row.is_mixed || row.last != label);
            row.last = label;
        });
        let enough = too_many || in_a_row;
        // Late failures of requests that were under way when the node was ejected change nothing.
        let may_change = match self.until.load(Relaxed) {
            0 => enough,
            _ => is_trial,
        };
        if !may_change {
            return false;
        }
        shared.with_roster(|roster| {
            let until = self.until.load(Relaxed);
            if until == 0 {
                if !enough || !self.is_member() || !roster.may_eject() {
                    return false;
                }
                roster.ejected += 1;
                self.by_rate.store(too_many, Relaxed);
                let percent = shared.settings.failure_percent;
                self.with_row(|row| row.beyond = (!in_a_row).then_some(percent));
            } else if !is_trial || now < until {
                return false;
            }
            let sentence = self.sentence(shared);
            self.until.store(now.saturating_add(sentence).max(1), Relaxed);
            self.with_row(|row| row.count = failures);
            if self.is_member()
                && let Some(reason) = self.why(now)
            {
                roster
                    .announcer
                    .announce(who.id, who.name, ChangeKind::Ejected, reason);
            }
            true
        })
    }

    /// How long this ejection lasts: longer each time, with jitter so that nodes do not come back together.
    fn sentence(&self, shared: &Shared) -> u64 {
        let times = self.ejections.fetch_add(1, Relaxed).min(30);
        let base = shared.settings.ejection_base.as_nanos() as u64;
        let cap = shared.settings.ejection_cap.as_nanos() as u64;
        let full = base.saturating_mul(1 << times).min(cap);
        full * 4 / 5 + shared.random.below(full * 2 / 5)
    }
}
