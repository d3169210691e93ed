//! The contenders of this language, as one trait. Each reads, writes and streams as its users would.

pub(crate) mod bare;
pub(crate) mod hand;
pub(crate) mod layered;
pub(crate) mod leaf;
pub(crate) mod ours;
pub(crate) mod resilience;

use crate::Result;
use crate::work::Rows;

pub(crate) const KEYSPACE: &str = "compare";
/// So many keys are read and written.
pub(crate) const KEYS: i32 = 20_000;
pub(crate) const READ: &str = "SELECT id, v FROM compare.items WHERE id = ?";
pub(crate) const WRITE: &str = "INSERT INTO compare.items (id, v) VALUES (?, ?)";
/// 100 bytes.
pub(crate) const VALUE: &str =
    "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr";

/// Rows that a page has at most, where the work does not say it: the default of all drivers here.
pub(crate) const PAGE: i32 = 5_000;

/// The statement of a work that reads many rows.
pub(crate) fn rows_text(rows: Rows) -> String {
    let by_key = if rows.partitions > 0 { " WHERE p = ?" } else { "" };
    format!("SELECT p, c, v FROM {KEYSPACE}.{}{by_key}", rows.table.name())
}

/// Where the nodes are, and what will be asked.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) points: Vec<String>,
    pub(crate) rows: Option<Rows>,
}

/// One contender. Clones are the same client.
pub(crate) trait Client: Clone + Send + Sync + 'static {
    /// One row by its key.
    fn read(&self, id: i32) -> impl Future<Output = Result<()>> + Send;

    /// One row, which may be written twice.
    fn write(&self, id: i32) -> impl Future<Output = Result<()>> + Send;

    /// The rows of the work, of one partition if one is given: how many there were.
    fn rows(&self, partition: Option<i32>) -> impl Future<Output = Result<u64>> + Send;

    /// How many requests are waited for, by nodes too, where the client knows: at the end of a soak it has to be none.
    fn under_way(&self) -> Option<u64> {
        None
    }
}

/// What was read has to be what was asked for.
pub(crate) fn check(id: i32, row: Option<(i32, String)>) -> Result<()> {
    match row {
        Some((found, value)) if found == id && value.len() == VALUE.len() => Ok(()),
        other => Err(format!("row {id} came as {other:?}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_to_be_the_one_that_was_asked_for() {
        assert_eq!(VALUE.len(), 100);
        assert!(check(7, Some((7, VALUE.to_owned()))).is_ok());
        assert!(check(7, Some((8, VALUE.to_owned()))).is_err());
        assert!(check(7, Some((7, String::new()))).is_err());
        assert!(check(7, None).is_err());
    }
}
