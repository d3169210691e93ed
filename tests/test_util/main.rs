//! Scripted answers: what a user's tests can rely on.

#[allow(dead_code, reason = "each of the tests that share it uses a part")]
#[path = "../../src/trace/heard.rs"]
mod heard;
#[path = "../support/kinds.rs"]
mod kinds;
mod observe;
mod script;
mod stack;
mod status_page;
mod timings;
mod values;
