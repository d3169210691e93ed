use crate::schema::{ColumnKind, Table};
use crate::types::Type;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Statement {
    Select(Select),
    Modify(Modify),
    Truncate(TableRef),
    Use(String),
    Ddl(Ddl),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TableRef {
    pub(crate) keyspace: Option<String>,
    pub(crate) name: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Select {
    pub(crate) table: TableRef,
    pub(crate) selectors: Vec<Selector>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) limit: Option<Term>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Selector {
    All,
    Count { alias: Option<String> },
    Column { name: String, alias: Option<String> },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ModifyKind {
    Insert,
    Update,
    Delete,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Modify {
    pub(crate) kind: ModifyKind,
    pub(crate) table: TableRef,
    /// For a DELETE the columns, none for the whole row.
    pub(crate) assignments: Vec<Assign>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) only_if: If,
    /// Markers of `USING`: their names and types.
    pub(crate) using: Vec<(usize, &'static str, Type)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assign {
    pub(crate) column: String,
    pub(crate) change: Change,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    Set(Term),
    Add(Term),
    Subtract(Term),
    Remove,
}

impl Change {
    pub(crate) fn term(&self) -> Option<&Term> {
        match self {
            Self::Set(term) | Self::Add(term) | Self::Subtract(term) => Some(term),
            Self::Remove => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum If {
    Always,
    NotExists,
    Exists,
    Conditions(Vec<Condition>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) column: String,
    pub(crate) op: Op,
    pub(crate) term: Term,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    Marker { index: usize, name: Option<String> },
    Literal(Literal),
    Tuple(Vec<Term>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Text(String),
    Number(String),
    Boolean(bool),
    Uuid([u8; 16]),
    Blob(Vec<u8>),
    /// A function call, of which only the name counts.
    Function(String),
    /// A list, set or map.
    Collection(Vec<Term>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ddl {
    CreateKeyspace {
        name: String,
        replication: Vec<(String, String)>,
        if_not_exists: bool,
    },
    CreateTable {
        table: TableRef,
        columns: Vec<(String, Type, ColumnKind)>,
        if_not_exists: bool,
    },
    DropKeyspace {
        name: String,
        if_exists: bool,
    },
    DropTable {
        table: TableRef,
        if_exists: bool,
    },
    AddColumns {
        table: TableRef,
        columns: Vec<(String, Type)>,
    },
    /// Anything else that names a table or nothing, such as an index, a type or a role.
    Other,
}

impl TableRef {
    /// The table in the schema, by its own keyspace or that of the connection.
    pub(crate) fn keyspace_or<'a>(&'a self, current: Option<&'a str>) -> Option<&'a str> {
        self.keyspace.as_deref().or(current)
    }

    pub(crate) fn is(&self, table: &Table, current: Option<&str>) -> bool {
        table.name == self.name && self.keyspace_or(current) == Some(table.keyspace.as_str())
    }
}

impl Statement {
    pub(crate) fn table(&self) -> Option<&TableRef> {
        match self {
            Self::Select(select) => Some(&select.table),
            Self::Modify(modify) => Some(&modify.table),
            Self::Truncate(table) => Some(table),
            Self::Use(_) | Self::Ddl(_) => None,
        }
    }
}
