//! The form that servers know it in, and what happens when they know it no more.

use super::Prepared;
use crate::error::Error;
use crate::statement::form::{Form, Forms};

impl Prepared {
    /// What is sent now.
    ///
    /// # Errors
    /// `Unsupported` for one that no server prepared.
    pub(crate) fn form(&self) -> Result<Form, Error> {
        self.inner.handle.form()
    }

    pub(crate) fn version(&self) -> u64 {
        self.inner.handle.forms().map_or(0, Forms::version)
    }

    /// Has it to be prepared anew before it is sent?
    pub(crate) fn is_stale(&self) -> bool {
        self.inner.handle.forms().is_some_and(Forms::is_stale)
    }

    /// The server did not know the form of this version.
    pub(crate) fn mark_stale(&self, version: u64) {
        if let Some(forms) = self.inner.handle.forms() {
            forms.mark_stale(version);
        }
    }

    /// Prepares it anew, once for all who hold it. Values that are bound already keep their meaning, or it is an error.
    pub(crate) async fn renew(
        &self,
        prepare: impl Future<Output = Result<Self, Error>>,
    ) -> Result<(), Error> {
        let prepare = async {
            let fresh = prepare.await?;
            if self.binds_like(&fresh) {
                fresh.inner.handle.first().cloned()
            } else {
                Err(Error::invalid(
                    "the statement means something else now, in another keyspace or with other types: prepare and bind it anew",
                ))
            }
        };
        match self.inner.handle.forms() {
            Some(forms) => forms.renew(prepare).await,
            None => Ok(()),
        }
    }

    /// Is it the same statement as `other`, so that values bound to that mean the same here? Not if it is one of another keyspace
    /// now, or if its types or its key have changed.
    fn binds_like(&self, other: &Self) -> bool {
        let (mine, theirs) = (&self.inner.handle, &other.inner.handle);
        let (types, other_types) = (mine.markers(), theirs.markers());
        self.inner.table == other.inner.table
            && types.len() == other_types.len()
            && types
                .iter()
                .zip(other_types.iter())
                .all(|(a, b)| a.typ() == b.typ())
            && mine.keys() == theirs.keys()
    }
}
