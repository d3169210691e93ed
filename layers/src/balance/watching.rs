//! What an endpoint is told by those who watch connections and send probes.

use std::sync::atomic::Ordering::Relaxed;

use super::endpoint::Endpoint;
use super::ledger::Ledger;
use crate::clock;
use crate::health::{ProbeRecord, Status, Who};

impl Endpoint {
    pub(super) fn who(&self) -> Who<'_> {
        Who {
            id: self.id(),
            name: self.name(),
        }
    }

    /// Is it there, as far as it was told of connections and probes? A probe that failed says nothing if a request succeeded since it was
    /// sent.
    #[must_use]
    pub fn status(&self) -> Status {
        self.watched.status(self.last_success())
    }

    /// A probe has failed; have requests succeeded since?
    pub(crate) fn look_again(&self) {
        if self.watched.is_news(self.status()) {
            self.show_health();
            self.shared.announce_status(self, "a request succeeded");
        }
    }

    /// Says whether there is a connection to it; `why` is for the readers of [`Table::changes`](crate::health::Table::changes) if that is
    /// news. Until it is said there is one. Costs an atomic exchange when nothing has changed.
    ///
    /// This is for those who watch; what the balancer goes by is what the [`Directory`](super::Directory) says.
    pub fn set_connected(&self, connected: bool, why: &str) {
        if self.watched.set_connected(connected, why) {
            self.show_health();
            self.shared.announce_status(self, why);
        }
    }

    /// Is there a connection, as far as it was told?
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.watched.is_connected()
    }

    /// A probe begins.
    pub(crate) fn charge_probe(&self) {
        if let Some(budget) = self.shared.budget.get() {
            budget.charge(clock::read());
        }
    }

    /// A probe ended. If it was answered, what is still unanswered is slow, and the node is not silent.
    pub(crate) fn probed(&self, record: ProbeRecord) {
        let answered = record.error.is_none();
        if let Some(metrics) = self.metrics() {
            metrics.probed(answered);
        }
        if answered {
            self.last_answer.store(clock::now().number(), Relaxed);
            self.with_ledger(Ledger::excuse_all);
        }
        let why = record.words();
        self.watched.record(record);
        self.show_health();
        self.shared.announce_status(self, &why);
        if !answered {
            self.shared.doubt.notify_one();
        }
    }

    pub(super) fn show_health(&self) {
        self.shared.show_health(self);
    }

    #[cfg(test)]
    pub(crate) fn succeed(&self) {
        self.speed.succeeded(1, clock::now().number());
    }

    /// Is it connected, answering, and not ejected?
    pub(crate) fn is_fit(&self) -> bool {
        self.status() == Status::Up && !self.passive.is_ejected()
    }
}
