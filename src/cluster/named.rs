//! Named execution profiles: options that many statements share, by name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use scylla::statement::{Consistency, SerialConsistency};
use tower_cassandra_layers::request::OwnLimit;

use crate::error::Error;
use crate::statement::Statement;

/// Options that many statements share, given a name by [`ClusterBuilder::profile`](crate::ClusterBuilder::profile) and chosen by
/// [`Statement::profile`](crate::Statement::profile).
///
/// An option that the statement sets itself wins over its profile, and the profile over the session's defaults. Nothing is set at first.
///
/// ```
/// use std::time::Duration;
/// use tower_cassandra::scylla::statement::Consistency;
/// use tower_cassandra::{ClusterBuilder, Profile, Statement};
///
/// let report = Profile::new()
///     .consistency(Consistency::LocalOne)
///     .timeout(Duration::from_secs(60))
///     .attempt_timeout(Duration::from_secs(20))
///     .page_size(1_000)
///     .max_retries(1);
/// let builder = ClusterBuilder::new().profile("report", report);
/// let statement = Statement::new("SELECT id FROM shop.orders").profile("report");
/// # let _ = (builder, statement);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a profile does nothing until it is given to a builder"]
pub struct Profile {
    consistency: Option<Consistency>,
    serial_consistency: Option<SerialConsistency>,
    timeout: OwnLimit,
    attempt_timeout: OwnLimit,
    page_size: Option<u32>,
    max_retries: Option<u32>,
}

impl Profile {
    /// A profile that sets nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The consistency.
    pub const fn consistency(mut self, consistency: Consistency) -> Self {
        self.consistency = Some(consistency);
        self
    }

    /// The serial consistency, of conditional statements.
    pub const fn serial_consistency(mut self, consistency: SerialConsistency) -> Self {
        self.serial_consistency = Some(consistency);
        self
    }

    /// The limit of one call; `None` turns it off. DDL and TRUNCATE keep their minute.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.timeout = limit.into().into();
        self
    }

    /// The limit of one attempt; `None` turns it off. Above the profile's own [`timeout`](Self::timeout) it is refused.
    pub fn attempt_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.attempt_timeout = limit.into().into();
        self
    }

    /// The rows per page, from 1 to 2,147,483,647.
    pub const fn page_size(mut self, rows: u32) -> Self {
        self.page_size = Some(rows);
        self
    }

    /// How many retries at most, in place of those of the session's policy; its pauses and budget hold as before. At most 100, and
    /// refused where the session has [no retry](crate::ClusterBuilder::no_retry).
    pub const fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
        self
    }

    /// One attempt per call.
    pub const fn no_retry(self) -> Self {
        self.max_retries(0)
    }

    fn apply(&self, statement: &mut Statement) {
        let options = &mut statement.options;
        options.consistency = options.consistency.or(self.consistency);
        options.serial_consistency = options.serial_consistency.or(self.serial_consistency);
        options.page_size = options.page_size.or(self.page_size);
        let context = &mut statement.context;
        if context.call_limit() == OwnLimit::Default {
            context.set_call_limit(self.timeout);
        }
        if context.attempt_limit() == OwnLimit::Default {
            context.set_attempt_limit(self.attempt_timeout);
        }
        context.max_retries = context.max_retries.or(self.max_retries);
    }
}

/// The profiles of a session, by name. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profiles(Arc<BTreeMap<String, Profile>>);

impl Profiles {
    /// A name that was there is given the new options.
    pub(super) fn insert(&mut self, name: String, profile: Profile) {
        Arc::make_mut(&mut self.0).insert(name, profile);
    }

    #[cfg(all(test, feature = "config"))]
    pub(super) fn get(&self, name: &str) -> Option<&Profile> {
        self.0.get(name)
    }

    /// Gives a statement what its profile sets and it does not. Once done it is not done again.
    ///
    /// # Errors
    /// `Config` when there is no profile of that name; the statement is as before.
    pub(crate) fn apply(&self, statement: &mut Statement) -> Result<(), Error> {
        let Some(name) = statement.options.profile else {
            return Ok(());
        };
        let Some(profile) = self.0.get(name) else {
            let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            let value = format!("{name} (there are: {})", known.join(", "));
            return Err(Error::config(
                "profile",
                value,
                "a name given to `ClusterBuilder::profile`",
            ));
        };
        profile.apply(statement);
        statement.options.profile = None;
        Ok(())
    }

