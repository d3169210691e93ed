use super::Statement;
use crate::stream::StreamOptions;

impl Statement {
    /// A statement without values whose result is meant to be streamed: pages of 1,000 rows instead of the 5,000 of
    /// [`Statement::new`]. Its other options are set as ever.
    ///
    /// ```
    /// use tower_cassandra::Statement;
    /// use tower_cassandra::scylla::statement::Consistency;
    ///
    /// let readings = Statement::streaming("SELECT * FROM plant.readings")
    ///     .page_size(500)
    ///     .consistency(Consistency::LocalOne);
    /// # let _ = readings;
    /// ```
    #[must_use]
    pub fn streaming(text: impl AsRef<str>) -> Self {
        Self::new(text).page_size(StreamOptions::PAGE_SIZE)
    }
}
