use super::ast::{Ddl, Literal, TableRef, Term};
use super::parser::{Parsed, Parser};
use crate::schema::ColumnKind;
use crate::types::Type;

type NewColumns = Vec<(String, Type, ColumnKind)>;

impl Parser {
    pub(super) fn ddl(&mut self, first: &str) -> Parsed<Ddl> {
        let what = self.word()?;
        match (first, what.as_str()) {
            ("create", "keyspace") => self.create_keyspace(),
            ("create", "table") => self.create_table(),
            ("drop", "keyspace") => {
                let if_exists = self.accept_all(&["if", "exists"]);
                let name = self.name()?;
                Ok(Ddl::DropKeyspace { name, if_exists })
            }
            ("drop", "table") => {
                let if_exists = self.accept_all(&["if", "exists"]);
                let table = self.table()?;
                Ok(Ddl::DropTable { table, if_exists })
            }
            ("alter", "table") => self.alter_table(),
            _ => {
                self.name()?;
                self.skip_all();
                Ok(Ddl::Other)
            }
        }
    }

    fn create_keyspace(&mut self) -> Parsed<Ddl> {
        let if_not_exists = self.accept_all(&["if", "not", "exists"]);
        let name = self.name()?;
        self.expect("with")?;
        self.expect("replication")?;
        self.expect_symbol('=')?;
        let Term::Literal(Literal::Collection(items)) = self.term()? else {
            return Err(self.unexpected());
        };
        let plain = |term: &Term| match term {
            Term::Literal(Literal::Text(text) | Literal::Number(text)) => text.clone(),
            _ => String::new(),
        };
        let pairs = items.chunks_exact(2);
        let replication = pairs.map(|pair| (plain(&pair[0]), plain(&pair[1]))).collect();
        self.skip_all();
        Ok(Ddl::CreateKeyspace {
            name,
            replication,
            if_not_exists,
        })
    }

    fn create_table(&mut self) -> Parsed<Ddl> {
        let if_not_exists = self.accept_all(&["if", "not", "exists"]);
        let table = self.table()?;
        self.expect_symbol('(')?;
        let mut columns: NewColumns = Vec::new();
        let mut partition = Vec::new();
        let mut clustering = Vec::new();
        self.list(|parser| {
            if parser.accept_all(&["primary", "key"]) {
                (partition, clustering) = parser.primary_key()?;
                return Ok(());
            }
            let name = parser.name()?;
            let of = parser.column_type()?;
            let kind = if parser.accept("static") {
                ColumnKind::Static
            } else {
                ColumnKind::Regular
            };
            if parser.accept_all(&["primary", "key"]) {
                partition.push(name.clone());
            }
            columns.push((name, of, kind));
            Ok(())
        })?;
        self.expect_symbol(')')?;
        self.skip_all();
        let columns = in_key_order(columns, &partition, &clustering)?;
        Ok(Ddl::CreateTable {
            table,
            columns,
            if_not_exists,
        })
    }

    fn primary_key(&mut self) -> Parsed<(Vec<String>, Vec<String>)> {
        self.expect_symbol('(')?;
        let partition = if self.accept_symbol('(') {
            let columns = self.list(Self::name)?;
            self.expect_symbol(')')?;
            columns
        } else {
            vec![self.name()?]
        };
        let clustering = if self.accept_symbol(',') {
            self.list(Self::name)?
        } else {
            Vec::new()
        };
        self.expect_symbol(')')?;
        Ok((partition, clustering))
    }

    fn alter_table(&mut self) -> Parsed<Ddl> {
        let table: TableRef = self.table()?;
        if !self.accept("add") {
            self.word()?;
            self.skip_all();
            return Ok(Ddl::AddColumns {
                table,
                columns: Vec::new(),
            });
        }
        self.accept_symbol('(');
        let columns = self.list(|parser| Ok((parser.name()?, parser.column_type()?)))?;
        self.accept_symbol(')');
        Ok(Ddl::AddColumns { table, columns })
    }

    fn column_type(&mut self) -> Parsed<Type> {
        let name = self.name()?;
        if !self.accept_symbol('<') {
            return Type::native(&name).ok_or_else(|| format!("unknown type {name}"));
        }
        let mut parts = self.list(Self::column_type)?;
        self.expect_symbol('>')?;
        match (name.as_str(), parts.len()) {
            ("frozen", 1) => Ok(parts.remove(0)),
            ("list", 1) => Ok(parts.remove(0).list()),
            ("set", 1) => Ok(parts.remove(0).set()),
            ("map", 2) => {
                let value = parts.remove(1);
                Ok(parts.remove(0).map_to(value))
            }
            ("tuple", _) => Ok(Type::Tuple(parts)),
            _ => Err(format!("unknown type {name}")),
        }
    }
}

/// The columns with their kinds, keys first and in the order of the primary key.
fn in_key_order(columns: NewColumns, partition: &[String], clustering: &[String]) -> Parsed<NewColumns> {
    if partition.is_empty() {
        return Err("no PRIMARY KEY specified".to_owned());
    }
    let keys = partition
        .iter()
        .map(|name| (name, ColumnKind::PartitionKey))
        .chain(clustering.iter().map(|name| (name, ColumnKind::Clustering)));
    let mut sorted = Vec::new();
    for (name, kind) in keys {
        let found = columns.iter().find(|(column, _, _)| column == name);
        let (_, of, _) =
            found.ok_or_else(|| format!("unknown definition {name} referenced in PRIMARY KEY"))?;
        sorted.push((name.clone(), of.clone(), kind));
    }
    let others = columns
        .into_iter()
        .filter(|(name, _, _)| !partition.contains(name) && !clustering.contains(name));
    sorted.extend(others);
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use crate::cql::{Ddl, Statement, parse};
    use crate::schema::ColumnKind;
    use crate::types::Type;

    #[test]
    fn a_table_has_its_keys_first() {
        let text = "CREATE TABLE ks.t (v map<text, frozen<list<int>>>, b int, a uuid, PRIMARY KEY ((a), b)) \
                    WITH CLUSTERING ORDER BY (b DESC)";
        let Ok(Statement::Ddl(Ddl::CreateTable { columns, .. })) = parse(text) else {
            panic!("not a table");
        };
        assert_eq!(columns[0], ("a".into(), Type::Uuid, ColumnKind::PartitionKey));
        assert_eq!(columns[1], ("b".into(), Type::Int, ColumnKind::Clustering));
        assert_eq!(columns[2].1, Type::Text.map_to(Type::Int.list()));
        assert!(parse("CREATE TABLE t (a int)").is_err());
        assert!(parse("CREATE TABLE t").is_err());
    }

    #[test]
    fn a_keyspace_has_its_replication() {
        let text = "CREATE KEYSPACE IF NOT EXISTS ks WITH replication = {'class': 'SimpleStrategy', \
                    'replication_factor': 2}";
        let Ok(Statement::Ddl(Ddl::CreateKeyspace { replication, .. })) = parse(text) else {
            panic!("not a keyspace");
        };
        assert_eq!(replication[1], ("replication_factor".into(), "2".into()));
    }
}
