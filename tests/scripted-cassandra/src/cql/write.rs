use super::ast::{Assign, Change, Condition, If, Modify, ModifyKind, Op, Statement, Term};
use super::parser::{Parsed, Parser};
use crate::types::Type;

impl Parser {
    pub(super) fn insert(&mut self) -> Parsed<Statement> {
        self.expect("into")?;
        let table = self.table()?;
        self.expect_symbol('(')?;
        let columns = self.list(Self::name)?;
        self.expect_symbol(')')?;
        self.expect("values")?;
        self.expect_symbol('(')?;
        let terms = self.list(Self::term)?;
        self.expect_symbol(')')?;
        if columns.len() != terms.len() {
            return Err("unmatched column names/values".to_owned());
        }
        let only_if = if self.accept_all(&["if", "not", "exists"]) {
            If::NotExists
        } else {
            If::Always
        };
        let using = self.using()?;
        let assignments = columns.into_iter().zip(terms).map(|(column, term)| Assign {
            column,
            change: Change::Set(term),
        });
        Ok(Statement::Modify(Modify {
            kind: ModifyKind::Insert,
            table,
            assignments: assignments.collect(),
            conditions: Vec::new(),
            only_if,
            using,
        }))
    }

    pub(super) fn update(&mut self) -> Parsed<Statement> {
        let table = self.table()?;
        let using = self.using()?;
        self.expect("set")?;
        let assignments = self.list(Self::assignment)?;
        self.expect("where")?;
        let conditions = self.conditions()?;
        let only_if = self.only_if()?;
        Ok(Statement::Modify(Modify {
            kind: ModifyKind::Update,
            table,
            assignments,
            conditions,
            only_if,
            using,
        }))
    }

    pub(super) fn delete(&mut self) -> Parsed<Statement> {
        let columns = if self.is_word("from") {
            Vec::new()
        } else {
            self.list(Self::name)?
        };
        self.expect("from")?;
        let table = self.table()?;
        let using = self.using()?;
        self.expect("where")?;
        let conditions = self.conditions()?;
        let only_if = self.only_if()?;
        let assignments = columns.into_iter().map(|column| Assign {
            column,
            change: Change::Remove,
        });
        Ok(Statement::Modify(Modify {
            kind: ModifyKind::Delete,
            table,
            assignments: assignments.collect(),
            conditions,
            only_if,
            using,
        }))
    }

    fn assignment(&mut self) -> Parsed<Assign> {
        let column = self.name()?;
        self.expect_symbol('=')?;
        let change = if self.is_word(&column) {
            self.name()?;
            if self.accept_symbol('+') {
                Change::Add(self.term()?)
            } else {
                self.expect_symbol('-')?;
                Change::Subtract(self.term()?)
            }
        } else {
            Change::Set(self.term()?)
        };
        Ok(Assign { column, change })
    }

    fn only_if(&mut self) -> Parsed<If> {
        if !self.accept("if") {
            return Ok(If::Always);
        }
        if self.accept("exists") {
            return Ok(If::Exists);
        }
        self.conditions().map(If::Conditions)
    }

    fn using(&mut self) -> Parsed<Vec<(usize, &'static str, Type)>> {
        let mut markers = Vec::new();
        if !self.accept("using") {
            return Ok(markers);
        }
        loop {
            let (name, of) = match self.word()?.as_str() {
                "ttl" => ("[ttl]", Type::Int),
                "timestamp" => ("[timestamp]", Type::BigInt),
                "timeout" => ("[timeout]", Type::Duration),
                _ => return Err(self.unexpected()),
            };
            if let Term::Marker { index, .. } = self.term()? {
                markers.push((index, name, of));
            }
            if !self.accept("and") {
                return Ok(markers);
            }
        }
    }
}

impl Modify {
    /// The term that a column must be equal to, or is set to by an INSERT.
    pub(crate) fn equal_term(&self, column: &str) -> Option<&Term> {
        if self.kind == ModifyKind::Insert {
            let found = self.assignments.iter().find(|assign| assign.column == column);
            return found.and_then(|assign| assign.change.term());
        }
        equal_term(&self.conditions, column)
    }
}

/// The term that a column must be equal to.
pub(crate) fn equal_term<'a>(conditions: &'a [Condition], column: &str) -> Option<&'a Term> {
    conditions
        .iter()
        .find(|condition| condition.op == Op::Equal && condition.column == column)
        .map(|condition| &condition.term)
}

#[cfg(test)]
mod tests {
    use crate::cql::{Change, If, Modify, ModifyKind, Statement, Term, parse};

    fn modify(text: &str) -> Modify {
        match parse(text) {
            Ok(Statement::Modify(modify)) => modify,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn the_markers_of_a_write_are_counted_in_order() {
        let update = modify("UPDATE t USING TIMESTAMP ? SET n = n + ?, v = 'x' WHERE id = :id IF v = ?");
        assert_eq!(update.using[0].0, 0);
        assert!(matches!(
            update.assignments[0].change,
            Change::Add(Term::Marker { index: 1, .. })
        ));
        assert!(matches!(
            update.equal_term("id"),
            Some(Term::Marker { index: 2, .. })
        ));
        let If::Conditions(conditions) = update.only_if else {
            panic!("no conditions");
        };
        assert!(matches!(conditions[0].term, Term::Marker { index: 3, .. }));
    }

    #[test]
    fn inserts_and_deletes_are_understood() {
        let insert = modify("INSERT INTO ks.t (id, v) VALUES (?, null) IF NOT EXISTS USING TTL 5");
        assert_eq!(
            (insert.kind, insert.only_if.clone()),
            (ModifyKind::Insert, If::NotExists)
        );
        assert!(matches!(
            insert.equal_term("id"),
            Some(Term::Marker { index: 0, .. })
        ));
        let delete = modify("DELETE v FROM t WHERE id = 1 IF EXISTS");
        assert_eq!(delete.assignments[0].change, Change::Remove);
        assert!(parse("INSERT INTO t (a, b) VALUES (1)").is_err());
        assert!(parse("INSERT INTO t (a)").is_err());
    }
}
