use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use scylla::client::session::Session as Driver;
use scylla::policies::load_balancing::LoadBalancingPolicy;
use scylla::response::query_result::QueryResult;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::unprepared;
use tower_cassandra_layers::balance::{Kept, Reaper};
use tower_cassandra_layers::classify::{Applied, Outcome};
use tower_service::Service;
use uuid::Uuid;

use super::slot::DriverSlot;
use super::target::Target;
use crate::error::Error;
use crate::nature::Nature;
use crate::response::Response;
use crate::statement::{BatchParts, Options, Prepared, Statement, Timestamp, What};

/// Sends one attempt to one node through the `scylla` driver.
///
/// Without a balancer above it the driver's own load balancing chooses the node. Errors are of any kind that a server or a connection can
/// cause; after the session was closed, `Closed`. Dropping the future does not call back what was sent: with a ticket the attempt is kept
/// until the node answers.
#[derive(Clone)]
pub struct SessionService {
    driver: DriverSlot,
    reaper: Reaper<Result<Response, Error>>,
}

impl fmt::Debug for SessionService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("driver", &self.driver)
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

    pub(crate) const fn with_slot(driver: DriverSlot, reaper: Reaper<Result<Response, Error>>) -> Self {
        Self { driver, reaper }
    }
}

impl Service<Statement> for SessionService {
    type Response = Response;
    type Error = Error;
    type Future = Kept<Result<Response, Error>>;

    // The driver has nothing to be ready for; limits stand above.
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut statement: Statement) -> Self::Future {
        let ticket = statement.context.take_ticket();
        let endpoint = ticket.as_ref().map(|ticket| Arc::clone(ticket.endpoint()));
        let driver = self.driver.get();
        let attempt = Box::pin(async move {
            let Some(driver) = driver else {
                return Err(Error::closed(Applied::No));
            };
            let nature = statement.nature();
            let chosen = ticket.as_ref().map(|ticket| ticket.endpoint().id().0);
            if statement
                .options
                .host
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
            let result = run(&driver, statement, policy, nature, node).await;
            if let Some(ticket) = ticket {
                ticket.answered(&match &result {
                    Ok(_) => Outcome::Success,
                    Err(error) => Outcome::Failure(error.judge(nature)),
                });
            }
            result
        });
        self.reaper.keep(attempt, endpoint)
    }
}

type Policy = Option<Arc<dyn LoadBalancingPolicy>>;

/// Sets the options on any of the driver's kinds of statement: they have the same setters and no common trait.
macro_rules! set_options {
    ($statement:expr, $options:expr, $policy:expr) => {{
        let (statement, options): (_, &Options) = (&mut $statement, $options);
        if let Some(consistency) = options.consistency {
            statement.set_consistency(consistency);
        }
        if let Some(consistency) = options.serial_consistency {
            statement.set_serial_consistency(Some(consistency));
        }
        if let Timestamp::Explicit(micros) = options.timestamp {
            statement.set_timestamp(Some(micros));
        }
        statement.set_tracing(options.tracing);
        statement.set_load_balancing_policy($policy);
    }};
}

