//! The table.

use tower_cassandra::{Error, Session};

/// The columns as the rows are read, in this order.
pub(crate) const COLUMNS: &str = "id, name, email, age, created_at, updated_at";

/// Makes keyspace and table where they are not there. It may be called any number of times.
///
/// # Errors
/// As [`Session::execute`]; what was made stays.
pub async fn create_schema(session: &Session, keyspace: &str) -> Result<(), Error> {
    session
        .execute(format!(
            "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}}"
        ))
        .await?;
    session
        .execute(format!(
            "CREATE TABLE IF NOT EXISTS {keyspace}.users (id uuid PRIMARY KEY, name text, email text, age int, created_at timestamp, updated_at timestamp)"
        ))
        .await?;
    Ok(())
}
