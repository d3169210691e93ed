//! Does a statement that was prepared some time ago still have the types of its table?
//!
//! The server gives the same text the same id when a table is dropped and made anew with other types, so nothing but the schema
//! can tell.

use std::sync::{Arc, Weak};

use scylla::cluster::ClusterState;
use scylla::cluster::metadata::{CollectionType, ColumnType};

use crate::leaf::DriverSlot;
use crate::statement::Prepared;

/// Where the schema is; nowhere for a session over a service of the user's.
#[derive(Clone)]
pub(super) struct Schema(pub(super) Option<DriverSlot>);

impl Schema {
    pub(super) fn now(&self) -> Option<Arc<ClusterState>> {
        let driver = self.0.as_ref()?.get()?;
        Some(driver.get_cluster_state())
    }
}

/// A prepared statement with what was seen of the schema.
pub(super) struct Entry {
    pub(super) prepared: Prepared,
    /// The metadata it was compared with last. As long as this exists no others have its address.
    seen: Weak<ClusterState>,
    /// Its types did not agree with the schema when it was prepared, so that proves nothing: `m = m - ?` takes a set and `m` is a map;
    /// or the metadata were older than the table.
    odd: bool,
}

impl Entry {
    pub(super) fn new(prepared: Prepared, schema: Option<&Arc<ClusterState>>) -> Self {
        let odd = schema.is_some_and(|schema| agrees(&prepared, schema) == Some(false));
        Self {
            prepared,
            seen: schema.map(Arc::downgrade).unwrap_or_default(),
            odd,
        }
    }

    /// Is it as good as one that is prepared now? Looks only when the metadata have changed.
    pub(super) fn is_current(&mut self, schema: Option<&Arc<ClusterState>>) -> bool {
        let Some(schema) = schema else { return true };
        if std::ptr::eq(self.seen.as_ptr(), Arc::as_ptr(schema)) {
            return true;
        }
        self.seen = Arc::downgrade(schema);
        match agrees(&self.prepared, schema) {
            Some(true) => self.odd = false,
            Some(false) => return self.odd,
            None => {}
        }
        true
    }
}

/// None when no marker has the name of a column that is known.
fn agrees(prepared: &Prepared, schema: &ClusterState) -> Option<bool> {
    let mut verdict = None;
    for (keyspace, table, name, typ) in prepared.markers() {
        let column = schema
            .get_keyspace(keyspace)
            .and_then(|keyspace| keyspace.tables.get(table))
            .and_then(|table| table.columns.get(name));
        if let Some(column) = column {
            if !same(typ, &column.typ) {
                return Some(false);
            }
            verdict = Some(true);
        }
    }
    verdict
}

/// Whether a type is frozen only the schema says.
fn same(of_marker: &ColumnType<'_>, of_column: &ColumnType<'_>) -> bool {
    match (of_marker, of_column) {
        (ColumnType::Collection { typ: a, .. }, ColumnType::Collection { typ: b, .. }) => match (a, b) {
            (CollectionType::List(a), CollectionType::List(b))
            | (CollectionType::Set(a), CollectionType::Set(b)) => same(a, b),
            (CollectionType::Map(a, x), CollectionType::Map(b, y)) => same(a, b) && same(x, y),
            _ => false,
        },
        (
            ColumnType::Vector {
                typ: a,
                dimensions: x,
            },
            ColumnType::Vector {
                typ: b,
                dimensions: y,
            },
        ) => x == y && same(a, b),
        (
            ColumnType::UserDefinedType { definition: a, .. },
            ColumnType::UserDefinedType { definition: b, .. },
        ) => {
            let fields = a.field_types.iter().zip(&b.field_types);
            a.name == b.name
                && a.field_types.len() == b.field_types.len()
                && fields.into_iter().all(|((a, x), (b, y))| a == b && same(x, y))
        }
        (ColumnType::Tuple(a), ColumnType::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (a, b) => a == b,
    }
}
