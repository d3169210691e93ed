//! A whole table, range by range of the token ring: for exports, counts and migrations.
//!
//! ```no_run
//! use tower_cassandra::{ScanState, Session};
//!
//! # async fn example(session: Session, saved: Option<Vec<u8>>) -> Result<(), tower_cassandra::Error> {
//! let mut scan = session.scan_table::<(i32, String)>("shop.users").columns(["id", "name"]);
//! if let Some(bytes) = saved {
//!     scan = scan.resume_from(ScanState::from_bytes(&bytes)?);
//! }
//! let mut rows = scan.start().await?;
//! let progress = rows.handle();
//! while let Some(row) = rows.next().await {
//!     let (id, name) = row?;
//!     println!("{:3.0} % {id}: {name}", 100.0 * progress.fraction());
//! }
//! // At any time, together with what came of the rows so far:
//! let state: Vec<u8> = rows.state().to_bytes();
//! # drop(state);
//! # Ok(())
//! # }
//! ```
//!
//! # Ranges
//!
//! The ring is cut at the tokens of the nodes, so that each range lies on one set of replicas and is asked for there, and further into at
//! least 256 ranges. A few are read at a time, on different nodes. Each page is a call through the whole stack; when its retries have ended and the error may
//! pass, the range alone asks again after a pause, and the others go on.
//!
//! # Exactly once
//!
//! As long as nothing is written, every row comes exactly once, also over a crash: [`TableScan::state`] says for each range how far it is,
//! to the row, and [`ScanTable::resume_from`] goes on from there. Save what you made of the rows and the state together, or make what you do with a row
//! repeatable. The state stays good when nodes come and go: ranges that were not begun are cut anew by the ring of the day.
//! What is written meanwhile is seen or not, as with every read that takes its time.
//!
//! # Memory and load
//!
//! A page per range that is being read, and the one being given out, however slow the consumer. Each page is read by a task of its own,
//! of which there are never more than [`concurrency`](ScanTable::concurrency); they end with the scan. A page gives its permit back when it has come,
//! whether or not somebody polls; a scan that nobody polls asks for no further page.

mod builder;
mod handle;
mod name;
mod poll;
mod range;
mod reader;
mod run;
mod start;
mod state;

use scylla::deserialize::row::DeserializeRow;

pub use builder::ScanTable;
pub use handle::ScanHandle;
pub use run::TableScan;
pub use state::ScanState;

use crate::session::Session;

impl Session {
    /// Reads a whole table or materialized view; see [the module](crate::scan). The table is named `table` or `keyspace.table`.
    pub fn scan_table<T>(&self, table: impl AsRef<str>) -> ScanTable<T>
    where
        T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
    {
        ScanTable::new(self.clone(), table.as_ref())
    }
}
