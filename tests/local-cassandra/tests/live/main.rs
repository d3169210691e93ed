//! Tests with real nodes, in one binary so that they share a cluster.

mod many_nodes;
mod one_node;
mod orphans;
mod refusals;
mod secured;
mod support;
