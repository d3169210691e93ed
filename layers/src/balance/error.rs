use std::fmt;

/// There is no node that this request may be sent to; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoCandidate(());

impl NoCandidate {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for NoCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no node may take this request")
    }
}

impl std::error::Error for NoCandidate {}
