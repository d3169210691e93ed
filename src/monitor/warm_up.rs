use std::fmt;
use std::time::Duration;

use uuid::Uuid;

/// What became of a warm-up, node by node.
///
/// A warm-up never fails as a whole: a session works with the nodes that are there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WarmUp {
    /// The nodes, by address.
    pub hosts: Vec<WarmUpHost>,
}

/// What became of it at one node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WarmUpHost {
    /// The node.
    pub host_id: Uuid,
    /// Its address and port.
    pub address: String,
    /// What became of it.
    pub outcome: WarmUpOutcome,
}

/// What became of the probe of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WarmUpOutcome {
    /// It was answered, in this time.
    Ok(Duration),
    /// It failed, for this reason.
    Failed(String),
    /// It was not sent: there is no connection.
    Skipped,
}

impl WarmUp {
    fn count(&self, so: impl Fn(&WarmUpOutcome) -> bool) -> usize {
        self.hosts.iter().filter(|host| so(&host.outcome)).count()
    }

    /// How many nodes answered.
    #[must_use]
    pub fn ok(&self) -> usize {
        self.count(|outcome| matches!(outcome, WarmUpOutcome::Ok(_)))
    }

    /// How many did not, although they have a connection.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.count(|outcome| matches!(outcome, WarmUpOutcome::Failed(_)))
    }

    /// How many have no connection and were not asked.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.count(|outcome| matches!(outcome, WarmUpOutcome::Skipped))
    }
}

impl fmt::Display for WarmUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ok, {} failed, {} skipped",
            self.ok(),
            self.failed(),
            self.skipped()
        )?;
        for host in &self.hosts {
            match &host.outcome {
                WarmUpOutcome::Failed(reason) => write!(f, "; {}: {reason}", host.address)?,
                WarmUpOutcome::Skipped => write!(f, "; {}: no connection", host.address)?,
                WarmUpOutcome::Ok(_) => {}
            }
        }
        Ok(())
    }
}
