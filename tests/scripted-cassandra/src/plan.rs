use std::sync::Arc;

use crate::cql::{If, Select, Selector, Statement};
use crate::error_frames::ErrorFrame;
use crate::markers::{markers, unknown};
use crate::metadata;
use crate::prepared::ID;
use crate::rows::{Output, Page, Rows, write_rows};
use crate::schema::{Schema, Table};
use crate::types::Type;
use crate::wire::Put;

/// What is to be done for a statement, as far as it does not depend on values.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) statement: Statement,
    pub(crate) table: Option<Table>,
    /// Keyspace and table, as the store knows it.
    pub(crate) full_name: Box<str>,
    pub(crate) binds: Vec<(String, Type)>,
    /// The marker of each column of the partition key, if all have one.
    pub(crate) key_markers: Vec<usize>,
    pub(crate) output: Option<Output>,
    pub(crate) answer: Option<Arc<Rows>>,
    /// The whole RESULT body, where it is always the same.
    pub(crate) fixed: Option<Vec<u8>>,
}

impl Plan {
    pub(crate) fn new(
        parsed: Result<Statement, ErrorFrame>,
        keyspace: Option<&str>,
        schema: &Schema,
        answer: Option<Arc<Rows>>,
        with_store: bool,
    ) -> Result<Self, ErrorFrame> {
        let statement = match parsed {
            Ok(statement) => statement,
            // Not understood, but the script knows the answer.
            Err(_) if answer.is_some() => Statement::Use(String::new()),
            Err(error) => return Err(error),
        };
        let table = match find_table(&statement, keyspace, schema) {
            Err(_) if answer.is_some() => None,
            found => found?.cloned(),
        };
        let name = |table: &Table| format!("{}.{}", table.keyspace, table.name);
        let mut plan = Self {
            full_name: table.as_ref().map(name).unwrap_or_default().into(),
            binds: Vec::new(),
            key_markers: Vec::new(),
            output: None,
            fixed: None,
            statement,
            table,
            answer,
        };
        plan.find_markers()?;
        plan.find_output()?;
        plan.fixed = plan.fixed_answer(with_store);
        Ok(plan)
    }

    fn find_markers(&mut self) -> Result<(), ErrorFrame> {
        match &self.table {
            Some(table) => (self.binds, self.key_markers) = markers(&self.statement, table)?,
            None => {
                self.binds = self
                    .answer
                    .as_ref()
                    .map(|answer| answer.binds.clone())
                    .unwrap_or_default()
            }
        }
        Ok(())
    }

    fn find_output(&mut self) -> Result<(), ErrorFrame> {
        if let Some(answer) = &self.answer {
            self.output = Some(Output::of_rows(answer, self.table.as_ref()));
        } else if let (Statement::Select(select), Some(table)) = (&self.statement, &self.table) {
            let columns = output_columns(select, table)?;
            self.output = Some(Output::new(&table.keyspace, &table.name, columns));
        }
        Ok(())
    }

    fn fixed_answer(&self, with_store: bool) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        match (&self.statement, &self.output) {
            (_, Some(output)) if self.answer.as_ref().is_some_and(|rows| rows.rows.len() < 2) => {
                let rows = self.answer.as_ref()?;
                write_rows(&mut body, output, &rows.rows, Page::default());
            }
            (_, Some(_)) if self.answer.is_some() => return None,
            (Statement::Select(_), Some(output)) if !with_store && !self.is_of_system() => {
                write_rows(&mut body, output, &[], Page::default());
            }
            (Statement::Modify(modify), _) if !with_store && modify.only_if == If::Always => body.put_i32(1),
            _ => return None,
        }
        Some(body)
    }

    pub(crate) fn is_of_system(&self) -> bool {
        let keyspace = self.table.as_ref().map(|table| table.keyspace.as_str());
        keyspace.is_some_and(metadata::is_system)
    }

    /// The body of a PREPARED result.
    pub(crate) fn write_prepared(&self, out: &mut Vec<u8>, id: &[u8; ID]) {
        out.put_i32(4);
        out.put_short_bytes(id);
        // One table for all markers, unless there are none.
        out.put_i32(i32::from(!self.binds.is_empty()));
        out.put_count(self.binds.len());
        out.put_count(self.key_markers.len());
        for &marker in &self.key_markers {
            out.put_u16(u16::try_from(marker).unwrap_or(u16::MAX));
        }
        if !self.binds.is_empty() {
            let (keyspace, name) = match &self.table {
                Some(table) => (table.keyspace.as_str(), table.name.as_str()),
                None => ("scripted", "rows"),
            };
            let binds = self.binds.iter().map(|(name, of)| (name.as_str(), of));
            Output::new(keyspace, name, binds).write_columns(out);
        }
        match &self.output {
            Some(output) => output.write_metadata(out),
            None => Output::write_none(out),
        }
    }
}

fn find_table<'a>(
    statement: &Statement,
    keyspace: Option<&str>,
    schema: &'a Schema,
) -> Result<Option<&'a Table>, ErrorFrame> {
    let Some(table) = statement.table() else {
        return Ok(None);
    };
    let Some(keyspace) = table.keyspace_or(keyspace) else {
        let message =
            "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename";
        return Err(ErrorFrame::invalid(message));
    };
    let found = metadata::table(keyspace, &table.name).or_else(|| schema.table(keyspace, &table.name));
    match found {
        Some(found) => Ok(Some(found)),
        None if metadata::is_system(keyspace) || schema.keyspaces.contains_key(keyspace) => Err(
            ErrorFrame::invalid(format!("table {} does not exist", table.name)),
        ),
        None => Err(ErrorFrame::invalid(format!("keyspace {keyspace} does not exist"))),
    }
}

fn output_columns<'a>(select: &'a Select, table: &'a Table) -> Result<Vec<(&'a str, &'a Type)>, ErrorFrame> {
    let mut columns = Vec::new();
    for selector in &select.selectors {
        match selector {
            Selector::All => columns.extend(
                table
                    .columns
                    .iter()
                    .map(|column| (column.name.as_str(), &column.of)),
            ),
            Selector::Count { alias } => columns.push((alias.as_deref().unwrap_or("count"), &Type::BigInt)),
            Selector::Column { name, alias } => {
                let position = table.position(name).ok_or_else(|| unknown(name))?;
                columns.push((alias.as_ref().unwrap_or(name), &table.columns[position].of));
            }
        }
    }
    Ok(columns)
}
