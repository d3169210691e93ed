//! A session for the time of one piece of work.

use std::future::Future;

use super::{Cluster, defaults};
use crate::error::Error;
use crate::session::Session;

/// Ends a session when the work is given up or panics: there is nobody to wait for it.
struct Opened(Option<Session>);

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(session) = self.0.take() {
            session.abort();
        }
    }
}

impl Cluster {
    /// Opens a session, hands it to `work`, and closes it when `work` is done, whatever came of it. The cluster and its other sessions are
    /// left alone.
    ///
    /// Calls that `work` started and did not wait for are waited for up to [`defaults::CLOSE_TIMEOUT`]. Clones of the session that were given away
    /// are closed with it. When this future is dropped, or `work` panics, the session ends at once and without blocking.
    ///
    /// ```no_run
    /// # async fn example(cluster: tower_cassandra::Cluster) -> Result<(), tower_cassandra::Error> {
    /// let name = cluster
    ///     .with_session(async |session| {
    ///         let response = session.execute("SELECT cluster_name FROM system.local").await?;
    ///         response.one::<(String,)>()
    ///     })
    ///     .await?;
    /// # let _ = name; Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error of `work`, unchanged; else those of [`connect`](Self::connect) and [`Session::close`].
    pub async fn with_session<T, E, F, Fut>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(Session) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        let session = self.connect().await?;
        let mut opened = Opened(Some(session.clone()));
        let result = work(session.clone()).await;
        let closed = session.close(defaults::CLOSE_TIMEOUT).await;
        // It is closed; there is nothing left to give up.
        opened.0 = None;
        let value = result?;
        closed?;
        Ok(value)
    }
}
