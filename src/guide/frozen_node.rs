//! A node that freezes: what your callers notice, with figures.
//!
//! A node that dies closes its connections, and everybody knows. A node that *freezes* (a long collection of garbage, a disk that hangs, a machine that swaps) keeps
//! its connections and says nothing. It is the commonest bad fault, and what the layers of this crate are measured by.
//!
//! # What happens
//!
//! | when | what |
//! |---|---|
//! | it freezes | what is under way there waits: a handful of requests |
//! | after some milliseconds | the oldest unanswered request is late for this node, and nothing at all came from it: it is *stalled*, and no new request goes there while there is another node |
//! | meanwhile | with [`hedge`](crate::ClusterBuilder::hedge), what may be sent twice is sent to another node as well |
//! | after 3 s | the attempt limit: what was under way goes on at another node, if it may |
//! | after 6 s at most | no sign of life: the connection is given up |
//! | it wakes up | its answers count: the first one that is newer than its silence ends it |
//!
//! The node's slots stay taken until it answers, its connection is lost or 30 s are over, so it does not look idle to the balancer, as it would to one that forgets what it gave up.
//!
//! # Figures
//!
//! 15,000 inserts at 300 a second, one of three nodes frozen for 20 s of 50; milliseconds, from the moment at which each was meant to be sent:
//!
//! | client | errors | p50 | p99 | slowest | over 1 s |
//! |---|---|---|---|---|---|
//! | this stack | 0 | 2.0 | 7.5 | 3,004 | 1 |
//! | this stack with `hedge` | 0 | 1.8 | 6.1 | 30 | 0 |
//! | the plain driver | 0 | 2.1 | 18,664 | 20,103 | 1,894 |
//! | the plain driver, speculative | 0 | 1.8 | 103 | 133 | 0 |
//!
//! Recorded in [`examples/README.md`](https://github.com/tower-cassandra/tower-cassandra/blob/main/examples/README.md), with the machine, the commit, and a
//! drill of seven kinds of requests through eight faults. To see it:
//!
//! ```sh
//! cargo run --release --example failover -- --inserts ours,hedge,bare,speculative
//! cargo run --release --example failover -- --drill
//! ```
//!
//! # What you have to do
//!
//! * Nothing for reads.
//! * For writes: [say which may be sent twice](super::idempotence). Of the others, those under way on that node fail with `Maybe` after the
//!   attempt limit.
//! * Turn on [`hedge`](crate::ClusterBuilder::hedge) if 3 s for a handful of requests are too long. It costs at most 1 % more requests.
//!
//! ```
//! use tower_cassandra::{ClusterBuilder, Hedge};
//!
//! let builder = ClusterBuilder::new().infer_idempotence(true).hedge(Hedge::default());
//! # let _ = builder;
//! ```
//!
//! # What cannot be helped
//!
//! * Conditional writes and counters need a certain replica: with that one frozen a part of them fails, whoever sends them, marked as possibly applied.
//! * A PREPARE goes to all nodes with a connection and waits for all of them. Calls that wait for one go on without after an attempt limit; prepare at the
//!   start ([`prepare_all`](crate::Session::prepare_all)).
//! * Two of three nodes frozen is no quorum: calls fail, within their limits.
