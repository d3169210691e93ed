use std::fmt;
use std::sync::Arc;

use scylla::cluster::metadata::{ColumnType, NativeType};
use scylla::deserialize::row::DeserializeRow;
use scylla::serialize::row::SerializeRow;
use scylla::statement::prepared::PreparedStatement;

use super::form::{Form, Forms};
use super::text::{TextFacts, Verb};
use super::{Bound, Statement, Text};
use crate::error::Error;
use crate::nature::Nature;

/// A statement that the cluster has prepared. Cheap to clone; made by [`Session::prepare`](crate::Session::prepare).
///
/// When a node does not know it any more it is prepared there anew, unseen; when the server has another id for it, once for all who
/// hold it. It keeps the types it was prepared with: after its table was made anew with other types, or its user-defined type has
/// got new fields, ask the session for it again.
#[derive(Clone)]
pub struct Prepared {
    inner: Arc<Inner>,
}

struct Inner {
    /// As it was prepared first. Its text and its types are those of every later form.
    first: PreparedStatement,
    forms: Forms,
    nature: Nature,
    table: Option<(String, String)>,
    routable: bool,
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
        let mut nature = Text {
            text: "".into(),
            facts,
        }
        .nature();
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
        Self {
            inner: Arc::new(Inner {
                forms: Forms::new(driver.clone()),
                first: driver,
                nature,
                table,
                routable,
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
        let driver = &self.inner.first;
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

    /// Does a row type fit the columns that the server named when it was prepared?
    pub(crate) fn check_rows<R>(&self) -> Result<(), Error>
    where
        R: for<'a> DeserializeRow<'a, 'a>,
    {
        let driver = self.inner.forms.current().driver;
        let columns = driver.get_current_result_set_col_specs();
        R::type_check(columns.get().as_slice()).map_err(|error| Error::decode(error).judged(Nature::Prepare))
    }

    /// The text it was prepared from.
    #[must_use]
    pub fn text(&self) -> &str {
        self.inner.first.get_statement()
    }

    /// What kind of request it is.
    #[must_use]
    pub fn nature(&self) -> Nature {
        self.inner.nature
    }

    pub(crate) fn table(&self) -> Option<(&str, &str)> {
        self.inner
            .table
            .as_ref()
            .map(|(keyspace, table)| (keyspace.as_str(), table.as_str()))
    }

    /// Keyspace, table, name and type of each marker.
    pub(crate) fn markers(&self) -> impl Iterator<Item = (&str, &str, &str, &ColumnType<'_>)> {
        let columns = self.inner.first.get_variable_col_specs().as_slice();
        columns.iter().map(|column| {
            let table = column.table_spec();
            (table.ks_name(), table.table_name(), column.name(), column.typ())
        })
    }

    /// What is sent now.
    pub(crate) fn form(&self) -> Form {
        self.inner.forms.current()
    }

    pub(crate) fn version(&self) -> u64 {
        self.inner.forms.version()
    }

    /// Has it to be prepared anew before it is sent?
    pub(crate) fn is_stale(&self) -> bool {
        self.inner.forms.is_stale()
    }

    /// The server did not know the form of this version.
    pub(crate) fn mark_stale(&self, version: u64) {
        self.inner.forms.mark_stale(version);
    }

    /// Prepares it anew, once for all who hold it. Values that are bound already keep their meaning, or it is an error.
    pub(crate) async fn renew(
        &self,
        prepare: impl Future<Output = Result<Self, Error>>,
    ) -> Result<(), Error> {
        let prepare = async {
            let fresh = prepare.await?;
            if self.binds_like(&fresh) {
                Ok(fresh.inner.first.clone())
            } else {
                Err(Error::invalid(
                    "the statement means something else now, in another keyspace or with other types: prepare and bind it anew",
                ))
            }
        };
        self.inner.forms.renew(prepare).await
    }

    /// Is it the same statement as `other`, so that values bound to that mean the same here? Not if it is one of another keyspace
    /// now, or if its types or its key have changed.
    fn binds_like(&self, other: &Self) -> bool {
        let (mine, theirs) = (&self.inner.first, &other.inner.first);
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
    let markers = driver.get_variable_col_specs();
    let is_counter = |typ: &ColumnType<'_>| matches!(typ, ColumnType::Native(NativeType::Counter));
    markers.iter().any(|marker| is_counter(marker.typ()))
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
