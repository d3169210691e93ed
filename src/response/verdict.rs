//! Whether a conditional write was applied.

use scylla::deserialize::row::ColumnIterator;
use scylla::deserialize::value::DeserializeValue;

use super::view::RowsView;
use crate::error::BoxError;

/// The column that the server puts before the others in the answer to a conditional write.
const APPLIED: &str = "[applied]";

/// The verdict; none for rows of something else. It is read when the answer comes: an answer that cannot be read is an error of
/// the write, not one of whoever looks at it later.
pub(super) fn of(rows: RowsView<'_>) -> Result<Option<bool>, BoxError> {
    let columns = rows.columns();
    if columns
        .get_by_index(0)
        .is_none_or(|column| column.name() != APPLIED)
    {
        return Ok(None);
    }
    let mut row = rows
        .first::<ColumnIterator<'_, '_>>()?
        .ok_or("the answer has no rows")?;
    let column = row.next().ok_or("the answer has no columns")??;
    <bool as DeserializeValue>::type_check(column.spec.typ())?;
    Ok(Some(bool::deserialize(column.spec.typ(), column.slice)?))
}
