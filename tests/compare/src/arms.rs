//! The contenders.

/// One of them.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Arm {
    Ours,
    OursAll,
    Bare,
    BareSpec,
    Hand,
    Resilience,
    Original,
    Java,
    JavaSpec,
    Gocql,
}

impl Arm {
    pub(crate) const ALL: [Self; 10] = [
        Self::Ours,
        Self::OursAll,
        Self::Bare,
        Self::BareSpec,
        Self::Hand,
        Self::Resilience,
        Self::Original,
        Self::Java,
        Self::JavaSpec,
        Self::Gocql,
    ];

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|arm| arm.name() == name)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::OursAll => "ours_all",
            Self::Bare => "bare",
            Self::BareSpec => "bare_spec",
            Self::Hand => "hand",
            Self::Resilience => "resilience",
            Self::Original => "original",
            Self::Java => "java",
            Self::JavaSpec => "java_spec",
            Self::Gocql => "gocql",
        }
    }

    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Ours => "the default stack of `ClusterBuilder`",
            Self::OursAll => {
                "everything switched on: second attempts, concurrency and rate limit, a collector, the slow log, metrics into a Prometheus exporter"
            }
            Self::Bare => "`scylla` 1.9 alone, its defaults",
            Self::BareSpec => "`scylla` 1.9 with speculative execution (100 ms, 2) and latency awareness",
            Self::Hand => {
                "tower's own load shedding, concurrency limit, retry with budget and timeouts over the driver, no metrics; not where many rows are read"
            }
            Self::Resilience => {
                "tower-resilience 0.13: bulkhead, rate limiter, retry, circuit breaker, time limiter over the same leaf as `hand`; not where many rows are read"
            }
            Self::Original => "async-cassandra 0.0.1 from PyPI",
            Self::Java => "Java driver 4.19, its defaults; the frozen node only",
            Self::JavaSpec => "Java driver 4.19 with speculative execution (100 ms, 2); the frozen node only",
            Self::Gocql => "gocql 2.1, token-aware; the frozen node only",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_found_by_their_names() {
        for arm in Arm::ALL {
            assert_eq!(Arm::by_name(arm.name()), Some(arm));
        }
        assert_eq!(Arm::by_name("theirs"), None);
    }
}
