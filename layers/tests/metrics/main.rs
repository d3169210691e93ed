//! What the metrics layers record, and what they never do to a request.

mod attempts;
mod endings;
mod gauges;
mod handles;
mod isolation;
mod labels;
mod nodes;
mod support;
