//! What a prepared statement was prepared from: the driver's handle, or one made for a test.

#[cfg(feature = "test-util")]
use scylla::frame::response::result::ColumnSpec;
use scylla::response::query_result::ColumnSpecs;
use scylla::statement::prepared::PreparedStatement;

use super::Bound;
use crate::error::Error;
use crate::nature::Nature;

// Kept by value: one for each text, behind an `Arc`.
#[allow(clippy::large_enum_variant)]
pub(super) enum Handle {
    Driver(PreparedStatement),
    #[cfg(feature = "test-util")]
    Made {
        text: Box<str>,
        markers: Vec<ColumnSpec<'static>>,
    },
}

impl Handle {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Driver(driver) => driver.get_statement(),
            #[cfg(feature = "test-util")]
            Self::Made { text, .. } => text,
        }
    }

    pub(super) fn markers(&self) -> ColumnSpecs<'_, 'static> {
        match self {
            Self::Driver(driver) => driver.get_variable_col_specs(),
            #[cfg(feature = "test-util")]
            Self::Made { markers, .. } => ColumnSpecs::new(markers),
        }
    }

    /// The token that these values give; none without a partition key.
    pub(super) fn token(&self, values: &Bound, nature: Nature) -> Result<Option<i64>, Error> {
        match self {
            Self::Driver(driver) => Ok(driver
                .calculate_token(values)
                .map_err(|error| Error::from_execution(error.into_execution_error(), nature, None))?
                .map(|token| token.value())),
            #[cfg(feature = "test-util")]
            Self::Made { .. } => Ok(None),
        }
    }

    /// The place of each part of the partition key among the markers.
    pub(super) fn keys(&self) -> Vec<(u16, u16)> {
        match self {
            Self::Driver(driver) => {
                let keys = driver.get_variable_pk_indexes().iter();
                keys.map(|key| (key.index, key.sequence)).collect()
            }
            #[cfg(feature = "test-util")]
            Self::Made { .. } => Vec::new(),
        }
    }

    /// None for one that no server prepared.
    pub(super) const fn driver(&self) -> Option<&PreparedStatement> {
        match self {
            Self::Driver(driver) => Some(driver),
            #[cfg(feature = "test-util")]
            Self::Made { .. } => None,
        }
    }
}
