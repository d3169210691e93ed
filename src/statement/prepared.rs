mod renew;

use std::fmt;
use std::sync::{Arc, OnceLock};

use scylla::cluster::metadata::{CollectionType, ColumnType, NativeType};
use scylla::deserialize::row::DeserializeRow;
#[cfg(feature = "test-util")]
use scylla::frame::response::result::ColumnSpec;
use scylla::response::query_result::ColumnSpecs;
use scylla::serialize::row::SerializeRow;
use scylla::statement::prepared::PreparedStatement;

use super::handle::Handle;
use super::text::{TextFacts, Verb};
use super::{Bound, Statement};
use crate::cql::{Fingerprint, idempotence};
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
    handle: Handle,
    verb: Verb,
    nature: Nature,
    table: Option<(String, String)>,
    routable: bool,
    /// What its text says.
    idempotent: bool,
    /// A marker is of the type `list`; nobody says whether it is a frozen one.
    binds_list: bool,
    /// Computed when first asked for.
    fingerprint: OnceLock<Fingerprint>,
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
            if binds(driver.get_variable_col_specs(), is_counter) || known.unwrap_or(adds) {
                nature = Nature::Counter;
            }
        }
        let routable = driver.is_token_aware();
        let binds_list = binds(driver.get_variable_col_specs(), is_list);
        Self {
            inner: Arc::new(Inner {
                handle: Handle::new(driver),
                fingerprint: OnceLock::new(),
                verb: facts.verb,
                nature,
                table,
                routable,
                idempotent,
                binds_list,
            }),
        }
    }

    /// One that no server prepared, for tests.
    #[cfg(feature = "test-util")]
    pub(crate) fn made(text: &str, markers: Vec<ColumnSpec<'static>>) -> Self {
        let facts = TextFacts::read(text);
        let specs = ColumnSpecs::new(&markers);
        let nature = match facts.nature() {
            Nature::Write if binds(specs, is_counter) => Nature::Counter,
            nature => nature,
        };
        let table = facts.table;
        Self {
            inner: Arc::new(Inner {
                fingerprint: OnceLock::new(),
                verb: facts.verb,
                nature,
                table: table.map(|(keyspace, table)| (keyspace.unwrap_or_default(), table)),
                routable: false,
                idempotent: idempotence(text).is_yes(),
                binds_list: binds(specs, is_list),
                handle: Handle::Made {
                    text: text.into(),
                    markers,
                },
            }),
        }
    }

    pub(crate) fn verb(&self) -> Verb {
        self.inner.verb
    }

    pub(crate) fn fingerprint(&self) -> &Fingerprint {
        self.inner
            .fingerprint
            .get_or_init(|| Fingerprint::of(self.text()))
    }

    /// Binds values to the markers. They are checked and serialised here, once.
    ///
    /// # Errors
    /// `Serialization` when their number or a type does not fit; the source names the column and its type.
    pub fn bind(&self, values: impl SerializeRow) -> Result<Statement, Error> {
        self.bind_dyn(&values)
    }

    pub(crate) fn bind_dyn(&self, values: &(impl SerializeRow + ?Sized)) -> Result<Statement, Error> {
        let bound = Bound::new(self, values).map_err(Error::serialization)?;
        debug_assert_eq!(bound.count(), self.specs().len());
        let token = if self.inner.routable {
            self.inner.handle.token(&bound, self.nature())?
        } else {
            None
        };
        Ok(Statement::bound(bound, token))
    }

    /// Does a row type fit the columns that the server named when it was prepared?
    pub(crate) fn check_rows<R>(&self) -> Result<(), Error>
    where
        R: for<'a> DeserializeRow<'a, 'a>,
    {
        // One made for a test names no columns.
        let Ok(form) = self.form() else {
            return Ok(());
        };
        let columns = form.driver.get_current_result_set_col_specs();
        R::type_check(columns.get().as_slice()).map_err(|error| Error::decode(error).judged(Nature::Prepare))
    }

    /// The text it was prepared from.
    #[must_use]
    pub fn text(&self) -> &str {
        self.inner.handle.text()
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

    /// Names and types of its markers.
    pub(crate) fn specs(&self) -> ColumnSpecs<'_, 'static> {
        self.inner.handle.markers()
    }

    pub(crate) fn table(&self) -> Option<(&str, &str)> {
        self.inner
            .table
            .as_ref()
            .map(|(keyspace, table)| (keyspace.as_str(), table.as_str()))
    }

    /// Keyspace, table, name and type of each marker.
    pub(crate) fn markers(&self) -> impl Iterator<Item = (&str, &str, &str, &ColumnType<'_>)> {
        let columns = self.specs().as_slice();
        columns.iter().map(|column| {
            let table = column.table_spec();
            (table.ks_name(), table.table_name(), column.name(), column.typ())
        })
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

/// Has a marker such a type? Only an increment has one of the type `counter`.
fn binds(markers: ColumnSpecs<'_, '_>, is: fn(&ColumnType<'_>) -> bool) -> bool {
    markers.iter().any(|marker| is(marker.typ()))
}

const fn is_counter(typ: &ColumnType<'_>) -> bool {
    matches!(typ, ColumnType::Native(NativeType::Counter))
}

pub(crate) const fn is_list(typ: &ColumnType<'_>) -> bool {
    matches!(
        typ,
        ColumnType::Collection {
            typ: CollectionType::List(_),
            ..
        }
    )
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
