/// Is a node there, as far as connections and probes tell?
///
/// Apart from [`State`](super::State), which says whether the balancer chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It has a connection, and the last probe over it was not in vain.
    Up,
    /// It has no connection.
    Down,
    /// It has a connection, and the last probe over it failed or was not answered in time.
    Unknown,
}

impl Status {
    /// A name in lower case: `up`, `down`, `unknown`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.label())
    }
}
