//! A small table in memory, one for the whole cluster: what a node wrote, all can read.

use std::collections::{BTreeMap, HashMap};

use crate::cql::{Change, If, Modify, ModifyKind, Term};
use crate::error_frames::ErrorFrame;
use crate::evaluate::{Filter, sort_key, value};
use crate::plan::Plan;
use crate::schema::{ColumnKind, Table};
use crate::types::Type;
use crate::value::Value;
use crate::wire::{Bound, Put};

/// A value for each column of the table.
pub(crate) type Row = Vec<Value>;

type Clustering = Vec<Vec<u8>>;
type Partition = BTreeMap<Clustering, Row>;

/// The rows of all tables, by the bytes of their partition keys. Timestamps and lifetimes do not count:
/// what comes last stays.
#[derive(Debug, Default)]
pub(crate) struct Store {
    tables: HashMap<Box<str>, BTreeMap<Vec<u8>, Partition>>,
}

/// What came of a conditional write.
#[derive(Debug)]
pub(crate) enum Applied {
    /// It had no condition.
    Always,
    Yes,
    /// With the row that was in the way, if there is one.
    No(Option<Row>),
}

impl Store {
    /// All rows of a table, or of one partition.
    pub(crate) fn rows<'a>(&'a self, table: &str, key: Option<&'a [u8]>) -> Vec<&'a Row> {
        let Some(partitions) = self.tables.get(table) else {
            return Vec::new();
        };
        match key {
            Some(key) => partitions
                .get(key)
                .into_iter()
                .flat_map(BTreeMap::values)
                .collect(),
            None => partitions.values().flat_map(BTreeMap::values).collect(),
        }
    }

    pub(crate) fn truncate(&mut self, table: &str) {
        self.tables.remove(table);
    }

    /// Gives all rows of a table more columns.
    pub(crate) fn widen(&mut self, table: &str, columns: usize) {
        let partitions = self
            .tables
            .get_mut(table)
            .into_iter()
            .flat_map(BTreeMap::values_mut);
        for row in partitions.flat_map(BTreeMap::values_mut) {
            row.resize(row.len() + columns, Value::NULL);
        }
    }

