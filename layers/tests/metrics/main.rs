//! What the metrics layers record, and what they never do to a request.

mod attempts;
mod endings;
mod handles;
mod isolation;
mod nodes;
mod support;
