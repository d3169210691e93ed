use super::ast::{Select, Selector, Statement};
use super::lexer::Token;
use super::parser::{Parsed, Parser};

impl Parser {
    pub(super) fn select(&mut self) -> Parsed<Statement> {
        let _ = self.accept("json") || self.accept("distinct");
        let selectors = if self.accept_symbol('*') {
            vec![Selector::All]
        } else {
            self.list(Self::selector)?
        };
        self.expect("from")?;
        let table = self.table()?;
        let conditions = if self.accept("where") {
            self.conditions()?
        } else {
            Vec::new()
        };
        if self.accept_all(&["order", "by"]) {
            self.list(|parser| {
                parser.name()?;
                let _ = parser.accept("asc") || parser.accept("desc");
                Ok(())
            })?;
        }
        let limit = if self.accept("limit") {
            Some(self.term()?)
        } else {
            None
        };
        self.accept_all(&["allow", "filtering"]);
        if self.accept_all(&["using", "timeout"]) {
            self.next()?;
        }
        Ok(Statement::Select(Select {
            table,
            selectors,
            conditions,
            limit,
        }))
    }

    fn selector(&mut self) -> Parsed<Selector> {
        let name = self.name()?;
        if name == "count" && self.accept_symbol('(') {
            match self.next()? {
                Token::Symbol('*') | Token::Number(_) => self.expect_symbol(')')?,
                _ => return Err(self.unexpected()),
            }
            let alias = self.alias()?;
            return Ok(Selector::Count { alias });
        }
        let alias = self.alias()?;
        Ok(Selector::Column { name, alias })
    }

    fn alias(&mut self) -> Parsed<Option<String>> {
        self.accept("as").then(|| self.name()).transpose()
    }
}

#[cfg(test)]
mod tests {
    use crate::cql::{Op, Selector, Statement, Term, parse};

    #[test]
    fn the_parts_of_a_select_are_found() {
        let text = "SELECT a, count(*) AS n FROM ks.t WHERE a = ? AND b IN (1, ?) AND c >= 'x' \
                    ORDER BY b DESC LIMIT :n ALLOW FILTERING;";
        let Ok(Statement::Select(select)) = parse(text) else {
            panic!("not a select");
        };
        assert_eq!(select.table.keyspace.as_deref(), Some("ks"));
        assert_eq!(
            select.selectors[1],
            Selector::Count {
                alias: Some("n".into())
            }
        );
        let ops: Vec<Op> = select.conditions.iter().map(|condition| condition.op).collect();
        assert_eq!(ops, [Op::Equal, Op::In, Op::GreaterOrEqual]);
        let name = Some("n".into());
        assert_eq!(select.limit, Some(Term::Marker { index: 2, name }));
    }

    #[test]
    fn the_metadata_queries_of_drivers_are_understood() {
        for text in [
            "SELECT host_id, rpc_address, data_center, rack, tokens FROM system.peers",
            "SELECT schema_version FROM system.local WHERE key='local'",
            "SELECT keyspace_name, table_name, column_name, kind, position, type FROM system_schema.columns \
             where keyspace_name in ? USING TIMEOUT 5000ms",
        ] {
            assert!(matches!(parse(text), Ok(Statement::Select(_))), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_statement_is_a_syntax_error() {
        for text in [
            "",
            "SELEC * FROM t",
            "SELECT * FROM",
            "SELECT * FROM t WHERE",
            "SELECT * FROM t ?",
        ] {
            assert_eq!(parse(text).unwrap_err().error_code(), 0x2000, "{text}");
        }
    }
}
