//! What tower ships: the layers of the same purpose, and its load balancer.

use std::time::Duration;

use tower::balance::p2c::Balance;
use tower::discover::ServiceList;
use tower::limit::{ConcurrencyLimit, RateLimit, rate::Rate};
use tower::load::{CompleteOnResponse, PeakEwma};
use tower::load_shed::LoadShed;
use tower::retry::Retry;
use tower::timeout::Timeout;

use crate::attempts::Attempts;
use crate::drive::Case;
use crate::leaf::{Leaf, Request};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "tower_timeout",
        reaches_leaf: true,
        run: |leaf, rounds| rounds.drive(Timeout::new(leaf, SECOND)),
    },
    Case {
        name: "tower_concurrency_limit",
        reaches_leaf: true,
        run: |leaf, rounds| rounds.drive(ConcurrencyLimit::new(leaf, 1_024)),
    },
    Case {
        name: "tower_rate_limit",
        reaches_leaf: true,
        run: |leaf, rounds| rounds.drive(RateLimit::new(leaf, Rate::new(1_000_000_000, SECOND))),
    },
    Case {
        name: "tower_retry",
        reaches_leaf: true,
        run: |leaf, rounds| rounds.drive(Retry::new(Attempts::new(), leaf)),
    },
    Case {
        name: "tower_load_shed",
        reaches_leaf: true,
        run: |leaf, rounds| rounds.drive(LoadShed::new(leaf)),
    },
    Case {
        name: "tower_four",
        reaches_leaf: true,
        run: |leaf, rounds| {
            let inner = Retry::new(Attempts::new(), Timeout::new(leaf, SECOND));
            rounds.drive(LoadShed::new(ConcurrencyLimit::new(inner, 1_024)));
        },
    },
    Case {
        name: "tower_p2c_peak_ewma_3",
        reaches_leaf: true,
        run: |leaf, rounds| {
            let nodes = vec![leaf; 3].into_iter().map(|leaf: Leaf| {
                PeakEwma::new(leaf, Duration::from_millis(1), 1e9, CompleteOnResponse::default())
            });
            rounds.drive(Balance::new(ServiceList::new::<Request>(nodes)));
        },
    },
];
