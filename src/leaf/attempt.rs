//! One attempt from its ticket to its answer.

use std::future::Future;
use std::sync::Arc;

use scylla::client::session::Session as Driver;
use tokio::time::Instant;
use tower_cassandra_layers::balance::Ticket;
use tower_cassandra_layers::classify::{Applied, Outcome};

use super::run::run;
use super::target::Target;
use crate::error::Error;
use crate::response::{Response, Took};
use crate::statement::Statement;

/// What an attempt has to do.
pub(super) struct Order {
    /// None after `close`.
    pub(super) driver: Option<Arc<Driver>>,
    pub(super) statement: Statement,
    pub(super) ticket: Option<Ticket>,
}

// Not an `async fn`: that would have room for what it is given twice.
#[inline]
pub(super) fn attempt(order: Order) -> impl Future<Output = Result<Response, Error>> + Send {
    let Order {
        driver,
        statement,
        ticket,
    } = order;
    async move {
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
    }
}
