//! Scripted answers: what a user's tests can rely on.

mod script;
mod stack;
mod values;
