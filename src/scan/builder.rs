use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use scylla::deserialize::row::DeserializeRow;

use super::state::ScanState;
use crate::session::Session;
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
    pub(super) session: Session,
    pub(super) table: String,
    pub(super) columns: Option<Vec<String>>,
    pub(super) concurrency: Option<usize>,
    pub(super) ranges: u32,
    pub(super) page_size: u32,
    pub(super) page_timeout: Option<Option<Duration>>,
    pub(super) deadline: Option<Duration>,
    pub(super) retries: u32,
    pub(super) change: Option<Change>,
    pub(super) from: Option<ScanState>,
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
    /// pauses double from 100 ms up to 5 s: ten of them make 26.3 s, and the calls in between take their time as well. Other ranges go on
    /// meanwhile.
    pub const fn range_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets further options of the statements: consistency, priority, label. There is one per range: a deadline that is set here counts from
    /// the opening of each, and [`deadline`](Self::deadline) bounds the whole.
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
