use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use scylla::deserialize::row::DeserializeRow;
use tokio::time::Instant;

use super::name;
use super::range::{TokenRange, interleave, split};
use super::run::{Plan, Reader, TableScan};
use super::state::ScanState;
use crate::error::Error;
use crate::saved;
use crate::session::{Session, TableFacts};
use crate::statement::Statement;

pub(super) type Change = Arc<dyn Fn(Statement) -> Statement + Send + Sync>;

/// What a scan is to read, and how. Made by [`Session::scan_table`].
///
/// | option | default |
/// |---|---|
/// | [`columns`](Self::columns) | all |
/// | [`concurrency`](Self::concurrency) | 2 ranges per node, at most 64 |
/// | [`ranges`](Self::ranges) | 256, and more where the ring has more |
/// | [`page_size`](Self::page_size) | 1,000 rows |
/// | [`page_timeout`](Self::page_timeout) | the call limit of the session |
/// | [`deadline`](Self::deadline) | none |
/// | [`range_retries`](Self::range_retries) | 10 |
/// | [`resume_from`](Self::resume_from) | the whole table |
#[must_use = "a scan begins with `start`"]
pub struct ScanTable<T> {
    session: Session,
    table: String,
    columns: Option<Vec<String>>,
    concurrency: Option<usize>,
    ranges: u32,
    page_size: u32,
    page_timeout: Option<Option<Duration>>,
    deadline: Option<Duration>,
    retries: u32,
    change: Option<Change>,
    from: Option<ScanState>,
    rows: PhantomData<fn() -> T>,
}

impl<T> ScanTable<T>
where
    T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
{
    pub(super) fn new(session: Session, table: &str) -> Self {
        Self {
            session,
            table: table.to_owned(),
            columns: None,
            concurrency: None,
            ranges: 256,
            page_size: 1_000,
            page_timeout: None,
            deadline: None,
            retries: 10,
            change: None,
            from: None,
            rows: PhantomData,
        }
    }

    /// Sets the columns to read, by their names as the schema has them. Tuples need it: the order of all columns is that of the server.
    pub fn columns<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Sets how many ranges are read at a time, from 1 to 1,024. Each costs the memory of a page, and the cluster the reading of one.
    pub const fn concurrency(mut self, ranges: usize) -> Self {
        self.concurrency = Some(ranges);
        self
    }

    /// Sets into how many ranges the ring is cut at least, from 1 to 1,000,000. It is always cut where the replicas change. More ranges
    /// make progress smoother and cost a request each.
    pub const fn ranges(mut self, ranges: u32) -> Self {
        self.ranges = ranges;
        self
    }

    /// Sets the rows per page.
    pub const fn page_size(mut self, rows: u32) -> Self {
        self.page_size = rows;
        self
    }

    /// Bounds each page by itself; `None` turns that off.
    pub fn page_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.page_timeout = Some(limit.into());
        self
    }

    /// Bounds the whole scan from `start` on, the time that its consumer takes included.
    pub const fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// Sets how often a page of a range is asked for again after the retries of the session have ended with an error that may pass. The
    /// pauses double from 100 ms up to 5 s: ten of them outlast half a minute without enough replicas. Other ranges go on meanwhile.
    pub const fn range_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets further options of the statements: consistency, priority, label.
    ///
    /// ```no_run
    /// use tower_cassandra::scylla::statement::Consistency;
    /// use tower_cassandra::{Priority, Session};
    ///
    /// # async fn example(session: Session) -> Result<(), tower_cassandra::Error> {
    /// let scan = session
    ///     .scan_table::<(i32, String)>("shop.users")
    ///     .columns(["id", "name"])
    ///     .statement(|it| it.consistency(Consistency::LocalOne).priority(Priority::Low))
    ///     .start()
    ///     .await?;
    /// # drop(scan);
    /// # Ok(())
    /// # }
    /// ```
    pub fn statement(mut self, change: impl Fn(Statement) -> Statement + Send + Sync + 'static) -> Self {
        self.change = Some(Arc::new(change));
        self
    }

    /// Reads what an earlier scan of the same table and columns had left.
    pub fn resume_from(mut self, state: ScanState) -> Self {
        self.from = Some(state);
        self
    }

    /// Looks at schema and ring, prepares the statement and begins. Nothing is read before the scan is polled.
    ///
    /// # Errors
    /// `Config` for options that make no sense; `Invalid` for a table or column that is not there and for a state of another table;
    /// `Unsupported` for a session that knows no cluster, for a cluster with another partitioner than Murmur3, and where the session does
    /// not fetch the schema of tables; and as [`Session::prepare`].
    pub async fn start(self) -> Result<TableScan<T>, Error> {
        let begun = Instant::now();
        self.check()?;
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

impl<T> fmt::Debug for ScanTable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScanTable")
            .field("table", &self.table)
            .field("columns", &self.columns)
            .field("concurrency", &self.concurrency)
            .field("ranges", &self.ranges)
            .field("page_size", &self.page_size)
            .field("page_timeout", &self.page_timeout)
            .field("deadline", &self.deadline)
            .field("range_retries", &self.retries)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}