async fn run(
    driver: &Driver,
    statement: Statement,
    policy: Policy,
    nature: Nature,
    node: Option<Uuid>,
) -> Result<Response, Error> {
    let failed = |error| Error::from_execution(error, nature, node);
    let Statement {
        what,
        options,
        paging,
        context,
    } = statement;
    let paging = paging.unwrap_or_else(PagingState::start);
    let page_size = options.driver_page_size().ok_or_else(bad_page_size)?;
    let mut renewed = Vec::new();
    let (result, next) = match what {
        What::Bound { prepared, values, .. } => {
            let prepared = if context.attempt.must_reprepare() {
                let fresh = prepare_anew(driver, &prepared, nature, node).await?;
                renewed.push(fresh.clone());
                fresh
            } else {
                prepared
            };
            let mut handle = prepared.driver()?.clone();
            set_options!(handle, &options, policy);
            handle.set_page_size(page_size);
            driver
                .execute_single_page(&handle, values, paging)
                .await
                .map_err(failed)?
        }
        What::Text(text) => {
            let mut query = unprepared::Statement::new(&*text.text);
            set_options!(query, &options, policy);
            query.set_page_size(page_size);
            driver
                .query_single_page(query, (), paging)
                .await
                .map_err(failed)?
        }
        What::Unbound(text, values) => {
            let mut query = unprepared::Statement::new(&*text.text);
            set_options!(query, &options, policy);
            query.set_page_size(page_size);
            driver
                .query_single_page(query, &*values, paging)
                .await
                .map_err(failed)?
        }
        What::Batch(parts) => {
            let parts = if context.attempt.must_reprepare() {
                Arc::new(batch_anew(driver, &parts, &mut renewed, nature, node).await?)
            } else {
                parts
            };
            let (batch, values) = parts
                .ready()
                .ok_or_else(|| Error::invalid("a batch with unbound values has to go through a session"))?;
            let mut batch = batch.clone();
            set_options!(batch, &options, policy);
            let result = driver.batch(&batch, values).await.map_err(failed)?;
            return Ok(Response::from_driver(result, None)?.with_renewed(renewed));
        }
        What::Prepare(text) => {
            let prepared = driver
                .prepare(&*text.text)
                .await
                .map_err(|error| Error::from_prepare(error, Nature::Prepare, None))?;
            return Ok(Response::of_prepare(wrap(driver, prepared)));
        }
    };
    Ok(into_response(result, next)?.with_renewed(renewed))
}

fn bad_page_size() -> Error {
    Error::invalid("the page size has to be from 1 to 2,147,483,647 rows")
}

fn into_response(result: QueryResult, next: PagingStateResponse) -> Result<Response, Error> {
    use std::ops::ControlFlow;
    let next = match next.into_paging_control_flow() {
        ControlFlow::Continue(state) => Some(state),
        ControlFlow::Break(()) => None,
    };
    Response::from_driver(result, next)
}

/// Adds what the schema says of a statement that was prepared.
fn wrap(driver: &Driver, prepared: PreparedStatement) -> Prepared {
    let state = driver.get_cluster_state();
    let keyspace = driver.get_keyspace();
    Prepared::new(
        prepared,
        keyspace.as_ref().map(|name| name.as_str()),
        |keyspace, table| crate::cluster::has_counters(&state, keyspace, table),
    )
}

/// The handle the statement was bound with is stale: its values are sent with a new one, if they have the same form there.
async fn prepare_anew(
    driver: &Driver,
    stale: &Prepared,
    nature: Nature,
    node: Option<Uuid>,
) -> Result<Prepared, Error> {
    let prepared = driver
        .prepare(stale.text())
        .await
        .map_err(|error| Error::from_prepare(error, nature, node))?;
    let prepared = wrap(driver, prepared);
    if !prepared.binds_like(stale) {
        return Err(Error::invalid(
            "the statement means something else now, in another keyspace or with other types: prepare and bind it anew",
        ));
    }
    Ok(prepared)
}

/// The same for every member of a batch; a text that several have is prepared once.
async fn batch_anew(
    driver: &Driver,
    stale: &BatchParts,
    renewed: &mut Vec<Prepared>,
    nature: Nature,
    node: Option<Uuid>,
) -> Result<BatchParts, Error> {
    let mut members = Vec::with_capacity(stale.members.len());
    for member in &stale.members {
        let What::Bound {
            prepared,
            values,
            token,
        } = &member.what
        else {
            members.push(member.clone());
            continue;
        };
        let fresh = match renewed.iter().find(|fresh| fresh.text() == prepared.text()) {
            Some(fresh) => fresh.clone(),
            None => {
                let fresh = prepare_anew(driver, prepared, nature, node).await?;
                renewed.push(fresh.clone());
                fresh
            }
        };
        members.push(Statement::bound(fresh, values.clone(), *token));
    }
    Ok(BatchParts::new(stale.kind, members))
}
