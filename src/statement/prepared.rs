use std::fmt;
use std::sync::Arc;

use scylla::cluster::metadata::{CollectionType, ColumnType, NativeType};
use scylla::serialize::row::SerializeRow;
use scylla::statement::prepared::PreparedStatement;

use super::text::{TextFacts, Verb};
use super::{Bound, Statement};
use crate::cql::idempotence;
use crate::error::Error;
use crate::nature::Nature;

/// A statement that the cluster has prepared. Cheap to clone; made by [`Session::prepare`](crate::Session::prepare).
#[derive(Clone)]
pub struct Prepared {
    inner: Arc<Inner>,
}

struct Inner {
    driver: PreparedStatement,
    nature: Nature,
    table: Option<(String, String)>,
    routable: bool,
    /// What its text says.
    idempotent: bool,
    /// A marker is of the type `list`; nobody says whether it is a frozen one.
    binds_list: bool,
}

impl Prepared {
    /// `has_counters` says whether a table (keyspace, name) has counters; none for one that is not known.
    pub(crate) fn new(
        driver: PreparedStatement,
        keyspace: Option<&str>,
        has_counters: impl Fn(&str, &str) -> Option<bool>,
    ) -> Self {
        let facts = TextFacts::read(driver.get_statement());
        let table = table_of(&driver, &facts, keyspace);
        let adds = facts.adds;
        let idempotent = idempotence(driver.get_statement()).is_yes();
        let mut nature = facts.nature();
        if nature == Nature::Write {
            let known = table
                .as_ref()
                .and_then(|(keyspace, table)| has_counters(keyspace, table));
            // A table that another session made a moment ago is not known yet. To take a list for a counter costs a
            // retry; to take a counter for a list counts twice.
            if binds_counter(&driver) || known.unwrap_or(adds) {
                nature = Nature::Counter;
            }
        }
        let routable = driver.is_token_aware();
        let binds_list = binds(&driver, |typ| {
            matches!(
                typ,
                ColumnType::Collection {
                    typ: CollectionType::List(_),
                    ..
                }
            )
        });
        Self {
            inner: Arc::new(Inner {
                driver,
                nature,
                table,
                routable,
                idempotent,
                binds_list,
            }),
        }
    }

    /// Binds values to the markers. They are checked and serialised here, once.
    ///
    /// # Errors
    /// `Serialization` when their number or a type does not fit; the source names the column and its type.
    pub fn bind(&self, values: impl SerializeRow) -> Result<Statement, Error> {
        self.bind_dyn(&values)
    }

    pub(crate) fn bind_dyn(&self, values: &(impl SerializeRow + ?Sized)) -> Result<Statement, Error> {
        let driver = &self.inner.driver;
        let columns = driver.get_variable_col_specs();
        let bound = Bound::new(columns.as_slice(), values).map_err(Error::serialization)?;
        debug_assert_eq!(bound.count(), columns.len());
        let token = if self.inner.routable {
            driver
                .calculate_token(&bound)
                .map_err(|error| Error::from_execution(error.into_execution_error(), self.nature(), None))?
                .map(|token| token.value())
        } else {
            None
        };
        Ok(Statement::bound(self.clone(), bound, token))
    }

    /// The text it was prepared from.
    #[must_use]
    pub fn text(&self) -> &str {
        self.inner.driver.get_statement()
    }

    /// What kind of request it is.
    #[must_use]
    pub fn nature(&self) -> Nature {
        self.inner.nature
    }

    pub(crate) fn reads_idempotent(&self) -> bool {
        self.inner.idempotent
    }

    pub(crate) fn binds_list(&self) -> bool {
        self.inner.binds_list
    }

    pub(crate) fn table(&self) -> Option<(&str, &str)> {
        self.inner
            .table
            .as_ref()
            .map(|(keyspace, table)| (keyspace.as_str(), table.as_str()))
    }

    pub(crate) fn driver(&self) -> &PreparedStatement {
        &self.inner.driver
    }

    /// Is it the same statement as `other`, so that values bound to that mean the same here? Not if it is one of another keyspace
    /// now, or if its types or its key have changed.
    pub(crate) fn binds_like(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.driver(), other.driver());
        let (types, other_types) = (mine.get_variable_col_specs(), theirs.get_variable_col_specs());
        let keys = |driver: &PreparedStatement| -> Vec<(u16, u16)> {
            driver
                .get_variable_pk_indexes()
                .iter()
                .map(|key| (key.index, key.sequence))
                .collect()
        };
        self.inner.table == other.inner.table
            && types.len() == other_types.len()
            && types
                .iter()
                .zip(other_types.iter())
                .all(|(a, b)| a.typ() == b.typ())
            && keys(mine) == keys(theirs)
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("nature", &self.inner.nature)
            .field("table", &self.inner.table)
            .finish_non_exhaustive()
    }
}

/// Is a marker of the type `counter`? Only an increment has such a one.
fn binds_counter(driver: &PreparedStatement) -> bool {
    binds(driver, |typ| {
        matches!(typ, ColumnType::Native(NativeType::Counter))
    })
}

/// Has a marker such a type?
fn binds(driver: &PreparedStatement, is: impl Fn(&ColumnType<'_>) -> bool) -> bool {
    driver
        .get_variable_col_specs()
        .iter()
        .any(|marker| is(marker.typ()))
}

/// The first bind marker knows its table; without markers a result column does; else the text has to do.
fn table_of(
    driver: &PreparedStatement,
    facts: &TextFacts,
    keyspace: Option<&str>,
) -> Option<(String, String)> {
    if let Some(spec) = driver.get_table_spec() {
        return Some((spec.ks_name().to_owned(), spec.table_name().to_owned()));
    }
    if facts.verb == Verb::Select {
        let columns = driver.get_current_result_set_col_specs();
        if let Some(column) = columns.get().get_by_index(0) {
            let spec = column.table_spec();
            return Some((spec.ks_name().to_owned(), spec.table_name().to_owned()));
        }
    }
    let (named, table) = facts.table.clone()?;
    Some((named.or_else(|| keyspace.map(str::to_owned))?, table))
}
