//! The plain driver with its defaults.

use local_cassandra::LocalCluster;
use tower_cassandra::Applied;
use tower_cassandra::scylla::client::session::Session as Driver;
use tower_cassandra::scylla::client::session_builder::SessionBuilder;
use tower_cassandra::scylla::errors::{DbError, ExecutionError, PrepareError, RequestAttemptError};
use tower_cassandra::scylla::response::query_result::QueryResult;
use tower_cassandra::scylla::statement::prepared::PreparedStatement;
use tower_cassandra::scylla::value::CqlValue;
use tower_cassandra::scylla::value::Row;
use tower_cassandra::uuid::Uuid;

use super::Result;
use super::bed::{ROWS, Texts};
use super::log::{Side, Told};
use super::operation::Operation;

pub(crate) struct Bare {
    driver: Driver,
    read: PreparedStatement,
    read_default: PreparedStatement,
    insert: PreparedStatement,
    append: PreparedStatement,
    add: PreparedStatement,
    claim: PreparedStatement,
    texts: Texts,
}

impl Bare {
    pub(crate) async fn connect(cluster: &LocalCluster, texts: Texts) -> Result<Self> {
        let driver = SessionBuilder::new()
            .known_nodes(cluster.contact_points())
            .build()
            .await?;
        let mut this = Self {
            read: driver.prepare(&*texts.read).await?,
            read_default: driver.prepare(&*texts.read_default).await?,
            insert: driver.prepare(&*texts.insert).await?,
            append: driver.prepare(&*texts.append).await?,
            add: driver.prepare(&*texts.add).await?,
            claim: driver.prepare(&*texts.claim).await?,
            driver,
            texts,
        };
        for statement in [&mut this.read, &mut this.read_default, &mut this.insert] {
            statement.set_is_idempotent(true);
        }
        Ok(this)
    }

    pub(crate) async fn perform(&self, operation: Operation, number: u32, key: i64) -> (Told, Option<Uuid>) {
        match self.request(operation, number, key).await {
            Ok(None) => (Told::Done, None),
            Ok(Some(result)) => {
                let node = result.request_coordinator().node().host_id;
                (told(operation, result), Some(node))
            }
            Err(kind) => {
                // The driver does not say. A failed read has written nothing.
                let applied = if operation.writes() {
                    Applied::Maybe
                } else {
                    Applied::No
                };
                (Told::Failed { kind, applied }, None)
            }
        }
    }

    async fn request(
        &self,
        operation: Operation,
        number: u32,
        key: i64,
    ) -> std::result::Result<Option<QueryResult>, &'static str> {
        let driver = &self.driver;
        let (row, who) = (key.rem_euclid(ROWS), i64::from(number));
        let result = match operation {
            Operation::Read => driver.execute_unpaged(&self.read, (row,)).await,
            Operation::ReadDefault => driver.execute_unpaged(&self.read_default, (row,)).await,
            Operation::IdempotentWrite => driver.execute_unpaged(&self.insert, (key,)).await,
            Operation::Write => driver.execute_unpaged(&self.append, (vec![who], key)).await,
            Operation::Counter => driver.execute_unpaged(&self.add, (key,)).await,
            Operation::Lwt => driver.execute_unpaged(&self.claim, (key, who)).await,
            Operation::Prepare => {
                let fresh = self.texts.fresh(Side::Bare, number);
                return match driver.prepare(fresh).await {
                    Ok(_) => Ok(None),
                    Err(PrepareError::ConnectionPoolError(_)) => Err("connection"),
                    Err(_) => Err("prepare"),
                };
            }
        };
        result.map(Some).map_err(|error| kind(&error))
    }
}

fn told(operation: Operation, result: QueryResult) -> Told {
    if !matches!(
        operation,
        Operation::Read | Operation::ReadDefault | Operation::Lwt
    ) {
        return Told::Done;
    }
    let rows = result.into_rows_result().ok();
    let Some(row) = rows.and_then(|rows| rows.maybe_first_row::<Row>().ok().flatten()) else {
        return Told::Missing;
    };
    if operation == Operation::Lwt && row.columns.first() != Some(&Some(CqlValue::Boolean(true))) {
        return Told::Refused;
    }
    Told::Done
}

/// In the words of the stack.
fn kind(error: &ExecutionError) -> &'static str {
    match error {
        ExecutionError::RequestTimeout(_) => "timeout",
        ExecutionError::ConnectionPoolError(_)
        | ExecutionError::LastAttemptError(RequestAttemptError::BrokenConnectionError(_)) => "connection",
        ExecutionError::EmptyPlan => "no_host",
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, _)) => match error {
            DbError::Unavailable { .. } => "unavailable",
            DbError::ReadTimeout { .. } => "read_timeout",
            DbError::WriteTimeout { .. } => "write_timeout",
            DbError::ReadFailure { .. } => "read_failure",
            DbError::WriteFailure { .. } => "write_failure",
            DbError::Overloaded => "overloaded",
            DbError::IsBootstrapping => "bootstrapping",
            DbError::ServerError => "server_error",
            _ => "other",
        },
        _ => "other",
    }
}
