//! Scripted answers: what a user's tests can rely on.

mod observe;
mod script;
mod stack;
mod timings;
mod values;
