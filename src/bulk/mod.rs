//! Many statements, some at a time: what everybody writes with `buffer_unordered`, without its traps.
//!
//! ```no_run
//! use tower_cassandra::Session;
//!
//! # async fn example(session: Session, users: Vec<(i32, String)>) -> Result<(), Box<dyn std::error::Error>> {
//! let insert = session.prepare("INSERT INTO shop.users (id, name) VALUES (?, ?)").await?;
//! let inserts = users.into_iter().map(|user| insert.bind(user).map(|insert| insert.idempotent(true)));
//! let many = session.execute_many(inserts).concurrency(256);
//! let progress = many.progress();
//! // … from elsewhere: progress.succeeded()
//! let summary = many.run().await?;
//! println!("{} written", summary.succeeded);
//! # let _ = progress;
//! # Ok(())
//! # }
//! ```
//!
//! * Every statement is a call of [`Session::execute`] with all that belongs to it: limits, retries, metrics, its own outcome.
//! * No more than [`concurrency`](ExecuteMany::concurrency) are under way, and the producer is asked for no more; a producer that reads a file or another
//!   stream is held back as long as the cluster is the slower one.
//! * The first error ends it, but what is under way is waited for: dropping it would leave writes of which nobody knows whether they were
//!   applied. [`keep_going`](ExecuteMany::keep_going) collects errors instead.
//! * Results come as they are ready, or [in order](ExecuteMany::in_order).
//!
//! There is no task: what is under way moves on only while it is polled, and keeps its permits, its places and its running limits while
//! it is not. [`run`](ExecuteMany::run) polls all the time; who works long on a result should hand it to another task instead of keeping the
//! others waiting. Dropping it cancels what is under way.

mod execute;
mod progress;
mod source;
mod summary;

use futures_core::Stream;

pub use execute::{BulkItem, ExecuteMany};
pub use progress::BulkProgress;
pub use source::{IntoStatement, Iter};
pub use summary::{BulkError, BulkSummary};

use crate::session::Session;

impl Session {
    /// Runs many statements, some at a time; see [the module](crate::bulk).
    ///
    /// The iterator may give statements, what becomes one (text, batches), or results of [`bind`](crate::Prepared::bind): an error among them counts as the
    /// outcome of that statement.
    pub fn execute_many<I>(&self, statements: I) -> ExecuteMany<Iter<I::IntoIter>>
    where
        I: IntoIterator,
        I::Item: IntoStatement,
    {
        ExecuteMany::new(self.clone(), Iter(statements.into_iter()))
    }

    /// Runs the statements of a stream, some at a time; see [the module](crate::bulk). The stream is polled only while there is room.
    pub fn execute_many_from<S>(&self, statements: S) -> ExecuteMany<S>
    where
        S: Stream + Unpin,
        S::Item: IntoStatement,
    {
        ExecuteMany::new(self.clone(), statements)
    }
}
