//! Choosing limits: the arithmetic, with numbers.
//!
//! Which limit is for what, what waits where and what a full queue does is said in [`layers::limit`](crate::layers::limit). Here is how to come to the numbers.
//!
//! # How many are under way: Little's law
//!
//! ```text
//! requests under way = requests per second × seconds that each takes
//! ```
//!
//! It holds for any steady load, whatever the distribution. So at 4,000 requests a second and 2 ms each, 8 are under way on average: the
//! limit is not there for the normal case. It is there for the moment when each takes 500 ms, and 2,000 would be under way.
//!
//! # A concurrency limit
//!
//! 1. Take the load that must be carried and the latency at that load: 4,000 a second, mean 2 ms, p99 10 ms.
//! 2. Normal: 4,000 × 0.002 = 8. Peaks and slow answers: 4,000 × 0.010 = 40.
//! 3. Several times the second number, so that the limit does nothing in normal times: **128**.
//! 4. The other end: what can a node bear? 128 of one instance, by 20 instances, over 6 nodes: 128 × 20 / 6 ≈ 430 for each node at the worst. A node of Cassandra
//!    works on 32 reads and 32 writes at a time by its defaults (`concurrent_reads`, `concurrent_writes`), and the rest waits in the node.
//!    430 in the worst case is much, and still a bounded queue; 10,000 would be minutes of work that nobody waits for any more.
//!
//! With a limit of `L` and a time of `s` seconds for each, no more than `L / s` a second pass: at 128 and 500 ms, 256 a second. The rest queues.
//!
//! # A queue
//!
//! What waits at place `n` waits for `n / (rate of what passes)`:
//!
//! | passes per second | 1,000 in the queue wait | in the call limit of 2 s? |
//! |---|---|---|
//! | 4,000 | 0.25 s | yes |
//! | 1,000 | 1 s | yes, with 1 s left for the work |
//! | 256 | 3.9 s | no: whoever comes last waits in vain |
//!
//! A longer queue than `rate × call limit` only makes answers late. Ours throws such calls away when their time is over, and the rate limit already when
//! they come; a shorter queue says so sooner: `queue = rate that must pass at the worst × what a caller will wait`, here 1,000 × 0.25 s = 250.
//! Programs that do work of their own accord (imports) want the longest queue, services that answer people a short one, or none.
//!
//! # A rate and its burst
//!
//! The rate is a promise to somebody: a quota, a share of the cluster. For `N` instances each gets `rate / N`; there is nothing shared between processes. The burst is how
//! many may go at once after a pause: `burst = rate × the pause you forgive`. 5,000 a second with 100 ms: 500. A burst of 1 makes every
//! request wait for its turn, even in an idle service.
//!
//! # Retries
//!
//! They are bounded by [their budget](crate::layers::retry): in 10 s no more than 20 % of the calls, or 50. In an outage in which everything fails at once, 4,000 calls
//! a second become at most 4,800 attempts, and not 16,000. Second attempts ([`hedge`](crate::ClusterBuilder::hedge)) draw on it too, and where they are on it is 10 %.
//!
//! # Streams and scans
//!
//! A page is a call: it takes a permit while it is read and none while you work on it. Ten streams read at most ten pages at a time, and hold at
//! most ten pages (twenty with `prefetch(1)`): at 1,000 rows of 1 kB, 10 MB (20 MB).
//!
//! # All of it
//!
//! ```
//! use std::time::Duration;
//! use tower_cassandra::layers::limit::ConcurrencyLimit;
//! use tower_cassandra::{ClusterBuilder, RateLimit};
//!
//! let builder = ClusterBuilder::new()
//!     .timeout(Duration::from_secs(2))
//!     .attempt_timeout(Duration::from_millis(600))
//!     .rate_limit(RateLimit::per_second(5_000).burst(500))
//!     // Reports take at most a quarter of the permits: `Statement::label("report")`.
//!     .concurrency_limit(ConcurrencyLimit::new(128).queue(250).share("report", 0.25));
//! // A limit that makes no sense is refused here, by name.
//! let cluster = builder.build()?;
//! # let _ = cluster;
//! # Ok::<(), tower_cassandra::Error>(())
//! ```
//!
//! # Are they right?
//!
//! | you see | then |
//! |---|---|
//! | `cassandra_limit_queued` above 0 in normal times | the limit is below the load: more permits, or the nodes are too slow |
//! | `cassandra_rejected_total` grows, nodes bored | more permits or a longer queue |
//! | errors of kind `Timeout` whose limit is the call, with long waits in [`timings`](crate::Error::timings) | a shorter queue: they waited in vain |
//! | the latency of the nodes grows with `cassandra_limit_in_flight` | fewer permits: the node queues what could queue here, where it has a deadline |
//!
//! All of them can be changed while the session runs, by [`Session::limits`](crate::Session::limits).
