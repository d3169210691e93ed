//! A session with everything that a service in production wants around it.

use std::time::Duration;

use super::{Monitoring, WarmUp};
use crate::cluster::{Cluster, ClusterBuilder, defaults};
use crate::error::Error;
use crate::session::Session;

impl ClusterBuilder {
    /// A preset on top of whatever is configured: a concurrency limit (unless there is one), a monitor that runs, and a warm-up.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), tower_cassandra::Error> {
    /// use tower_cassandra::ClusterBuilder;
    ///
    /// let monitored = ClusterBuilder::new()
    ///     .contact_points(["10.0.0.1", "10.0.0.2"])
    ///     .credentials("shop", "secret")
    ///     .monitored()
    ///     .connect()
    ///     .await?;
    /// monitored.session.execute("SELECT release_version FROM system.local").await?;
    /// println!("{}", monitored.monitor.connection_summary());
    /// # Ok(())
    /// # }
    /// ```
    pub fn monitored(self) -> MonitoredBuilder {
        MonitoredBuilder {
            builder: self,
            interval: defaults::MONITOR_INTERVAL,
            warm_up: true,
        }
    }
}

/// A [`ClusterBuilder`] with the preset of [`ClusterBuilder::monitored`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `connect`"]
pub struct MonitoredBuilder {
    builder: ClusterBuilder,
    interval: Duration,
    warm_up: bool,
}

/// What [`MonitoredBuilder::connect`] gives.
#[derive(Debug)]
#[non_exhaustive]
pub struct Monitored {
    /// The session.
    pub session: Session,
    /// Its monitor, which runs until this is dropped or the session is closed. Keep it: a pattern that leaves it out drops it.
    pub monitor: Monitoring,
    /// What became of the warm-up; none if it was switched off.
    pub warm_up: Option<WarmUp>,
    /// The cluster, to open more sessions.
    pub cluster: Cluster,
}

impl MonitoredBuilder {
    /// The interval of the monitor. Default 60 s.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Warm up before the session is handed out? Default: yes.
    pub const fn warm_up(mut self, on: bool) -> Self {
        self.warm_up = on;
        self
    }

    /// Checks the options, connects, warms up and starts the monitor. Without a limit of the user's own,
    /// [`defaults::CONCURRENCY`](defaults::CONCURRENCY) calls may be under way and as many may wait.
    ///
    /// # Errors
    /// Those of [`ClusterBuilder::connect`] and [`Monitor::start`](super::Monitor::start); `Config` before anything is opened. Dropping the future leaves
    /// nothing behind.
    pub async fn connect(self) -> Result<Monitored, Error> {
        let builder = self.builder.with_default_concurrency_limit();
        builder.check_monitor_interval(self.interval)?;
        let cluster = builder.build()?;
        let session = cluster.connect().await?;
        let monitor = session.monitor()?;
        let warm_up = match self.warm_up {
            true => Some(monitor.warm_up().await?),
            false => None,
        };
        Ok(Monitored {
            monitor: monitor.start(self.interval)?,
            session,
            warm_up,
            cluster,
        })
    }
}
