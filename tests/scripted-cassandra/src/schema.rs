//! Keyspaces and tables, as a test declares them or a client creates them.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::types::Type;

/// What a column is for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names are those of the schema tables")]
pub enum ColumnKind {
    PartitionKey,
    Clustering,
    Static,
    Regular,
}

impl ColumnKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PartitionKey => "partition_key",
            Self::Clustering => "clustering",
            Self::Static => "static",
            Self::Regular => "regular",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) of: Type,
    pub(crate) kind: ColumnKind,
}

/// A table: its keyspace, its name, and its columns in the order in which they are added.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) keyspace: String,
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
}

impl Table {
    /// A table without columns. It needs at least one [`partition_key`](Self::partition_key).
    #[must_use]
    pub fn new(keyspace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            keyspace: keyspace.into(),
            name: name.into(),
            columns: Vec::new(),
        }
    }

    pub(crate) fn add(mut self, name: impl Into<String>, of: Type, kind: ColumnKind) -> Self {
        let name = name.into();
        self.columns.push(Column { name, of, kind });
        self
    }

    /// Adds a column of the partition key.
    #[must_use]
    pub fn partition_key(self, name: impl Into<String>, of: Type) -> Self {
        self.add(name, of, ColumnKind::PartitionKey)
    }

    /// Adds a clustering column.
    #[must_use]
    pub fn clustering(self, name: impl Into<String>, of: Type) -> Self {
        self.add(name, of, ColumnKind::Clustering)
    }

    /// Adds a static column, which the store treats as a regular one.
    #[must_use]
    pub fn static_column(self, name: impl Into<String>, of: Type) -> Self {
        self.add(name, of, ColumnKind::Static)
    }

    /// Adds a regular column.
    #[must_use]
    pub fn column(self, name: impl Into<String>, of: Type) -> Self {
        self.add(name, of, ColumnKind::Regular)
    }

    pub(crate) fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|of| of.name == column)
    }

    /// The indexes of the columns of that kind, in order.
    pub(crate) fn indexes(&self, kind: ColumnKind) -> impl Iterator<Item = usize> + '_ {
        let all = self.columns.iter().enumerate();
        all.filter(move |(_, column)| column.kind == kind)
            .map(|(index, _)| index)
    }
}

/// Where the copies of a keyspace are: a number for each datacenter.
#[derive(Clone, Debug)]
pub(crate) struct Keyspace {
    pub(crate) factors: Vec<(String, usize)>,
}

/// All that clients know of the data. Each change has a version of its own.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) keyspaces: BTreeMap<String, Keyspace>,
    pub(crate) tables: Vec<Table>,
    pub(crate) version: Uuid,
    /// Counts changes, so that what was derived from the schema can be derived again.
    pub(crate) epoch: u64,
}

impl Schema {
    pub(crate) fn new() -> Self {
        Self {
            keyspaces: BTreeMap::new(),
            tables: Vec::new(),
            version: Uuid::new_v4(),
            epoch: 0,
        }
    }

    pub(crate) fn table(&self, keyspace: &str, name: &str) -> Option<&Table> {
        self.tables
            .iter()
            .find(|table| table.name == name && table.keyspace == keyspace)
    }

    pub(crate) fn table_mut(&mut self, keyspace: &str, name: &str) -> Option<&mut Table> {
        self.tables
            .iter_mut()
            .find(|table| table.name == name && table.keyspace == keyspace)
    }

    pub(crate) fn changed(&mut self) {
        self.version = Uuid::new_v4();
        self.epoch += 1;
    }
}
