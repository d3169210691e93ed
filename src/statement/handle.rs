//! What a prepared statement was prepared from: the driver's handle in its newest form, or one made for a test.

#[cfg(feature = "test-util")]
use scylla::frame::response::result::ColumnSpec;
use scylla::response::query_result::ColumnSpecs;
use scylla::routing::partitioner::Partitioner;
use scylla::statement::prepared::PreparedStatement;

use super::Bound;
use super::form::{Form, Forms};
use crate::error::Error;
use crate::nature::Nature;

// Kept by value: one for each text, behind an `Arc`.
#[allow(clippy::large_enum_variant)]
pub(super) enum Handle {
    Driver {
        /// As it was prepared first. Its text and its types are those of every later form.
        first: PreparedStatement,
        forms: Forms,
    },
    #[cfg(feature = "test-util")]
    Made {
        text: Box<str>,
        markers: Vec<ColumnSpec<'static>>,
    },
}

impl Handle {
    pub(super) fn new(driver: PreparedStatement) -> Self {
        Self::Driver {
            forms: Forms::new(driver.clone()),
            first: driver,
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Driver { first, .. } => first.get_statement(),
            #[cfg(feature = "test-util")]
            Self::Made { text, .. } => text,
        }
    }

    pub(super) fn markers(&self) -> ColumnSpecs<'_, 'static> {
        match self {
            Self::Driver { first, .. } => first.get_variable_col_specs(),
            #[cfg(feature = "test-util")]
            Self::Made { markers, .. } => ColumnSpecs::new(markers),
        }
    }

    /// The token that these values give; none without a partition key.
    pub(super) fn token(&self, values: &Bound, nature: Nature) -> Result<Option<i64>, Error> {
        match self {
            Self::Driver { first, .. } => {
                // The driver would serialise the values once more, only to take the key out again.
                if let [key] = first.get_variable_pk_indexes()
                    && let Some(key) = values.value(key.index)
                {
                    return Ok(Some(first.get_partitioner_name().hash_one(key).value()));
                }
                Ok(first
                    .calculate_token(values)
                    .map_err(|error| Error::from_execution(error.into_execution_error(), nature, None))?
                    .map(|token| token.value()))
            }
            #[cfg(feature = "test-util")]
            Self::Made { .. } => Ok(None),
        }
    }

    /// The place of each part of the partition key among the markers.
    pub(super) fn keys(&self) -> Vec<(u16, u16)> {
        match self {
            Self::Driver { first, .. } => {
                let keys = first.get_variable_pk_indexes().iter();
                keys.map(|key| (key.index, key.sequence)).collect()
            }
            #[cfg(feature = "test-util")]
            Self::Made { .. } => Vec::new(),
        }
    }

    /// As it was prepared first.
    pub(super) fn first(&self) -> Result<&PreparedStatement, Error> {
        match self {
            Self::Driver { first, .. } => Ok(first),
            #[cfg(feature = "test-util")]
            Self::Made { .. } => Err(made()),
        }
    }

    /// What is sent now.
    pub(super) fn form(&self) -> Result<Form, Error> {
        match self {
            Self::Driver { forms, .. } => Ok(forms.current()),
            #[cfg(feature = "test-util")]
            Self::Made { .. } => Err(made()),
        }
    }

    /// The forms; none for one that no server prepared, which has only itself.
    pub(super) const fn forms(&self) -> Option<&Forms> {
        match self {
            Self::Driver { forms, .. } => Some(forms),
            #[cfg(feature = "test-util")]
            Self::Made { .. } => None,
        }
    }
}

#[cfg(feature = "test-util")]
fn made() -> Error {
    Error::unsupported("this statement was made for tests: a real session has to prepare it")
}
