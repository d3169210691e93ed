//! From what a scan is to read to the ranges it reads.

use scylla::deserialize::row::DeserializeRow;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::builder::ScanTable;
use super::name;
use super::range::{TokenRange, interleave, split};
use super::reader::Reader;
use super::run::{Plan, TableScan};
use crate::error::Error;
use crate::saved;
use crate::session::{Session, TableFacts};

impl<T> ScanTable<T>
where
    T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
{
    /// Looks at schema and ring, prepares the statement and begins. Nothing is read before the scan is polled.
    ///
    /// # Errors
    /// `Config` for options that make no sense; `Invalid` for a table or column that is not there and for a state of another table;
    /// `Unsupported` for a session that knows no cluster, for a cluster with another partitioner than Murmur3, and where the session does
    /// not fetch the schema of tables, and outside a tokio runtime; and as [`Session::prepare`].
    pub async fn start(self) -> Result<TableScan<T>, Error> {
        let begun = Instant::now();
        self.check()?;
        let runtime = Handle::try_current()
            .map_err(|_| Error::unsupported("a scan has to be started within a tokio runtime"))?;
        let (keyspace, table) = name::parse(&self.table)?;
        let keyspace = match (keyspace, self.session.keyspace()) {
            (Some(named), _) => named,
            (None, Some(current)) => (*current).to_owned(),
            (None, None) => {
                return Err(Error::invalid(
                    "the session has no keyspace: name the table as `keyspace.table`",
                ));
            }
        };
        let facts = self.session.table_facts(&keyspace, &table).await?;
        let text = self.text(&keyspace, &table, &facts)?;
        let identity = saved::hash(text.as_bytes());
        if let Some(from) = &self.from {
            from.check(identity)?;
        }
        murmur3(&self.session).await?;
        let prepared = self.session.prepare(&text).await?;
        let (marks, left) = match self.from {
            None => (Vec::new(), vec![TokenRange::RING]),
            Some(state) => (state.begun, state.waiting),
        };
        let ranges = split(&left, &facts.ring, self.ranges);
        let plan = Plan {
            identity,
            marks,
            waiting: interleave(ranges, &facts.ring),
            concurrency: self.concurrency.unwrap_or_else(|| (2 * facts.nodes).clamp(2, 64)),
        };
        let reader = Reader {
            session: self.session,
            runtime,
            prepared,
            page_size: self.page_size,
            page_timeout: self.page_timeout,
            deadline: self.deadline.and_then(|limit| begun.checked_add(limit)),
            retries: self.retries,
            change: self.change,
        };
        Ok(TableScan::new(plan, reader))
    }

    fn check(&self) -> Result<(), Error> {
        if self
            .concurrency
            .is_some_and(|ranges| !(1..=1_024).contains(&ranges))
        {
            return Err(Error::config(
                "concurrency",
                self.concurrency,
                "1 to 1,024 ranges",
            ));
        }
        if !(1..=1_000_000).contains(&self.ranges) {
            return Err(Error::config("ranges", self.ranges, "1 to 1,000,000 ranges"));
        }
        if !(1..=i32::MAX.unsigned_abs()).contains(&self.page_size) {
            return Err(Error::config(
                "page_size",
                self.page_size,
                "1 to 2,147,483,647 rows",
            ));
        }
        if self.columns.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::config(
                "columns",
                "[]",
                "at least one column, or all by default",
            ));
        }
        Ok(())
    }

    fn text(&self, keyspace: &str, table: &str, facts: &TableFacts) -> Result<String, Error> {
        if facts.partition_key.is_empty() {
            return Err(Error::unsupported(
                "the key of the table is not known: a scan needs a session that fetches the full schema",
            ));
        }
        let list = |names: &[String]| {
            let names: Vec<String> = names.iter().map(|it| name::quoted(it)).collect();
            names.join(", ")
        };
        let columns = match &self.columns {
            None => "*".to_owned(),
            Some(columns) => {
                if let Some(missing) = columns.iter().find(|column| !facts.columns.contains(column)) {
                    return Err(Error::no_such("column", missing));
                }
                list(columns)
            }
        };
        let token = format!("token({})", list(&facts.partition_key));
        let (keyspace, table) = (name::quoted(keyspace), name::quoted(table));
        Ok(format!(
            "SELECT {columns} FROM {keyspace}.{table} WHERE {token} > ? AND {token} <= ?"
        ))
    }
}

/// The ranges are made of tokens as Murmur3 gives them.
async fn murmur3(session: &Session) -> Result<(), Error> {
    let answer = session
        .execute("SELECT partitioner FROM system.local WHERE key = 'local'")
        .await?;
    match answer.one::<(String,)>()? {
        Some((partitioner,)) if partitioner.ends_with("Murmur3Partitioner") => Ok(()),
        _ => Err(Error::unsupported("scans need the partitioner Murmur3")),
    }
}
