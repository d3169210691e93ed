use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use scylla::client::session::Session as Driver;
use tokio::time::Instant;
use tower_cassandra_layers::balance::{Kept, Reaper};
use tower_cassandra_layers::classify::{Applied, Outcome};
use tower_service::Service;

use super::run::run;
use super::slot::DriverSlot;
use super::target::Target;
use crate::error::Error;
use crate::response::{Response, Took};
use crate::statement::Statement;
use crate::trace::{self, AttemptSpan};

/// Sends one attempt to one node through the `scylla` driver.
///
/// Without a balancer above it the driver's own load balancing chooses the node. Errors are of any kind that a server or a connection can
/// cause; after the session was closed, `Closed`. Dropping the future does not call back what was sent: with a ticket the attempt is kept
/// until the node answers.
#[derive(Clone)]
pub struct SessionService {
    shared: Arc<Shared>,
}

/// One for all clones, since every attempt needs one.
struct Shared {
    driver: DriverSlot,
    reaper: Reaper<Result<Response, Error>>,
}

impl fmt::Debug for SessionService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("driver", &self.shared.driver)
            .finish_non_exhaustive()
    }
}

impl SessionService {
    /// A leaf over a session of the driver. Its execution profile should have no retry, no speculative execution and no timeout of its
    /// own ([`leaf_profile`](crate::cluster::leaf_profile) makes such a one): attempts would multiply under the layers above.
    ///
    /// Call it within a tokio runtime: it starts the one task that keeps abandoned attempts.
    #[must_use]
    pub fn new(driver: Arc<Driver>) -> Self {
        Self::with_slot(DriverSlot::new(driver), Reaper::spawn())
    }

    pub(crate) fn with_slot(driver: DriverSlot, reaper: Reaper<Result<Response, Error>>) -> Self {
        Self {
            shared: Arc::new(Shared { driver, reaper }),
        }
    }
}

/// The attempt of a [`SessionService`]. Dropped before its node has answered, the attempt is kept until it has.
pub struct AttemptFuture(AttemptSpan<Kept<Result<Response, Error>>>);

impl fmt::Debug for AttemptFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptFuture").finish_non_exhaustive()
    }
}

impl Future for AttemptFuture {
    type Output = Result<Response, Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Service<Statement> for SessionService {
    type Response = Response;
    type Error = Error;
    type Future = AttemptFuture;

    // The driver has nothing to be ready for; limits stand above.
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut statement: Statement) -> Self::Future {
        let span = trace::attempt(&statement);
        let ticket = statement.context.take_ticket();
        let endpoint = ticket.as_ref().map(|ticket| Arc::clone(ticket.endpoint()));
        let driver = self.shared.driver.get();
        // The room first: with nothing left that may panic in between, the attempt is made where it stays and not moved there.
        let room = Box::new_uninit();
        let attempt = async move {
            let Some(driver) = driver else {
                return Err(Error::closed(Applied::No));
            };
            let nature = statement.nature();
            let chosen = ticket.as_ref().map(|ticket| ticket.endpoint().id().0);
            if statement
                .options
                .host()
                .is_some_and(|host| chosen != Some(host.as_u128()))
            {
                return Err(Error::unsupported(
                    "a statement for one host needs the balancer in the stack",
                ));
            }
            let target = ticket
                .as_ref()
                .and_then(|ticket| ticket.endpoint().payload::<Target>());
            let node = target.map(|target| target.node.host_id);
            let policy = target.map(Target::policy);
            // Without a balancer nobody else looks at the clock.
            let began = ticket.is_none().then(Instant::now);
            let mut result = run(&driver, &statement, policy, node).await;
            let elapsed = match ticket {
                Some(ticket) => ticket.answered(&match &result {
                    Ok(_) => Outcome::Success,
                    Err(error) => Outcome::Failure(error.judge(nature)),
                }),
                None => began.map(|began| began.elapsed()).unwrap_or_default(),
            };
            if let Ok(response) = &mut result {
                response.took(Took {
                    prepare_wait: statement.options.prepare_wait.get(),
                    queue_wait: statement.context.queue_wait(),
                    elapsed,
                });
            }
            result
        };
        let attempt = Box::write(room, attempt);
        AttemptFuture(AttemptSpan::new(
            self.shared.reaper.keep(Box::into_pin(attempt), endpoint),
            span,
        ))
    }
}
