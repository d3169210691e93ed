use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use scylla::client::session::Session as Driver;
use tower_cassandra_layers::balance::{Kept, Reaper};
use tower_service::Service;

use super::attempt::Order;
use super::room::Housed;
use super::slot::DriverSlot;
use crate::error::Error;
use crate::response::Response;
use crate::statement::Statement;
use crate::trace::{self, AttemptSpan};

/// What keeps the attempts of a leaf that nobody waits for any more.
pub(crate) type LeafReaper = Reaper<Housed>;

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
    reaper: LeafReaper,
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

    pub(crate) fn with_slot(driver: DriverSlot, reaper: LeafReaper) -> Self {
        Self {
            shared: Arc::new(Shared { driver, reaper }),
        }
    }
}

/// The attempt of a [`SessionService`]. Dropped before its node has answered, the attempt is kept until it has.
pub struct AttemptFuture(AttemptSpan<Kept<Housed>>);

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
        let attempt = Housed::begin(Order {
            driver: self.shared.driver.get(),
            statement,
            ticket,
        });
        AttemptFuture(AttemptSpan::new(self.shared.reaper.keep(attempt, endpoint), span))
    }
}