    /// Which of them make no sense, given whether the session retries and its own limits.
    pub(super) fn check(
        &self,
        retries: bool,
        call: Option<Duration>,
        attempt: Option<Duration>,
    ) -> Result<(), Error> {
        const LONGEST: Duration = Duration::from_secs(86_400);
        for (name, profile) in &*self.0 {
            let refuse =
                |what: &str, expected| Err(Error::config("profile", format!("{name}: {what}"), expected));
            if name.is_empty() {
                return refuse("the empty name", "a name");
            }
            if profile
                .page_size
                .is_some_and(|rows| rows == 0 || i32::try_from(rows).is_err())
            {
                return refuse("its page_size", "a page size from 1 to 2,147,483,647 rows");
            }
            for (limit, what) in [
                (profile.timeout, "its timeout"),
                (profile.attempt_timeout, "its attempt_timeout"),
            ] {
                if let OwnLimit::Of(limit) = limit
                    && (limit.is_zero() || limit > LONGEST)
                {
                    return refuse(what, "a duration above zero and of at most one day");
                }
            }
            if let (OwnLimit::Of(call), OwnLimit::Of(attempt)) = (profile.timeout, profile.attempt_timeout)
                && attempt > call
            {
                return refuse(
                    "its attempt_timeout",
                    "at most the profile's timeout, which bounds all attempts together",
                );
            }
            match profile.max_retries {
                Some(101..) => return refuse("its max_retries", "at most 100 retries"),
                Some(1..) if !retries => {
                    return refuse(
                        "its max_retries, under `no_retry`",
                        "a retry policy for the session, which profiles adapt",
                    );
                }
                Some(_) | None => {}
            }
            let unbounded =
                profile.timeout.or(call).is_none() && profile.attempt_timeout.or(attempt).is_none();
            if retries && profile.max_retries != Some(0) && unbounded {
                return refuse(
                    "without any limit",
                    "at least one of the two limits, or no_retry: a retry would wait for ever",
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClusterBuilder, ErrorKind};

    #[test]
    fn the_statement_wins_over_its_profile() {
        let mut profiles = Profiles::default();
        let profile = Profile::new()
            .consistency(Consistency::One)
            .page_size(7)
            .timeout(Duration::from_secs(1))
            .no_retry();
        profiles.insert("p".to_owned(), profile);
        let mut statement = Statement::new("SELECT a FROM t").page_size(8).profile("p");
        profiles.apply(&mut statement).unwrap();
        assert_eq!(statement.options.consistency, Some(Consistency::One));
        assert_eq!(statement.options.page_size, Some(8));
        assert_eq!(
            statement.context.call_limit(),
            OwnLimit::Of(Duration::from_secs(1))
        );
        assert_eq!(statement.context.max_retries, Some(0));
        // DDL has a minute of its own.
        let mut ddl = Statement::new("DROP TABLE t").profile("p");
        profiles.apply(&mut ddl).unwrap();
        assert_eq!(ddl.context.call_limit(), OwnLimit::Of(Duration::from_secs(60)));
    }

    #[test]
    fn an_unknown_name_is_told_with_those_there_are() {
        let mut profiles = Profiles::default();
        profiles.insert("fast".to_owned(), Profile::new());
        let mut statement = Statement::new("SELECT a FROM t").profile("slow");
        let error = profiles.apply(&mut statement).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.to_string();
        assert!(text.contains("slow") && text.contains("fast"), "{text}");
    }

    #[test]
    fn profiles_that_make_no_sense_are_refused_when_built() {
        let second = Duration::from_secs(1);
        let new = Profile::new;
        for profile in [
            new().page_size(0),
            new().page_size(u32::MAX),
            new().timeout(Duration::ZERO),
            new().attempt_timeout(Duration::MAX),
            new().timeout(second).attempt_timeout(second * 2),
            new().timeout(None).attempt_timeout(None),
            new().max_retries(101),
        ] {
            let error = ClusterBuilder::new()
                .profile("p", profile.clone())
                .build()
                .unwrap_err();
            assert_eq!(error.invalid_config().unwrap().option(), "profile", "{profile:?}");
        }
        let one = ClusterBuilder::new().profile("p", new().max_retries(1));
        assert!(one.clone().build().is_ok());
        assert!(one.no_retry().build().is_err());
        assert!(ClusterBuilder::new().profile("", new()).build().is_err());
    }
}
