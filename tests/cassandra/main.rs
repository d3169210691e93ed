//! Tests against a real Apache Cassandra. They start one; `CASSANDRA_CONTACT_POINTS` names another.

mod bad_input;
mod batches;
mod by_hand;
mod closing;
mod conditional;
mod counter_facts;
mod counters;
mod empty;
mod errors;
mod frozen;
mod load;
mod metrics;
mod prepared;
mod queries;
mod results;
mod scans;
mod sessions;
mod streams;
mod support;
mod three;
mod types;
mod user_layers;
