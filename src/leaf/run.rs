//! One attempt by the driver.

use std::sync::Arc;

use scylla::client::session::Session as Driver;
use scylla::policies::load_balancing::LoadBalancingPolicy;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::unprepared;
use tower_cassandra_layers::Advice;
use uuid::Uuid;

use crate::error::Error;
use crate::nature::Nature;
use crate::response::Response;
use crate::statement::{BatchParts, Form, Options, Prepared, Statement, Timestamp, What};

pub(super) type Policy = Option<Arc<dyn LoadBalancingPolicy>>;

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

pub(super) async fn run(
    driver: &Driver,
    statement: &Statement,
    policy: Policy,
    node: Option<Uuid>,
) -> Result<Response, Error> {
    let at = At {
        nature: statement.nature(),
        node,
    };
    let failed = |error| Error::from_execution(error, at.nature, node);
    let options = &statement.options;
    let paging = statement.paging.clone().unwrap_or_else(PagingState::start);
    let page_size = options.driver_page_size()?;
    let (result, next) = match &statement.what {
        What::Bound { bound, .. } => {
            let prepared = bound.prepared();
            if prepared.is_stale() {
                Box::pin(renewed(driver, prepared, at)).await?;
            }
            let Form {
                driver: mut handle,
                version,
            } = prepared.form()?;
            set_options!(handle, options, policy);
            handle.set_page_size(page_size);
            let executed = driver.execute_single_page(&handle, bound, paging).await;
            executed.map_err(failed).inspect_err(|error| {
                if error.advice() == Advice::Reprepare {
                    prepared.mark_stale(version);
                }
            })?
        }
        // Boxed, all of them: what is bound is what has to be fast, and should not carry the room for the others.
        What::Text(text) => {
            let query = query(&text.text, options, policy, page_size);
            let sent = Box::pin(driver.query_single_page(query, (), paging));
            sent.await.map_err(failed)?
        }
        // The driver prepares it on the connection it is sent on.
        What::Unbound(text, values) => {
            let query = query(&text.text, options, policy, page_size);
            let sent = Box::pin(driver.query_single_page(query, &**values, paging));
            sent.await.map_err(failed)?
        }
        What::Batch(parts) => return Box::pin(batch(driver, parts, options, policy, at)).await,
        What::Prepare(text) => {
            let prepared = Box::pin(prepare(driver, &text.text, Nature::Prepare, None)).await?;
            return Ok(Response::of_prepare(prepared));
        }
    };
    Response::from_driver(result, following(next), at.nature, node)
}

fn query(text: &str, options: &Options, policy: Policy, page_size: i32) -> unprepared::Statement {
    let mut query = unprepared::Statement::new(text);
    set_options!(query, options, policy);
    query.set_page_size(page_size);
    query
}

/// What an error says of where it came from.
#[derive(Clone, Copy)]
struct At {
    nature: Nature,
    node: Option<Uuid>,
}

async fn batch(
    driver: &Driver,
    parts: &BatchParts,
    options: &Options,
    policy: Policy,
    at: At,
) -> Result<Response, Error> {
    for member in parts.prepared().filter(|member| member.is_stale()) {
        renewed(driver, member, at).await?;
    }
    let ready = parts.ready()?;
    let mut batch = ready.batch.clone();
    set_options!(batch, options, policy);
    let result = driver.batch(&batch, &ready.values).await;
    let result = result
        .map_err(|error| Error::from_execution(error, at.nature, at.node))
        .inspect_err(|error| {
            if error.advice() == Advice::Reprepare {
                parts.mark_stale(&ready);
            }
        })?;
    Response::from_driver(result, None, at.nature, at.node)
}

fn following(next: PagingStateResponse) -> Option<PagingState> {
    use std::ops::ControlFlow;
    match next.into_paging_control_flow() {
        ControlFlow::Continue(state) => Some(state),
        ControlFlow::Break(()) => None,
    }
}

/// Prepares a text on all nodes.
async fn prepare(driver: &Driver, text: &str, nature: Nature, node: Option<Uuid>) -> Result<Prepared, Error> {
    let prepared = driver.prepare(text).await;
    prepared
        .map(|prepared| wrap(driver, prepared))
        .map_err(|error| Error::from_prepare(error, nature, node))
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

/// What an earlier attempt, of this call or of another one, found stale is prepared anew before it is sent.
async fn renewed(driver: &Driver, prepared: &Prepared, at: At) -> Result<(), Error> {
    let anew = prepare(driver, prepared.text(), at.nature, at.node);
    prepared.renew(anew).await
}
