use tower_cassandra_layers::hedge::HedgeHandle;
use tower_cassandra_layers::limit::{ConcurrencyHandle, RateLimitHandle};
use tower_cassandra_layers::retry::Budget;

use super::Session;

/// The limits of a session, to look at and to change while it runs. From [`Session::limits`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Limits {
    /// That of [`ClusterBuilder::concurrency_limit`](crate::ClusterBuilder::concurrency_limit).
    pub concurrency: Option<ConcurrencyHandle>,
    /// That of [`ClusterBuilder::rate_limit`](crate::ClusterBuilder::rate_limit).
    pub rate: Option<RateLimitHandle>,
    /// The budget of the retries, which second attempts and probes draw on too where there are second attempts. None where retries or their budget are
    /// off, and where [`RetryPolicy::budget`](crate::RetryPolicy::budget) gave them one.
    pub retry_budget: Option<Budget>,
    /// The figures of [`ClusterBuilder::hedge`](crate::ClusterBuilder::hedge).
    pub hedge: Option<HedgeHandle>,
}

impl Session {
    /// The limits that the builder gave this session: how many calls are under way, wait or were refused, and numbers that can be changed.
    ///
    /// None of those that it was not given, and none for a session made by [`from_service`](Self::from_service), whose layers have handles of their
    /// own.
    ///
    /// ```
    /// # use tower_cassandra::{Session, InvalidConfig};
    /// # fn example(session: Session) -> Result<(), InvalidConfig> {
    /// if let Some(limit) = session.limits().concurrency {
    ///     println!("{} of {} under way, {} wait", limit.active(), limit.limit(), limit.queued());
    ///     limit.set_limit(64)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.inner.settings.limits.clone()
    }
}
