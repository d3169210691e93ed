//! What a statement is about, without its values: for errors and fingerprints.

use std::sync::Arc;

use super::{BatchKind, Prepared, Statement, Text, What};
use crate::cql::Fingerprint;

/// The text of a statement in whatever form there is one. Cheap to make and to clone; the fingerprint is only computed when asked
/// for.
#[derive(Clone)]
pub(crate) enum Subject {
    Text(Arc<Text>),
    Prepared(Prepared),
    Batch(BatchKind, Arc<[Subject]>),
}

impl Subject {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(&text.text),
            Self::Prepared(prepared) => Some(prepared.text()),
            Self::Batch(..) => None,
        }
    }

    /// Shows every text: that of the statement, or those of the members.
    #[cfg(any(feature = "axum", feature = "tonic"))]
    pub(crate) fn for_each_text(&self, see: &mut impl FnMut(&str)) {
        match self {
            Self::Batch(_, members) => members.iter().for_each(|member| member.for_each_text(see)),
            Self::Text(_) | Self::Prepared(_) => see(self.text().unwrap_or_default()),
        }
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Batch(kind, members) => {
                Fingerprint::of_batch(kind.begin(), members.iter().filter_map(Self::text))
            }
            Self::Text(text) => text.fingerprint().clone(),
            Self::Prepared(prepared) => prepared.fingerprint().clone(),
        }
    }
}

impl Statement {
    pub(crate) fn subject(&self) -> Subject {
        match &self.what {
            What::Text(text) | What::Unbound(text, _) | What::Prepare(text) => {
                Subject::Text(Arc::clone(text))
            }
            What::Bound { bound, .. } => Subject::Prepared(bound.prepared().clone()),
            // Without the values: an error may live long.
            What::Batch(batch) => {
                Subject::Batch(batch.kind, batch.members.iter().map(Self::subject).collect())
            }
        }
    }

    /// The statement without its values, for logs and statistics; see [`Fingerprint`]. It is computed once for each text, for a batch
    /// each time.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.subject().fingerprint()
    }
}
