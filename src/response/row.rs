use std::fmt;

use scylla::cluster::metadata::ColumnType;
use scylla::deserialize::row::{ColumnIterator, DeserializeRow};
use scylla::deserialize::value::DeserializeValue;
use scylla::errors::{DeserializationError, TypeCheckError};
use scylla::frame::response::result::ColumnSpec;
use scylla::value::CqlValue;

/// A row whose columns are not known when the program is compiled: read by name, or one after the other.
///
/// It fits every statement: `response.rows::<Row>()`. Where the columns are known, a tuple or a struct with
/// [`DeserializeRow`](crate::DeserializeRow) is checked and faster.
///
/// ```
/// # use tower_cassandra::{Error, Row, Session};
/// # async fn example(session: Session) -> Result<(), Error> {
/// let response = session.execute("SELECT * FROM system.local").await?;
/// for row in response.rows::<Row>()? {
///     let version = row.get("release_version").and_then(|value| value.as_text());
///     println!("{version:?} of {} columns", row.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct Row {
    /// All names, one behind the other.
    names: Box<str>,
    /// Where its name ends, and the value.
    columns: Vec<(usize, Option<CqlValue>)>,
}

impl Row {
    /// The value of a column; none when it is NULL, or when there is no such column. The name is that of the result: lower case unless it was quoted, or what
    /// stands behind `AS`. Of several columns with one name it is the first.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&CqlValue> {
        self.iter().find(|(its, _)| *its == name)?.1
    }

    /// Is there such a column?
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|(its, _)| its == name)
    }

    /// The value of the column at this place, from 0; none when it is NULL, or when there are not so many.
    #[must_use]
    pub fn value(&self, place: usize) -> Option<&CqlValue> {
        self.columns.get(place)?.1.as_ref()
    }

    /// How many columns it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Has it none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Names and values in the order of the result.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&CqlValue>)> {
        let mut begin = 0;
        self.columns.iter().map(move |(end, value)| {
            let name = self.names.get(begin..*end).unwrap_or_default();
            begin = *end;
            (name, value.as_ref())
        })
    }

    /// The values alone, in the order of the result.
    #[must_use]
    pub fn into_values(self) -> Vec<Option<CqlValue>> {
        self.columns.into_iter().map(|(_, value)| value).collect()
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'frame, 'metadata> DeserializeRow<'frame, 'metadata> for Row {
    fn type_check(_columns: &[ColumnSpec<'_>]) -> Result<(), TypeCheckError> {
        Ok(())
    }

    fn deserialize(row: ColumnIterator<'frame, 'metadata>) -> Result<Self, DeserializationError> {
        let mut names = String::new();
        let mut columns = Vec::with_capacity(row.columns_remaining());
        for column in row {
            let column = column?;
            names.push_str(column.spec.name());
            let typ: &ColumnType<'_> = column.spec.typ();
            let value = <Option<CqlValue>>::deserialize(typ, column.slice)?;
            columns.push((names.len(), value));
        }
        Ok(Self {
            names: names.into(),
            columns,
        })
    }
}
