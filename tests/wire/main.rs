//! The whole stack against a scripted server: what is sent, how often and where, counted at the server.
//!
//! It is for what a real server cannot be made to say on demand. All times are of the real clock; the tests wait for
//! conditions and not for moments.

mod connecting;
mod frozen;
#[allow(dead_code, reason = "each of the tests that share it uses a part")]
#[path = "../../src/trace/heard.rs"]
mod heard;
mod hedging;
mod inference;
mod keyspaces;
mod lazy;
mod lifecycle;
mod limits;
mod load;
mod monitor;
mod monitoring;
mod network;
mod nodes;
mod prepare;
mod prepare_waits;
mod profiles;
mod retries;
mod routing;
mod rows;
mod runtimes;
mod safety;
mod scopes;
mod seam;
mod secrets;
mod spans;
mod stamps;
mod statements;
mod status_page;
mod streams;
mod support;
mod timings;
