//! What happens in a run: the cluster, the load and the trouble, all of it out of one seed.

use std::ops::Range;

/// Times are nanoseconds since the start.
pub(crate) const MICRO: u64 = 1_000;
pub(crate) const MILLI: u64 = 1_000_000;
pub(crate) const SECOND: u64 = 1_000_000_000;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) nodes: u16,
    /// A request may go to so many neighbours on the ring.
    pub(crate) replicas: u16,
    /// One request at a time each.
    pub(crate) workers: usize,
    pub(crate) clients: u16,
    pub(crate) requests: u32,
    /// Of all clients together.
    pub(crate) per_second: f64,
    pub(crate) work: Work,
    /// There and back together.
    pub(crate) network: u64,
    /// Share of its time in which a node stands still, for 50 to 300 ms at once.
    pub(crate) paused: f64,
    pub(crate) trouble: Vec<Trouble>,
    /// This node, the last one, joins the replicas of everything at this time.
    pub(crate) joins: Option<u64>,
}

/// The time that one request takes: lognormal with sigma 0.5, and some take ten times as long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) median: u64,
    pub(crate) tenfold: f64,
}

/// One node in trouble for a while.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) node: u16,
    pub(crate) during: Range<u64>,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Everything takes this long, and nothing waits.
    Answers(u64),
    /// Everything fails after this long, by the node's fault.
    Fails(u64),
    Frozen,
}

impl Plan {
    /// Half of what 100 nodes can do, from 20 clients. The seed's S0.
    pub(crate) fn healthy() -> Self {
        Self {
            name: "S0 all healthy",
            nodes: 100,
            replicas: 3,
            workers: 16,
            clients: 20,
            requests: 2_000_000,
            per_second: 338_000.0,
            work: Work {
                median: 2 * MILLI,
                tenfold: 0.005,
            },
            network: 500 * MICRO,
            paused: 0.0,
            trouble: Vec::new(),
            joins: None,
        }
    }

    /// The same with pauses for 3.4 % of the time of every node.
    pub(crate) fn pauses() -> Self {
        Self {
            name: "S2 pause storm",
            paused: 0.034,
            ..Self::healthy()
        }
    }

    /// Ten nodes that pause more often, so that few requests tell a rule from none.
    pub(crate) fn pauses_smaller() -> Self {
        let mut plan = Self::pauses().smaller(10, 2, 60_000);
        plan.paused = 0.08;
        plan
    }

    /// Eleven nodes for everything; one takes 2 s for each request during half of a minute. Linkerd's experiment.
    pub(crate) fn one_of_eleven() -> Self {
        Self {
            name: "S1 one of eleven at 2 s",
            nodes: 11,
            replicas: 11,
            workers: 10_000,
            clients: 1,
            requests: 60_000,
            per_second: 1_000.0,
            work: Work {
                median: 50 * MILLI,
                tenfold: 0.0,
            },
            trouble: vec![Trouble {
                node: 0,
                during: 15 * SECOND..45 * SECOND,
                what: What::Answers(2 * SECOND),
            }],
            ..Self::healthy()
        }
    }

    fn three_nodes() -> Self {
        Self {
            nodes: 3,
            clients: 4,
            requests: 400_000,
            per_second: 5_333.0,
            work: Work {
                median: 2 * MILLI,
                tenfold: 0.0,
            },
            ..Self::healthy()
        }
    }

    /// One of three nodes takes 20 ms for everything, from the start to the end.
    pub(crate) fn limping() -> Self {
        Self {
            name: "S3a one of three at 20 ms",
            trouble: vec![Trouble {
                node: 0,
                during: 0..u64::MAX,
                what: What::Answers(20 * MILLI - 500 * MICRO),
            }],
            ..Self::three_nodes()
        }
    }

    /// One of three nodes is frozen for 30 s.
    pub(crate) fn frozen() -> Self {
        Self {
            name: "S3b one of three frozen 30 s",
            trouble: vec![Trouble {
                node: 0,
                during: 20 * SECOND..50 * SECOND,
                what: What::Frozen,
            }],
            ..Self::three_nodes()
        }
    }

    /// The same in a quarter of the time.
    pub(crate) fn frozen_shorter() -> Self {
        let mut plan = Self::frozen();
        plan.requests /= 4;
        plan.trouble[0].during = 4 * SECOND..14 * SECOND;
        plan
    }

    /// All three nodes are frozen for 4 s.
    pub(crate) fn outage() -> Self {
        let frozen = |node| Trouble {
            node,
            during: 4 * SECOND..8 * SECOND,
            what: What::Frozen,
        };
        Self {
            name: "three of three frozen 4 s",
            requests: 60_000,
            trouble: (0..3).map(frozen).collect(),
            ..Self::three_nodes()
        }
    }

    /// Twice of what three nodes can do.
    pub(crate) fn overload() -> Self {
        Self {
            name: "twice what three nodes can do",
            requests: 120_000,
            per_second: 42_000.0,
            ..Self::three_nodes()
        }
    }

    /// A fourth node joins three.
    pub(crate) fn joining() -> Self {
        Self {
            name: "a node joins three",
            nodes: 4,
            replicas: 4,
            requests: 60_000,
            per_second: 12_000.0,
            joins: Some(2 * SECOND),
            ..Self::three_nodes()
        }
    }

    /// A fourth node joins three that have some hundred requests under way each, because all of them take long.
    pub(crate) fn joining_slow() -> Self {
        Self {
            name: "a node joins three, slow requests",
            workers: 1_000,
            requests: 30_000,
            per_second: 6_000.0,
            work: Work {
                median: 200 * MILLI,
                tenfold: 0.0,
            },
            ..Self::joining()
        }
    }

    /// The node that joins fails everything at once.
    pub(crate) fn failing(mut self) -> Self {
        self.name = "a node joins three and fails";
        self.trouble.push(Trouble {
            node: self.nodes - 1,
            during: 0..u64::MAX,
            what: What::Fails(100 * MICRO),
        });
        self
    }

    /// The same cluster smaller, each node under the same load from each client.
    pub(crate) fn smaller(mut self, nodes: u16, clients: u16, requests: u32) -> Self {
        let share = f64::from(nodes) / f64::from(self.nodes);
        self.per_second *= share;
        (self.nodes, self.clients, self.requests) = (nodes, clients, requests);
        self
    }

    /// How long requests come.
    pub(crate) fn length(&self) -> u64 {
        (f64::from(self.requests) / self.per_second * SECOND as f64) as u64
    }
}
