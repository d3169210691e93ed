//! Connecting in the background: for as long as it takes, and never in the way of anybody.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout_at};
use tower_cassandra_layers::trace::emit;

use super::assemble::{Connected, Parts, complete, unconnected};
use super::builder::ClusterBuilder;
use super::connect::{Opening, jitter};
use super::defaults;
use crate::error::Error;
use crate::session::{Session, WeakSession};

/// Checks what can be checked, and leaves the rest to a task of the session's.
///
/// # Errors
/// `Config`, `ProtocolVersion`: what no waiting will change.
pub(super) fn connect_lazy(
    builder: &ClusterBuilder,
    keyspace: Option<(String, bool)>,
) -> Result<Session, Error> {
    // Files of certificates are read again for each attempt: they may be exchanged meanwhile.
    Opening::new(builder, borrowed(&keyspace))?;
    let runtime = Handle::try_current().map_err(|_| {
        Error::config(
            "connect_lazy",
            "outside of a runtime",
            "a call within a tokio runtime",
        )
    })?;
    let (session, parts) = unconnected(builder)?;
    let task = Task {
        builder: builder.clone(),
        keyspace,
        parts,
        session: session.downgrade(),
    };
    let task = runtime.spawn(task.run()).abort_handle();
    session.connects_in(task);
    Ok(session)
}

fn borrowed(keyspace: &Option<(String, bool)>) -> Option<(&str, bool)> {
    keyspace.as_ref().map(|(name, exact)| (name.as_str(), *exact))
}

/// It ends with the session: when it is closed, and when nobody holds it any more.
struct Task {
    builder: ClusterBuilder,
    keyspace: Option<(String, bool)>,
    parts: Parts,
    session: WeakSession,
}

/// Why an attempt failed, and whether the next one would most likely fail in the same way.
type Failed = (Error, bool);

impl Task {
    async fn run(self) {
        let began = Instant::now();
        let mut pauses = Pauses::default();
        for attempt in 1_u64.. {
            // The user's own code may panic in it, and nobody looks at this task.
            let tried = AssertUnwindSafe(self.attempt()).catch_unwind().await;
            let tried = tried.unwrap_or_else(|_| Err((Error::internal("connecting panicked"), false)));
            let (error, lasting) = match tried {
                Ok(()) => {
                    let took = began.elapsed();
                    emit(|| tracing::info!(attempt, ?took, "connected"));
                    return;
                }
                Err(failed) => failed,
            };
            let pause = pauses.next(lasting);
            emit(
                || tracing::warn!(attempt, error = %error, ?pause, "not connected yet, trying again after a pause"),
            );
            let Some(session) = self.session.upgrade() else {
                return;
            };
            session.not_connected_until(error, Instant::now() + pause);
            drop(session);
            sleep(pause).await;
        }
    }

    async fn attempt(&self) -> Result<(), Failed> {
        let began = Instant::now();
        let end = began + self.builder.connect_timeout;
        let opening = Opening::new(&self.builder, borrowed(&self.keyspace)).map_err(|error| (error, true))?;
        let login = opening.login();
        let driver = match timeout_at(end, opening.attempt(&login)).await {
            Ok(opened) => opened?,
            // A password may be on its way.
            Err(_) => {
                let error = Error::connect_timed_out(began.elapsed(), None);
                return Err((error, login.was_not_accepted()));
            }
        };
        let connected = Connected::new(&self.builder, driver, end).await;
        let Some(session) = self.session.upgrade() else {
            return Ok(());
        };
        complete(&session, &self.parts, &self.builder, connected).map_err(|error| (error, true))
    }
}

/// How long to wait before the next attempt.
#[derive(Default)]
struct Pauses {
    failed: u32,
}

impl Pauses {
    /// From a quarter of a second doubled up to five, with a quarter of jitter both ways; where nothing but a human can help, half a minute and up
    /// to a quarter more.
    fn next(&mut self, lasting: bool) -> Duration {
        if lasting {
            let pause = defaults::LAZY_REFUSED_PAUSE;
            return pause + pause.mul_f64(jitter() / 4.0);
        }
        let pause = defaults::LAZY_FIRST_PAUSE.saturating_mul(1 << self.failed.min(16));
        self.failed = self.failed.saturating_add(1);
        let pause = pause.min(defaults::LAZY_LONGEST_PAUSE);
        pause.mul_f64(0.75 + jitter() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_a_refused_password_has_its_own() {
        let mut pauses = Pauses::default();
        let first = pauses.next(false);
        assert!((187..=313).contains(&first.as_millis()), "{first:?}");
        for _ in 0..200 {
            assert!(pauses.next(false) <= defaults::LAZY_LONGEST_PAUSE.mul_f64(1.25));
        }
        assert!(pauses.next(false) >= defaults::LAZY_LONGEST_PAUSE.mul_f64(0.75));
        for _ in 0..200 {
            let refused = pauses.next(true);
            assert!(refused >= Duration::from_secs(30) && refused <= Duration::from_millis(37_500));
        }
    }
}
