//! Scripted answers: what a user's tests can rely on.

#[path = "../support/heard.rs"]
mod heard;
mod observe;
mod script;
mod stack;
mod status_page;
mod timings;
mod values;
