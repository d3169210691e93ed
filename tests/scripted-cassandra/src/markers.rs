//! The markers of a statement, with the types of the columns they are for.

use crate::cql::{Condition, If, Modify, Op, Statement, Term, equal_term};
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
        match keys.find(|&key| !has(&self.table.columns[key].name)) {
            None => Ok(()),
            Some(key) => {
                let name = &self.table.columns[key].name;
                Err(ErrorFrame::invalid(format!(
                    "Some partition key parts are missing: {name}"
                )))
            }
        }
    }
}
