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
    /// How many members a batch has, for OpenTelemetry: none for what is no batch, and for one of one member, which is no batch there.
    pub(crate) fn batch_size(&self) -> Option<usize> {
        match &self.what {
            What::Batch(batch) => Some(batch.members.len()).filter(|size| *size != 1),
            What::Text(_) | What::Unbound(..) | What::Bound { .. } | What::Prepare(_) => None,
        }
    }

    /// Keyspace and table for those who look on; `keyspace` is that of the session. Of a batch what all members have in common: to name those of one of them would be wrong.
    pub(crate) fn place<'a>(&'a self, keyspace: Option<&'a str>) -> (Option<&'a str>, Option<&'a str>) {
        let own = |statement: &'a Self| {
            let table = statement.table();
            let named = table.and_then(|(keyspace, _)| keyspace);
            (named.or(keyspace), table.map(|(_, table)| table))
        };
        let What::Batch(batch) = &self.what else {
            return own(self);
        };
        let mut places = batch.members.iter().map(own);
        let Some(first) = places.next() else {
            return (keyspace, None);
        };
        let (mut same_keyspace, mut same_table) = (true, true);
        for place in places {
            same_keyspace &= place.0 == first.0;
            same_table &= place == first;
        }
        (first.0.filter(|_| same_keyspace), first.1.filter(|_| same_table))
    }

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
