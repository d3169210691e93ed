//! Testing your service: without a database, with faults, and with a real one.
//!
//! | question | take | time of a test |
//! |---|---|---|
//! | Does my code do the right thing with rows and errors? | a [`Script`](crate::test_util::Script), bare | microseconds |
//! | What does it do when the database is slow, overloaded, or answers `Maybe`? | a `Script` under the whole stack, with paused time | microseconds |
//! | Is my CQL right? | a real node | seconds to start it, then milliseconds |
//! | Does it survive a node that freezes or dies? | three real nodes, and signals | a minute |
//!
//! # Answers by a script
//!
//! Feature `test-util`, in the `[dev-dependencies]` of your crate. The code under test has a [`Session`](crate::Session) and does not know the difference; what is real in such a test and what
//! is not is said in [`test_util`](crate::test_util).
//!
//! A failure and what becomes of it, in no time at all:
//!
//! ```
//! use std::time::Duration;
//! use tower_cassandra::test_util::{Expect, Reply, Script};
//! use tower_cassandra::{ClusterBuilder, Error, ErrorKind, Session};
//!
//! async fn name(session: &Session, id: i32) -> Result<Option<String>, Error> {
//!     let response = session.query("SELECT name FROM shop.users WHERE id = ?", (id,)).await?;
//!     Ok(response.maybe_first_row::<(String,)>()?.map(|(name,)| name))
//! }
//!
//! # /*
//! #[tokio::test(start_paused = true)]
//! # */
//! async fn a_node_that_is_overloaded_is_asked_again_after_a_pause() {
//!     let select = Expect::text("SELECT name FROM shop.users WHERE id = ?").markers([("id", "int")]);
//!     let script = Script::new().expect(
//!         select
//!             .reply(ErrorKind::Overloaded)
//!             .reply(Reply::rows([("name", "text")]).row(("Ada",))),
//!     );
//!     let session = script.session_under(ClusterBuilder::new().timeout(Duration::from_secs(2))).unwrap();
//!
//!     assert_eq!(name(&session, 1).await.unwrap().as_deref(), Some("Ada"));
//!     // Two attempts, and nothing that was expected is missing.
//!     assert_eq!(script.count("SELECT name FROM shop.users WHERE id = ?"), 2);
//!     script.finish().unwrap();
//! }
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
//! #     .block_on(a_node_that_is_overloaded_is_asked_again_after_a_pause());
//! ```
//!
//! # A mock of your own
//!
//! A session is made of any service: `Session::from_service(tower::service_fn(|statement: Statement| async { … }))`. [`Reply::response`](crate::test_util::Reply::response) makes responses,
//! [`error`](crate::test_util::error()) and [`server_error`](crate::test_util::server_error) errors of every kind.
//!
//! # A real node
//!
//! Tests of statements want a real server: only it knows the schema. Make a keyspace for each test, so that they run side by side:
//!
//! ```no_run
//! use tower_cassandra::{ClusterBuilder, Error, Session};
//!
//! async fn keyspace(name: &str) -> Result<Session, Error> {
//!     let node = std::env::var("CASSANDRA_CONTACT_POINTS").unwrap_or("127.0.0.1:9042".to_owned());
//!     let session = ClusterBuilder::new().contact_points(node.split(',')).connect().await?;
//!     session.execute(format!("DROP KEYSPACE IF EXISTS {name}")).await?;
//!     let replication = "{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}";
//!     session.execute(format!("CREATE KEYSPACE {name} WITH replication = {replication}")).await?;
//!     session.set_keyspace(name, false).await?;
//!     Ok(session)
//! }
//! ```
//!
//! # The helpers of this repository
//!
//! `tests/local-cassandra` starts real nodes, freezes and kills them; `tests/scripted-cassandra` is a CQL server whose every answer can be written down. Both are packages of this
//! repository and **not published**: they follow the needs of our own tests, and promise nothing about their interfaces. From a checkout they
//! serve you too: `cargo run -p local-cassandra -- start --nodes 3` for a cluster to test against, or as a git dependency pinned to a commit. What we do promise is `test_util`.
// Without the feature there is nothing to link to.
#![cfg_attr(not(feature = "test-util"), allow(rustdoc::broken_intra_doc_links))]