    /// Whether the condition of a write holds.
    pub(crate) fn check(
        &self,
        plan: &Plan,
        table: &Table,
        modify: &Modify,
        values: &[Bound<'_>],
    ) -> Result<Applied, ErrorFrame> {
        let row = match (
            partition_key(table, |column| modify.equal_term(column), values)?,
            clustering(table, modify, values)?,
        ) {
            (Some(key), Some(clustering)) => {
                let partition = self.tables.get(&plan.full_name).and_then(|table| table.get(&key));
                partition.and_then(|partition| partition.get(&clustering))
            }
            _ => None,
        };
        let holds = match &modify.only_if {
            If::Always => return Ok(Applied::Always),
            If::NotExists => row.is_none(),
            If::Exists => row.is_some(),
            If::Conditions(conditions) => {
                let filter = Filter::new(conditions, table, values)?;
                row.is_some_and(|row| filter.accepts(row))
            }
        };
        Ok(if holds {
            Applied::Yes
        } else {
            Applied::No(row.cloned())
        })
    }

    /// Writes, whatever the condition says.
    pub(crate) fn apply(
        &mut self,
        plan: &Plan,
        table: &Table,
        modify: &Modify,
        values: &[Bound<'_>],
    ) -> Result<(), ErrorFrame> {
        let key = partition_key(table, |column| modify.equal_term(column), values)?;
        let clustering = clustering(table, modify, values)?;
        if !self.tables.contains_key(&plan.full_name) {
            self.tables.insert(plan.full_name.clone(), BTreeMap::new());
        }
        let Some(partitions) = self.tables.get_mut(&plan.full_name) else {
            return Ok(());
        };
        if let (Some(key), Some(clustering)) = (&key, clustering)
            && modify.kind != ModifyKind::Delete
        {
            let partition = partitions.entry(key.clone()).or_default();
            let row = match partition.entry(clustering) {
                std::collections::btree_map::Entry::Occupied(row) => row.into_mut(),
                std::collections::btree_map::Entry::Vacant(place) => {
                    let mut row = vec![Value::NULL; table.columns.len()];
                    set_key(&mut row, table, modify, values)?;
                    place.insert(row)
                }
            };
            return change(row, table, modify, values);
        }
        let filter = Filter::new(&modify.conditions, table, values)?;
        let mut result = Ok(());
        for (_, partition) in partitions
            .iter_mut()
            .filter(|(found, _)| key.as_ref().is_none_or(|key| *found == key))
        {
            partition.retain(|_, row| {
                if !filter.accepts(row) {
                    return true;
                }
                if modify.kind == ModifyKind::Delete && modify.assignments.is_empty() {
                    return false;
                }
                if let Err(error) = change(row, table, modify, values) {
                    result = Err(error);
                }
                true
            });
        }
        partitions.retain(|_, partition| !partition.is_empty());
        result
    }
}

/// The bytes that a partition key has on the ring: one value as it is, several with their lengths.
pub(crate) fn join_key<'a>(mut parts: impl ExactSizeIterator<Item = &'a [u8]>) -> Vec<u8> {
    if parts.len() == 1 {
        return parts.next().unwrap_or_default().to_vec();
    }
    let mut key = Vec::new();
    for part in parts {
        key.put_short_bytes(part);
        key.put_u8(0);
    }
    key
}

/// The values of key columns with their types.
type KeyParts = Vec<(Vec<u8>, Type)>;

fn key_values<'a>(
    table: &Table,
    kind: ColumnKind,
    term_of: impl Fn(&str) -> Option<&'a Term>,
    values: &[Bound<'_>],
) -> Result<Option<KeyParts>, ErrorFrame> {
    let mut parts = Vec::new();
    for index in table.indexes(kind) {
        let column = &table.columns[index];
        let Some(term) = term_of(&column.name) else {
            return Ok(None);
        };
        match value(term, &column.of, values)?.unwrap_or_default() {
            Value(Some(bytes)) => parts.push((bytes, column.of.clone())),
            Value(None) => {
                let message = format!("Invalid null value in condition for column {}", column.name);
                return Err(ErrorFrame::invalid(message));
            }
        }
    }
    Ok(Some(parts))
}

/// The key that a statement is for whose columns have to be equal to these terms, unless it is for several.
pub(crate) fn partition_key<'a>(
    table: &Table,
    term_of: impl Fn(&str) -> Option<&'a Term>,
    values: &[Bound<'_>],
) -> Result<Option<Vec<u8>>, ErrorFrame> {
    let parts = key_values(table, ColumnKind::PartitionKey, term_of, values)?;
    Ok(parts.map(|parts| join_key(parts.iter().map(|(bytes, _)| bytes.as_slice()))))
}

fn clustering(
    table: &Table,
    modify: &Modify,
    values: &[Bound<'_>],
) -> Result<Option<Clustering>, ErrorFrame> {
    let parts = key_values(
        table,
        ColumnKind::Clustering,
        |column| modify.equal_term(column),
        values,
    )?;
    Ok(parts.map(|parts| parts.iter().map(|(bytes, of)| sort_key(bytes, of)).collect()))
}

fn set_key(row: &mut Row, table: &Table, modify: &Modify, values: &[Bound<'_>]) -> Result<(), ErrorFrame> {
    for kind in [ColumnKind::PartitionKey, ColumnKind::Clustering] {
        for index in table.indexes(kind) {
            if let Some(term) = modify.equal_term(&table.columns[index].name) {
                row[index] = value(term, &table.columns[index].of, values)?.unwrap_or_default();
            }
        }
    }
    Ok(())
}

fn change(row: &mut Row, table: &Table, modify: &Modify, values: &[Bound<'_>]) -> Result<(), ErrorFrame> {
    for assign in &modify.assignments {
        let Some(index) = table.position(&assign.column) else {
            continue;
        };
        let of = &table.columns[index].of;
        let Some(term) = assign.change.term() else {
            row[index] = Value::NULL;
            continue;
        };
        let Some(new) = value(term, of, values)? else {
            continue;
        };
        row[index] = match &assign.change {
            Change::Add(_) if *of == Type::Counter => add(&row[index], &new, 1),
            Change::Subtract(_) if *of == Type::Counter => add(&row[index], &new, -1),
            _ => new,
        };
    }
    Ok(())
}

fn add(old: &Value, new: &Value, sign: i64) -> Value {
    let number = |value: &Value| {
        let bytes = value.bytes().and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, i64::from_be_bytes)
    };
    number(old).wrapping_add(number(new).wrapping_mul(sign)).into()
}
