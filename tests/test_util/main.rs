//! Scripted answers: what a user's tests can rely on.

#[path = "../support/heard.rs"]
mod heard;
#[path = "../support/kinds.rs"]
mod kinds;
mod observe;
mod script;
mod stack;
mod status_page;
mod timings;
mod values;
