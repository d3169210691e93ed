//! Reads and writes of the store.

use crate::ErrorFrame;
use crate::cql::{If, Modify, Selector, Statement};
use crate::dispatch::Peer;
use crate::evaluate::{Filter, value};
use crate::plan::Plan;
use crate::rows::{Output, Page, write_rows};
use crate::schema::Table;
use crate::shared::State;
use crate::store::{Applied, Row, Store, join_key};
use crate::types::Type;
use crate::value::Value;
use crate::wire::{Bound, Put};

impl State {
    /// Does all writes, or none if a condition does not hold.
    pub(crate) fn modify(
        &mut self,
        writes: &[(&Plan, &Modify, &Table, Vec<Bound<'_>>)],
        out: &mut Vec<u8>,
    ) -> Result<(), ErrorFrame> {
        let empty = Store::default();
        let store = self.store.as_ref().unwrap_or(&empty);
        let mut conditional = None;
        for (plan, modify, table, values) in writes {
            match store.check(plan, table, modify, values)? {
                Applied::Always => {}
                Applied::Yes => conditional = Some(table),
                Applied::No(row) => return write_not_applied(modify, table, row, out),
            }
        }
        if let Some(store) = &mut self.store {
            for (plan, modify, table, values) in writes {
                store.apply(plan, table, modify, values)?;
            }
        }
        match conditional {
            None => out.put_i32(1),
            Some(table) => {
                let output = Output::new(&table.keyspace, &table.name, [("[applied]", &Type::Boolean)]);
                write_rows(out, &output, &[vec![true.into()]], Page::default());
            }
        }
        Ok(())
    }

    pub(crate) fn select(
        &self,
        peer: &Peer,
        plan: &Plan,
        table: &Table,
        values: &[Bound<'_>],
        page: Page<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ErrorFrame> {
        let (Statement::Select(select), Some(output)) = (&plan.statement, &plan.output) else {
            return Err(ErrorFrame::server_error("not a SELECT"));
        };
        let of_system = if plan.is_of_system() {
            self.view().rows(table, peer.node)
        } else {
            Vec::new()
        };
        let parts: Option<Vec<&[u8]>> = plan
            .key_markers
            .iter()
            .map(|&marker| values.get(marker).and_then(|value| value.bytes()))
            .collect();
        let key = parts
            .filter(|parts| !parts.is_empty())
            .map(|parts| join_key(parts.into_iter()));
        let candidates: Vec<&Row> = match &self.store {
            _ if plan.is_of_system() => of_system.iter().collect(),
            Some(store) => store.rows(&plan.full_name, key.as_deref()),
            None => Vec::new(),
        };
        let filter = Filter::new(&select.conditions, table, values)?;
        let mut found: Vec<&Row> = candidates.into_iter().filter(|row| filter.accepts(row)).collect();
        if let Some(limit) = &select.limit {
            let limit = value(limit, &Type::Int, values)?.unwrap_or_default();
            let limit = limit
                .bytes()
                .and_then(|bytes| bytes.try_into().ok())
                .map(i32::from_be_bytes);
            if limit.is_some_and(|limit| limit <= 0) {
                return Err(ErrorFrame::invalid("LIMIT must be strictly positive"));
            }
            found.truncate(
                limit
                    .and_then(|limit| usize::try_from(limit).ok())
                    .unwrap_or(usize::MAX),
            );
        }
        let counts = select
            .selectors
            .iter()
            .any(|selector| matches!(selector, Selector::Count { .. }));
        let total = if counts { 1 } else { found.len() };
        let (range, next) = page.cut(total);
        output.write_head(out, next.as_ref().map(<[u8; 8]>::as_slice), range.len());
        for index in range {
            for selector in &select.selectors {
                let row = found.get(index);
                match selector {
                    Selector::All => row
                        .into_iter()
                        .flat_map(|row| row.iter())
                        .for_each(|value| out.put_bytes(value.bytes())),
                    Selector::Count { .. } => out.put_bytes(Some(&(found.len() as u64).to_be_bytes())),
                    Selector::Column { name, .. } => {
                        let position = table.position(name);
                        let value = row.and_then(|row| row.get(position?));
                        out.put_bytes(value.and_then(Value::bytes));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The answer to a condition that does not hold: the row as it is, or what the condition asks of it.
fn write_not_applied(
    modify: &Modify,
    table: &Table,
    row: Option<Row>,
    out: &mut Vec<u8>,
) -> Result<(), ErrorFrame> {
    let mut columns = vec![("[applied]", &Type::Boolean)];
    let mut values = vec![Value::from(false)];
    if let Some(row) = row {
        for (column, value) in table.columns.iter().zip(row) {
            let asked = match &modify.only_if {
                If::Conditions(conditions) => {
                    conditions.iter().any(|condition| condition.column == column.name)
                }
                _ => true,
            };
            if asked {
                columns.push((&column.name, &column.of));
                values.push(value);
            }
        }
    }
    let output = Output::new(&table.keyspace, &table.name, columns);
    write_rows(out, &output, &[values], Page::default());
    Ok(())
}
