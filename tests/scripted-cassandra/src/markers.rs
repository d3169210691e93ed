//! The markers of a statement, with the types of the columns they are for.

use crate::cql::{Condition, If, Modify, ModifyKind, Op, Statement, Term, equal_term};
use crate::error_frames::ErrorFrame;
use crate::schema::{ColumnKind, Table};
use crate::types::Type;

/// Names and types of all markers, and the marker of each column of the partition key if all have one.
type Found = (Vec<(String, Type)>, Vec<usize>);

pub(crate) fn markers(statement: &Statement, table: &Table) -> Result<Found, ErrorFrame> {
    let mut markers = Markers {
        table,
        found: Vec::new(),
    };
    match statement {
        Statement::Select(select) => {
            markers.conditions(&select.conditions)?;
            if let Some(limit) = &select.limit {
                markers.term(limit, "[limit]", &Type::Int);
            }
        }
        Statement::Modify(modify) => markers.modify(modify)?,
        Statement::Truncate(_) | Statement::Use(_) | Statement::Ddl(_) => {}
    }
    let key_marker = |column: &str| {
        let term = match statement {
            Statement::Select(select) => equal_term(&select.conditions, column),
            Statement::Modify(modify) => modify.equal_term(column),
            Statement::Truncate(_) | Statement::Use(_) | Statement::Ddl(_) => None,
        };
        match term {
            Some(Term::Marker { index, .. }) => Some(*index),
            _ => None,
        }
    };
    let keys = table.indexes(ColumnKind::PartitionKey);
    let key_markers: Option<Vec<usize>> = keys.map(|key| key_marker(&table.columns[key].name)).collect();
    markers.found.sort_by_key(|(index, _, _)| *index);
    let binds = markers.found.into_iter().map(|(_, name, of)| (name, of));
    Ok((binds.collect(), key_markers.unwrap_or_default()))
}

pub(crate) fn unknown(column: &str) -> ErrorFrame {
    ErrorFrame::invalid(format!("Undefined column name {column}"))
}

struct Markers<'a> {
    table: &'a Table,
    found: Vec<(usize, String, Type)>,
}

impl Markers<'_> {
    fn column(&self, name: &str) -> Result<Type, ErrorFrame> {
        let position = self.table.position(name).ok_or_else(|| unknown(name))?;
        Ok(self.table.columns[position].of.clone())
    }

    fn term(&mut self, term: &Term, name: &str, of: &Type) {
        match term {
            Term::Marker { index, name: own } => {
                let name = own.as_deref().unwrap_or(name);
                self.found.push((*index, name.to_owned(), of.clone()));
            }
            Term::Tuple(terms) => {
                for term in terms {
                    self.term(term, name, of);
                }
            }
            Term::Literal(_) => {}
        }
    }

    fn conditions(&mut self, conditions: &[Condition]) -> Result<(), ErrorFrame> {
        for condition in conditions {
            let of = self.column(&condition.column)?;
            match &condition.term {
                term @ Term::Marker { .. } if condition.op == Op::In => {
                    self.term(term, &format!("in({})", condition.column), &of.clone().list());
                }
                term => self.term(term, &condition.column, &of),
            }
        }
        Ok(())
    }

    fn modify(&mut self, modify: &Modify) -> Result<(), ErrorFrame> {
        for assign in &modify.assignments {
            let of = self.column(&assign.column)?;
            if let Some(term) = assign.change.term() {
                self.term(term, &assign.column, &of);
            }
        }
        self.conditions(&modify.conditions)?;
        if let If::Conditions(conditions) = &modify.only_if {
            self.conditions(conditions)?;
        }
        for (index, name, of) in &modify.using {
            self.found.push((*index, (*name).to_owned(), of.clone()));
        }
        let mut keys = self.table.indexes(ColumnKind::PartitionKey);
        let has = |column: &str| {
            let conditions = &modify.conditions;
            modify.equal_term(column).is_some()
                || conditions.iter().any(|condition| condition.column == column)
        };
        if let Some(key) = keys.find(|&key| !has(&self.table.columns[key].name)) {
            let name = &self.table.columns[key].name;
            return Err(ErrorFrame::invalid(format!(
                "Some partition key parts are missing: {name}"
            )));
        }
        self.clustering(modify)
    }

    /// A row is written under its whole key. Without all of it there are many, which only a DELETE may be for; and what is static is of all of them.
    fn clustering(&self, modify: &Modify) -> Result<(), ErrorFrame> {
        if modify.kind == ModifyKind::Delete || self.is_static(modify) {
            return Ok(());
        }
        for key in self.table.indexes(ColumnKind::Clustering) {
            let name = &self.table.columns[key].name;
            let condition = modify
                .conditions
                .iter()
                .find(|condition| condition.column == *name);
            match condition.map(|condition| condition.op) {
                _ if modify.equal_term(name).is_some() => {}
                Some(Op::In) => {}
                Some(_) => {
                    let message =
                        "Slice restrictions are not supported on the clustering columns in UPDATE statements";
                    return Err(ErrorFrame::invalid(message));
                }
                None => {
                    let message = format!("Some clustering keys are missing: {name}");
                    return Err(ErrorFrame::invalid(message));
                }
            }
        }
        Ok(())
    }

    /// Whether it writes static columns and no others.
    fn is_static(&self, modify: &Modify) -> bool {
        let kinds = modify.assignments.iter().filter_map(|assign| {
            let position = self.table.position(&assign.column)?;
            Some(self.table.columns[position].kind)
        });
        let mut written = kinds.filter(|kind| *kind != ColumnKind::PartitionKey).peekable();
        written.peek().is_some() && written.all(|kind| kind == ColumnKind::Static)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cql::parse;

    fn refusal(text: &str) -> Option<String> {
        let table = Table::new("ks", "wide")
            .partition_key("a", Type::Int)
            .clustering("b", Type::Int)
            .clustering("c", Type::Int)
            .static_column("s", Type::Int)
            .column("n", Type::Int);
        let refused = markers(&parse(text).unwrap(), &table).err();
        refused.map(|error| format!("{error:?}"))
    }

    #[test]
    fn a_row_is_written_under_its_whole_key() {
        for text in [
            "INSERT INTO ks.wide (a, b, c, n) VALUES (?, 1, ?, ?)",
            "INSERT INTO ks.wide (a, s) VALUES (?, ?)",
            "UPDATE ks.wide SET n = ? WHERE a = ? AND b = ? AND c = ?",
            "UPDATE ks.wide SET n = ? WHERE a = ? AND b = ? AND c IN (1, 2)",
            "UPDATE ks.wide SET s = ? WHERE a = ?",
            "DELETE FROM ks.wide WHERE a = ?",
            "DELETE FROM ks.wide WHERE a = ? AND b = ?",
        ] {
            assert_eq!(refusal(text), None, "{text}");
        }
        for (text, why) in [
            (
                "INSERT INTO ks.wide (b, c, n) VALUES (?, ?, ?)",
                "Some partition key parts are missing: a",
            ),
            (
                "INSERT INTO ks.wide (a, b, n) VALUES (?, ?, ?)",
                "Some clustering keys are missing: c",
            ),
            (
                "INSERT INTO ks.wide (a, s, n) VALUES (?, ?, ?)",
                "Some clustering keys are missing: b",
            ),
            (
                "UPDATE ks.wide SET n = ? WHERE a = ?",
                "Some clustering keys are missing: b",
            ),
            (
                "UPDATE ks.wide SET n = ? WHERE a = ? AND b = ? AND c > ?",
                "Slice restrictions",
            ),
        ] {
            let refused = refusal(text).unwrap_or_default();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }
}
