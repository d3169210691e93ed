//! What a statement runs.

use std::sync::{Arc, OnceLock};

use scylla::serialize::row::SerializeRow;

use super::{BatchParts, Bound, TextFacts, Verb};
use crate::cql::{Fingerprint, idempotence};

#[derive(Clone)]
pub(crate) enum What {
    Text(Arc<Text>),
    /// Text with values that are not bound yet: it has to be prepared first.
    Unbound(Arc<Text>, Arc<dyn SerializeRow + Send + Sync>),
    Bound {
        bound: Bound,
        token: Option<i64>,
    },
    Batch(Arc<BatchParts>),
    Prepare(Arc<Text>),
}

/// The text of a statement with what was read from it.
pub(crate) struct Text {
    pub(crate) text: Box<str>,
    pub(crate) facts: TextFacts,
    /// Read when first asked for: most sessions never ask.
    idempotent: OnceLock<bool>,
    /// The same.
    fingerprint: OnceLock<Fingerprint>,
}

impl Text {
    pub(crate) fn new(text: &str) -> Arc<Self> {
        Arc::new(Self {
            text: text.into(),
            facts: TextFacts::read(text),
            idempotent: OnceLock::new(),
            fingerprint: OnceLock::new(),
        })
    }

    pub(super) fn fingerprint(&self) -> &Fingerprint {
        self.fingerprint.get_or_init(|| Fingerprint::of(&self.text))
    }

    pub(super) fn is_idempotent(&self) -> bool {
        *self.idempotent.get_or_init(|| idempotence(&self.text).is_yes())
    }

    /// Is it a `USE`, which would change the keyspace under everybody's feet?
    pub(crate) fn is_use(&self) -> bool {
        self.facts.verb == Verb::Use
    }
}
