//! The first query: from an empty directory to a row, in five minutes.
//!
//! # A node to talk to
//!
//! If there is one already, go on. Otherwise, in a checkout of this repository, with Java 17 and Maven:
//!
//! ```sh
//! cargo run -p local-cassandra -- start
//! ```
//!
//! The first time it fetches 64 MB and builds for a minute or two. Then it says `contact points: 127.0.1.1:9042`, or another free address of this machine, and keeps the
//! node until Ctrl-C: let it have a terminal of its own.
//!
//! # A program
//!
//! ```sh
//! cargo new shop && cd shop
//! cargo add tokio --features macros,rt-multi-thread
//! cargo add tower-cassandra --path ../tower-cassandra   # where your checkout is
//! ```
//!
//! `src/main.rs`:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use tower_cassandra::ClusterBuilder;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), tower_cassandra::Error> {
//!     let node = std::env::args().nth(1).unwrap_or("127.0.0.1:9042".to_owned());
//!     let session = ClusterBuilder::new()
//!         .contact_points([node])
//!         .timeout(Duration::from_secs(2))
//!         .connect()
//!         .await?;
//!
//!     session
//!         .execute(
//!             "CREATE KEYSPACE IF NOT EXISTS shop
//!              WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 1}",
//!         )
//!         .await?;
//!     session
//!         .execute("CREATE TABLE IF NOT EXISTS shop.users (id int PRIMARY KEY, name text, age int)")
//!         .await?;
//!
//!     // Once per text; the handle is cheap to clone and is meant to be kept.
//!     let insert = session.prepare("INSERT INTO shop.users (id, name, age) VALUES (?, ?, ?)").await?;
//!     let by_id = session.prepare("SELECT name, age FROM shop.users WHERE id = ?").await?;
//!
//!     // It may be sent twice without harm, and so it is sent again when a node fails.
//!     session.execute(insert.bind((1, "Ada", 36))?.idempotent(true)).await?;
//!
//!     let response = session.execute(by_id.bind((1,))?).await?;
//!     let user: Option<(String, Option<i32>)> = response.maybe_first_row()?;
//!     println!("{user:?}");
//!     println!("{}", response.timings());
//!
//!     session.close(Duration::from_secs(5)).await?;
//!     Ok(())
//! }
//! ```
//!
//! ```sh
//! cargo run -- 127.0.1.1:9042
//! ```
//!
//! ```text
//! Some(("Ada", Some(36)))
//! 3.537315ms on 1f4b2611-060d-4267-a58c-3133b6c97d33
//! ```
//!
//! # Rows as structs
//!
//! Paste this below, and call `list(&session).await?` before `close`. Fields are matched with columns by name. Which Rust type is for which CQL type is in [`types`](crate::types).
//!
//! ```no_run
//! use tower_cassandra::{DeserializeRow, Session};
//!
//! #[derive(DeserializeRow)]
//! #[scylla(crate = tower_cassandra::scylla)]
//! struct User {
//!     id: i32,
//!     name: Option<String>,
//! }
//!
//! async fn list(session: &Session) -> Result<(), tower_cassandra::Error> {
//!     let response = session.execute("SELECT id, name FROM shop.users").await?;
//!     for user in response.rows::<User>()? {
//!         println!("{}: {:?}", user.id, user.name);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # In a service
//!
//! A [`Session`](crate::Session) is one pointer: put it into the state of your application and clone it for each request. **One session for a
//! program** is right; its limits, its budget for retries and what it knows of the nodes work for all that go through it. It is
//! [closed](crate::Session::close) once, at the end, after the last request.
//!
//! # What comes up first
//!
//! | you see | it means |
//! |---|---|
//! | `cannot connect` | no contact point answered: after about a second where the connection is refused, later where nobody says anything (after 30 s as `timed out`). The reason (`Connection refused`) is not in the error's own text but in its chain of sources, as are all texts of others: `anyhow` prints them, if `main` returns `anyhow::Result<()>`. A wrong password or an unknown keyspace fails at once |
//! | kind [`Serialization`](crate::ErrorKind::Serialization) at `bind` | a value does not fit its column: `i32` is `int`, `i64` is `bigint` |
//! | kind [`Decode`](crate::ErrorKind::Decode) at `rows` | a column does not fit; one that can be null wants an `Option` |
//! | kind [`Unavailable`](crate::ErrorKind::Unavailable) | too few replicas for the consistency; by default it is `LOCAL_QUORUM` |
//! | a write failed and [`applied`](crate::Error::applied) is `Maybe` | see [Idempotence](super::idempotence) |
//!
//! Next: [the order of the stack](super::stack), [time limits](super::timeouts), [testing](super::testing).
