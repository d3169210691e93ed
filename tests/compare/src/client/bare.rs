//! The driver alone, as one would write it by hand.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use tower_cassandra::scylla::client::execution_profile::ExecutionProfile;
use tower_cassandra::scylla::client::session::Session as Driver;
use tower_cassandra::scylla::client::session_builder::SessionBuilder;
use tower_cassandra::scylla::errors::ExecutionError;
use tower_cassandra::scylla::policies::load_balancing::{DefaultPolicy, LatencyAwarenessBuilder};
use tower_cassandra::scylla::policies::retry::FallthroughRetryPolicy;
use tower_cassandra::scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use tower_cassandra::scylla::response::PagingState;
use tower_cassandra::scylla::response::query_result::QueryResult;
use tower_cassandra::scylla::serialize::row::SerializeRow;
use tower_cassandra::scylla::statement::Consistency;
use tower_cassandra::scylla::statement::prepared::PreparedStatement;

use super::{Client, PAGE, Place, READ, VALUE, WRITE, check, rows_text};
use crate::Result;
use crate::work::Rows;

/// What the driver itself does beside sending.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Policies {
    Default,
    /// Second attempts after 100 ms, two of them, and latencies considered when a node is chosen.
    Speculative,
    /// One attempt: layers above do the rest.
    OneAttempt,
}

#[derive(Clone)]
pub(crate) struct Bare {
    pub(crate) driver: Arc<Driver>,
    pub(crate) statements: Arc<Statements>,
}

pub(crate) struct Statements {
    pub(crate) read: PreparedStatement,
    pub(crate) write: PreparedStatement,
    rows: Option<(PreparedStatement, Rows)>,
}

impl Bare {
    pub(crate) async fn connect(place: &Place, policies: Policies) -> Result<Self> {
        let mut profile = ExecutionProfile::builder().consistency(Consistency::LocalQuorum);
        match policies {
            Policies::Default => {}
            Policies::OneAttempt => profile = profile.retry_policy(Arc::new(FallthroughRetryPolicy::new())),
            Policies::Speculative => {
                let second = SimpleSpeculativeExecutionPolicy {
                    max_retry_count: 2,
                    retry_interval: Duration::from_millis(100),
                };
                let choice = DefaultPolicy::builder().latency_awareness(LatencyAwarenessBuilder::new());
                profile = profile
                    .speculative_execution_policy(Some(Arc::new(second)))
                    .load_balancing_policy(choice.build());
            }
        }
        let driver = SessionBuilder::new()
            .known_nodes(&place.points)
            .default_execution_profile_handle(profile.build().into_handle())
            .build()
            .await?;
        let rows = match place.rows {
            Some(rows) => {
                let mut prepared = driver.prepare(rows_text(rows)).await?;
                prepared.set_page_size(i32::try_from(rows.page)?);
                prepared.set_is_idempotent(true);
                Some((prepared, rows))
            }
            None => None,
        };
        let mut statements = Statements {
            read: driver.prepare(READ).await?,
            write: driver.prepare(WRITE).await?,
            rows,
        };
        for statement in [&mut statements.read, &mut statements.write] {
            statement.set_is_idempotent(true);
            statement.set_page_size(PAGE);
        }
        Ok(Self {
            driver: Arc::new(driver),
            statements: Arc::new(statements),
        })
    }
}

/// One page, as the stack asks for one with every request: without a page size the nodes would be asked for something else.
pub(crate) async fn one_page(
    driver: &Driver,
    statement: &PreparedStatement,
    values: impl SerializeRow,
) -> std::result::Result<QueryResult, ExecutionError> {
    let page = driver.execute_single_page(statement, values, PagingState::start());
    Ok(page.await?.0)
}

impl Client for Bare {
    async fn read(&self, id: i32) -> Result<()> {
        let result = one_page(&self.driver, &self.statements.read, (id,)).await?;
        check(id, result.into_rows_result()?.maybe_first_row::<(i32, String)>()?)
    }

    async fn write(&self, id: i32) -> Result<()> {
        one_page(&self.driver, &self.statements.write, (id, VALUE)).await?;
        Ok(())
    }

    async fn rows(&self, partition: Option<i32>) -> Result<u64> {
        let (prepared, rows) = self.statements.rows.as_ref().ok_or("this work reads no table")?;
        let prepared = prepared.clone();
        let pager = match partition {
            Some(partition) => self.driver.execute_iter(prepared, (partition,)).await?,
            None => self.driver.execute_iter(prepared, ()).await?,
        };
        let mut stream = pager.rows_stream::<(i32, i32, String)>()?;
        if rows.drain {
            let all: Vec<_> = stream.try_collect().await?;
            return Ok(std::hint::black_box(all).len() as u64);
        }
        let mut seen = 0;
        while let Some(row) = stream.next().await {
            std::hint::black_box(row?);
            seen += 1;
        }
        Ok(seen)
    }
}
