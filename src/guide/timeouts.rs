//! Time limits: three of them, and which is for what.
//!
//! | limit | bounds | default | set for all | for one statement |
//! |---|---|---|---|---|
//! | call | one `execute`, or one page of a stream: queues, pauses, all attempts | 10 s | [`timeout`](crate::ClusterBuilder::timeout) | [`Statement::timeout`](crate::Statement::timeout) |
//! | attempt | one attempt at one node | 3 s | [`attempt_timeout`](crate::ClusterBuilder::attempt_timeout) | [`Statement::attempt_timeout`](crate::Statement::attempt_timeout) |
//! | deadline | from outside: the whole stream, the request that you are serving | none | | [`Statement::deadline`](crate::Statement::deadline), [`StreamOptions::deadline`](crate::StreamOptions::deadline) |
//!
//! DDL and `TRUNCATE` have 60 s for both. The shortest one always wins, and nothing can make a deadline longer.
//!
//! # Choosing them
//!
//! * **Call**: how long an answer is worth having to whoever waits for it. A web page: 2 s. Longer limits do not make answers; they make queues.
//! * **Attempt**: long enough that the server's own answer is heard (by default its limit is 5 s for reads and 2 s for writes),
//!   short enough that a second attempt fits into the call: at most half of it, less the pause. It only matters for a node that says *nothing*.
//!   With 2 s for the call, 600 ms for an attempt: three nodes can be tried.
//! * Attempt limits below the server's own cost certainty: an attempt given up is `Maybe`, where the server might have said that it failed.
//!
//! ```
//! use std::time::Duration;
//! use tower_cassandra::{ClusterBuilder, Statement};
//!
//! let builder = ClusterBuilder::new()
//!     .timeout(Duration::from_secs(2))
//!     .attempt_timeout(Duration::from_millis(600));
//!
//! // A report may take longer than a page of the shop.
//! let report = Statement::new("SELECT count(*) FROM shop.orders")
//!     .timeout(Duration::from_secs(30))
//!     .attempt_timeout(Duration::from_secs(30));
//! # let _ = (builder, report);
//! ```
//!
//! If both are set and the attempt limit is above the call limit, building the session is refused: it would never be reached.
//!
//! # What a passed limit means
//!
//! ```
//! use std::time::Duration;
//! use tower_cassandra::test_util::{Answer, Expect, Reply, Script};
//! use tower_cassandra::{Applied, ClusterBuilder, ErrorKind, Limit};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(async {
//! // A database that takes a minute.
//! let text = "INSERT INTO shop.users (id) VALUES (1)";
//! let slow = Answer::from(Reply::empty()).after(Duration::from_secs(60));
//! let script = Script::new().expect(Expect::text(text).reply(slow));
//! let limits = ClusterBuilder::new().timeout(Duration::from_secs(2)).attempt_timeout(Duration::from_millis(600));
//! let session = script.session_under(limits)?;
//!
//! let error = session.execute(text).await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Timeout);
//! // After 600 ms: the insert was not marked, so there was no second attempt …
//! assert_eq!(error.timeout(), Some(Limit::Attempt));
//! // … and nobody knows whether it was applied.
//! assert_eq!(error.applied(), Applied::Maybe);
//! # Ok::<(), tower_cassandra::Error>(())
//! # }).unwrap();
//! ```
//!
//! A limit that passes while a call still waits in a queue says `Applied::No`: nothing was sent. What was sent counts against its node until the
//! node answers, its connection is lost or 30 s are over, although nobody waits: a silent node must not look idle.
//! A call limit or deadline that left the node less than a second does not count as a failure of the node.
//!
//! # Dropping
//!
//! Dropping the future of a call is the same as its limit passing now: all is given back at once, and what was sent may be applied. A handler
//! that is cancelled because its client hung up needs no code for this.
