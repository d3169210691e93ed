//! For tests of code that uses a [`Session`](crate::Session): answers by a script, without a server. Feature `test-util`.
//!
//! A [`Script`] is a service that knows which statements will come and what to answer. A session over it is a session like any other,
//! so the code under test does not know the difference.
//!
//! ```
//! use tower_cassandra::test_util::{Expect, Reply, Script};
//! # use tower_cassandra::{Error, Session};
//! # struct Users { session: Session }
//! # impl Users {
//! #     async fn name(&self, id: i32) -> Result<Option<String>, Error> {
//! #         let found = self.session.query("SELECT name FROM users WHERE id = ?", (id,)).await?;
//! #         Ok(found.one::<(String,)>()?.map(|(name,)| name))
//! #     }
//! # }
//!
//! # /*
//! #[tokio::test]
//! # */
//! async fn a_user_has_a_name() {
//!     let select = Expect::text("SELECT name FROM users WHERE id = ?").markers([("id", "int")]);
//!     let script = Script::new().expect(select.reply(Reply::rows([("name", "text")]).row(("Ada",))));
//!     let users = Users { session: script.session() };
//!
//!     assert_eq!(users.name(7).await.unwrap().as_deref(), Some("Ada"));
//!     assert_eq!(script.calls()[0].values::<(i32,)>().unwrap(), (7,));
//!     script.finish().unwrap();
//! }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(a_user_has_a_name());
//! ```
//!
//! # What is real in such a test
//!
//! | | bare: [`Script::session`] | full stack: [`Script::session_under`] | a real node |
//! |---|---|---|---|
//! | your own code, its statements, what it does with rows and errors | yes | yes | yes |
//! | values are checked against the types of the markers and serialised | yes, by the types you declare | as left | by the schema |
//! | rows are CQL bytes and decoded as in production | yes | yes | yes |
//! | the session: preparing once, paging, limits of rows, closing | yes | yes | yes |
//! | limits, retries with idempotence and budget, timeouts, metrics, your own layers | no | yes | yes |
//! | balancing, health, connections | no | no | yes |
//! | is the CQL right? is it what the schema needs? | **no** | **no** | yes |
//!
//! So: bare for the logic of repositories and handlers, the full stack for how they behave when the database is slow or fails, and a few tests against a
//! real node for every statement. Use paused time (`#[tokio::test(start_paused = true)]`) for limits and retries.
//!
//! # Strictness
//!
//! A request that no expectation is left for fails with `Internal` and is remembered; [`Script::finish`] then fails, and so it does for each expectation that was not
//! met. Values or rows that do not fit the declared types fail the call with `Serialization`, wrong declarations with `Config`; nothing here panics.
//!
//! # Responses, handles and errors by themselves
//!
//! [`Reply::response`] makes any [`Response`](crate::Response), [`prepared`] a handle, [`error`](error()) and [`server_error`] any [`Error`](crate::Error): for mocks of your own.

mod answer;
mod call;
mod errors;
mod expect;
mod handle;
mod reply;
mod script;
mod types;
mod unfinished;

pub use answer::Answer;
pub use call::Call;
pub use errors::{error, server_error};
pub use expect::Expect;
pub use handle::prepared;
pub use reply::Reply;
pub use script::Script;
pub use types::CqlType;
pub use unfinished::Unfinished;
