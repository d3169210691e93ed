use super::types::{CqlType, specs};
use crate::error::Error;
use crate::statement::Prepared;

/// A prepared statement that no server prepared: values are bound against the types given here, one for each marker, with the names that
/// structs are bound by. A session over a [`Script`](super::Script) or a mock takes it; one over a cluster answers `Unsupported`.
///
/// # Errors
/// `Config` for a type that does not exist.
///
/// ```
/// use tower_cassandra::ErrorKind;
/// use tower_cassandra::test_util::prepared;
///
/// let by_id = prepared("SELECT name FROM users WHERE id = ?", [("id", "int")])?;
/// assert!(by_id.bind((7,)).is_ok());
/// assert_eq!(by_id.bind(("seven",)).unwrap_err().kind(), ErrorKind::Serialization);
/// # Ok::<(), tower_cassandra::Error>(())
/// ```
pub fn prepared<N: Into<String>, T: Into<CqlType>>(
    text: impl AsRef<str>,
    markers: impl IntoIterator<Item = (N, T)>,
) -> Result<Prepared, Error> {
    Ok(Prepared::made(text.as_ref(), specs(markers)?))
}
