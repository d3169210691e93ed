//! What may grow with what there are many of.

/// With the first number of a group to the last: nothing, beyond what a cold cache line or a longer chain in a map adds.
const AT_MOST: f64 = 1.05;

/// Of what a request costs, with the fewest of a group and with more of them. What could not be counted is not a number, and not within any bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grown {
    pub(crate) what: &'static str,
    /// What storage that grows now and then may add, also to nothing.
    pub(crate) slack: f64,
}

pub(crate) const ALLOCATIONS: Grown = Grown {
    what: "allocations",
    slack: 0.01,
};

pub(crate) const BYTES: Grown = Grown {
    what: "bytes",
    slack: 1.0,
};

impl Grown {
    /// Why it is too much, if it is.
    pub(crate) fn beyond(self, fewest: f64, now: f64) -> Option<String> {
        let Self { what, slack } = self;
        if fewest.is_nan() || now.is_nan() {
            return Some(format!("{what}: NOT COUNTED"));
        }
        let within = now <= fewest * AT_MOST + slack;
        (!within).then(|| format!("{what}: GROWS from {fewest:.2} to {now:.2}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_or_was_not_counted_is_beyond_the_bound() {
        assert!(BYTES.beyond(2_498.0, 2_610.0).is_none());
        assert!(BYTES.beyond(2_498.0, 2_700.0).is_some());
        assert!(ALLOCATIONS.beyond(0.0, 0.001).is_none());
        assert!(ALLOCATIONS.beyond(0.0, 1.0).is_some());
        assert!(BYTES.beyond(f64::NAN, f64::NAN).is_some());
        assert!(BYTES.beyond(0.0, f64::NAN).is_some());
        assert!(BYTES.beyond(f64::NAN, 0.0).is_some());
    }
}
