use std::time::Duration;

use crate::config::InvalidConfig;

/// The numbers of the health table. The defaults are those that the module describes.
///
/// [`Table::new`](super::Table::new) refuses a number of zero, a percentage above 100, and a first ejection above the longest, which is at most one day.
#[derive(Clone, Copy, Debug)]
pub struct HealthSettings {
    pub(crate) node_limit: u32,
    pub(crate) abandoned_limit: u32,
    pub(crate) consecutive_failures: u32,
    pub(crate) failure_percent: u32,
    pub(crate) ejection_base: Duration,
    pub(crate) ejection_cap: Duration,
    pub(crate) seed: Option<u64>,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            // Half of the 32,768 stream ids of one CQL connection.
            node_limit: 16_384,
            // The scylla driver closes a connection with more than 1,024 old orphans.
            abandoned_limit: 1_024,
            // Outlier detectors of proxies use five as well (Envoy's `consecutive_5xx`). In the fault drill a killed node was passed over by its lost
            // connection first.
            consecutive_failures: 5,
            // Far above what a node under load fails; below it one that fails every second request would stay.
            failure_percent: 50,
            ejection_base: Self::EJECTION_BASE,
            ejection_cap: Self::EJECTION_CAP,
            seed: None,
        }
    }
}

impl HealthSettings {
    /// The first ejection of the default: 1 s, in which a node that only stumbled is back and a dead one costs one request a second.
    pub const EJECTION_BASE: Duration = Duration::from_secs(1);
    /// The longest ejection of the default: 60 s, about what a restarted node takes to answer.
    pub const EJECTION_CAP: Duration = Duration::from_secs(60);

    /// How many requests may be in flight to one node. Default 16,384.
    #[must_use]
    pub const fn node_limit(mut self, requests: u32) -> Self {
        self.node_limit = requests;
        self
    }

    /// How many abandoned requests are kept per node until it answers. Default 1,024.
    ///
    /// A node that has so many gets no more requests. Of those that were under way then, what is abandoned beyond the limit is dropped, and is one of the
    /// driver's orphans: the driver closes a connection with more than 1,024 of them that are older than a second. So it is a node that falls silent with more than
    /// about 2,000 requests under way that may lose a connection before it answers again.
    #[must_use]
    pub const fn abandoned_limit(mut self, requests: u32) -> Self {
        self.abandoned_limit = requests;
        self
    }

    /// Failures in a row after which a node is ejected. Default 5.
    #[must_use]
    pub const fn consecutive_failures(mut self, failures: u32) -> Self {
        self.consecutive_failures = failures;
        self
    }

    /// The share of failures among recent answers above which a node is ejected, in percent. Default 50; 100 switches this off.
    /// Recent: a moving average in which one answer weighs 1/32.
    #[must_use]
    pub const fn failure_percent(mut self, percent: u32) -> Self {
        self.failure_percent = percent;
        self
    }

    /// The first ejection and the longest. Default 1 s and 60 s.
    #[must_use]
    pub const fn ejection(mut self, base: Duration, cap: Duration) -> Self {
        self.ejection_base = base;
        self.ejection_cap = cap;
        self
    }

    /// Makes ties and jitter repeatable.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    pub(crate) fn validate(&self) -> Result<(), InvalidConfig> {
        let positive = |option, value: u32| {
            if value == 0 {
                Err(InvalidConfig::new(option, value, "a number above zero"))
            } else {
                Ok(())
            }
        };
        positive("health.node_limit", self.node_limit)?;
        // With none, every node would count as full.
        positive("health.abandoned_limit", self.abandoned_limit)?;
        positive("health.consecutive_failures", self.consecutive_failures)?;
        positive("health.failure_percent", self.failure_percent)?;
        if self.failure_percent > 100 {
            return Err(InvalidConfig::new(
                "health.failure_percent",
                self.failure_percent,
                "a share from 1 to 100 percent",
            ));
        }
        if self.ejection_base.is_zero() || self.ejection_base > self.ejection_cap {
            return Err(InvalidConfig::new(
                "health.ejection",
                (self.ejection_base, self.ejection_cap),
                "a first ejection above zero and not above the longest",
            ));
        }
        if self.ejection_cap > Duration::from_secs(86_400) {
            return Err(InvalidConfig::new(
                "health.ejection",
                self.ejection_cap,
                "at most one day",
            ));
        }
        Ok(())
    }
}
