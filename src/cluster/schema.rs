//! What the schema says of a table where the text of a statement does not.

use scylla::cluster::ClusterState;
use scylla::cluster::metadata::{CollectionType, ColumnType, NativeType, Table};

use crate::statement::is_list;

/// Does a table hold counters? None for a table that is not known, or not yet: the driver looks for new ones once a
/// minute.
pub(crate) fn has_counters(state: &ClusterState, keyspace: &str, table: &str) -> Option<bool> {
    let table = find(state, keyspace, table)?;
    let is_counter = |typ: &ColumnType<'_>| matches!(typ, ColumnType::Native(NativeType::Counter));
    Some(table.columns.values().any(|column| is_counter(&column.typ)))
}

/// Does this table have lists whose elements are cells of their own? None if it is not known.
pub(crate) fn has_lists(state: &ClusterState, keyspace: &str, table: &str) -> Option<bool> {
    Some(holds_lists(find(state, keyspace, table)?))
}

/// Does one of these markers of the type `list`, by their names, write such a list of this table? None if the table is not known.
pub(crate) fn writes_lists<'a>(
    state: &ClusterState,
    keyspace: &str,
    table: &str,
    mut markers: impl Iterator<Item = &'a str>,
) -> Option<bool> {
    let table = find(state, keyspace, table)?;
    let known = |name: &str| Some(is_list(&table.columns.get(name)?.typ));
    // A marker may have any name, that of another column as well.
    Some(holds_lists(table) || markers.any(|marker| may_be_new(marker, known)))
}

/// May it be for a column that was added a moment ago? Not if it is for a list that is known, nor if it is the list of values behind an `IN`: such a
/// marker is named `in(column)`.
fn may_be_new(marker: &str, is_list: impl Fn(&str) -> Option<bool>) -> bool {
    let values_of = marker.strip_prefix("in(").and_then(|rest| rest.strip_suffix(')'));
    is_list(marker) != Some(true) && values_of.and_then(&is_list).is_none()
}

fn find<'a>(state: &'a ClusterState, keyspace: &str, table: &str) -> Option<&'a Table> {
    state.get_keyspace(keyspace)?.tables.get(table)
}

fn holds_lists(table: &Table) -> bool {
    let is_list_of_cells = |typ: &ColumnType<'_>| {
        matches!(
            typ,
            ColumnType::Collection {
                frozen: false,
                typ: CollectionType::List(_)
            }
        )
    };
    table.columns.values().any(|column| is_list_of_cells(&column.typ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_for_a_list_that_is_not_known_may_be_for_a_new_column() {
        let is_list = |name: &str| match name {
            "frozen" => Some(true),
            "id" => Some(false),
            _ => None,
        };
        for (marker, expected) in [
            ("frozen", false),
            ("in(id)", false),
            ("added", true),
            ("id", true),
            ("in(added)", true),
            ("in(", true),
        ] {
            assert_eq!(may_be_new(marker, is_list), expected, "{marker}");
        }
    }
}
