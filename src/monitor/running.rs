//! Rounds in an interval, until somebody stops it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Monitor;
use super::figures::ClusterHealth;
use crate::error::Error;

impl Monitor {
    /// Makes a round in this interval ± 10 %, the first one at once, and tells callbacks and [`updates`](Self::updates). The usual interval is
    /// [`defaults::MONITOR_INTERVAL`](crate::cluster::defaults::MONITOR_INTERVAL), 60 s.
    ///
    /// A round asks the nodes that nobody has asked in the second half of the interval: where the session's own health check runs more
    /// often than the monitor, the monitor sends nothing itself.
    ///
    /// It runs until the handle is stopped or dropped, or the session is closed or dropped, whichever comes first; then no task is left.
    ///
    /// # Errors
    /// * `Config` when it runs already, for an interval below 100 ms or above one day, and for one that is shorter than a probe timeout
    ///   that was given to [`HealthCheck::timeout`](crate::HealthCheck::timeout) (the default one is cut silently);
    /// * `Closed` when the session is; `Unsupported` outside of a tokio runtime.
    pub fn start(&self, interval: Duration) -> Result<Monitoring, Error> {
        let check = self.source.check.with_interval(interval);
        check.validate()?;
        let (monitor, hub) = (self.clone(), Arc::clone(&self.hub));
        let rounds = rounds(
            move || monitor.source.pause(interval),
            {
                let monitor = self.clone();
                move || {
                    let monitor = monitor.clone();
                    async move { monitor.source.refreshed(check).await }
                }
            },
            move |health| hub.publish(health),
        );
        let number = self.hub.start(rounds)?;
        Ok(Monitoring {
            monitor: self.clone(),
            number,
        })
    }

    /// Has it been started, and not stopped since?
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.hub.is_running()
    }
}

/// Looks and tells, in an interval that a slow look does not lengthen.
pub(super) async fn rounds<L, F>(pause: impl Fn() -> Duration, look: L, tell: impl Fn(ClusterHealth))
where
    L: Fn() -> F,
    F: Future<Output = ClusterHealth>,
{
    loop {
        let next = Instant::now() + pause();
        tell(look().await);
        sleep_until(next).await;
    }
}

/// A monitor that runs. It is the [`Monitor`] as well; dropping it stops the rounds.
#[must_use = "dropping it stops the monitor"]
pub struct Monitoring {
    monitor: Monitor,
    number: u64,
}

impl Monitoring {
    /// Stops it and waits until its tasks have ended: when this returns no callback runs any more. It takes as long as the longest
    /// synchronous piece of a callback that is running.
    ///
    /// Dropping the future lets them end by themselves.
    pub async fn stop(self) {
        if let Some(mut tasks) = self.monitor.hub.stop(self.number) {
            tasks.shutdown().await;
        }
    }
}

impl Drop for Monitoring {
    fn drop(&mut self) {
        drop(self.monitor.hub.stop(self.number));
    }
}

impl Deref for Monitoring {
    type Target = Monitor;

    fn deref(&self) -> &Monitor {
        &self.monitor
    }
}

impl fmt::Debug for Monitoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitoring")
            .field("monitor", &self.monitor)
            .finish_non_exhaustive()
    }
}
