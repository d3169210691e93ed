//! The guide: short pages, each for one question.
//!
//! | page | question |
//! |---|---|
//! | [The first query](first_query) | How do I get from nothing to a row? |
//! | [The order of the stack](stack) | What does a request pass through, and why in this order? |
//! | [Choosing limits](limits) | How many at a time, how many a second, how long a queue? |
//! | [Idempotence](idempotence) | What is sent again, and what does an error say about the data? |
//! | [Time limits](timeouts) | Which of the three limits is for what? |
//! | [A node that freezes](frozen_node) | What do my callers notice? |
//! | [Large results](streaming) | Execute, stream, pages, scan or many statements at a time? |
//! | [Testing your service](testing) | How do I test without a database, and how with one? |
//! | In services of axum and tonic: `guide::web`, with both features | State, errors, deadlines of callers, health, the end? |
//! | [What goes on in production](observing) | Which metric, trace or report answers which question? |
//! | [Your own layer](own_layer) | How do I put something of mine into the stack, and test it? |
//! | [From the bare driver](from_driver), [from the Python library](from_python) | What is this name called here? |
//! | [What cannot be done](not_offered) | Is there a way to … ? No. |
//! | [Questions](questions) | What do others ask? |
//!
//! Every snippet is compiled with the tests of this crate, and those that need no server are run. Programs to run are listed in
//! [`examples/README.md`](https://github.com/tower-cassandra/tower-cassandra/blob/main/examples/README.md).

pub mod first_query;
pub mod from_driver;
pub mod from_python;
pub mod frozen_node;
pub mod idempotence;
pub mod limits;
pub mod not_offered;
pub mod observing;
pub mod own_layer;
pub mod questions;
pub mod stack;
pub mod streaming;
pub mod testing;
pub mod timeouts;
#[cfg(all(feature = "axum", feature = "tonic"))]
pub mod web;
