//! Tests against a real Apache Cassandra. They start one; `CASSANDRA_CONTACT_POINTS` names another.

mod bad_input;
mod by_hand;
mod closing;
mod conditional;
mod counter_facts;
mod drill;
mod empty;
mod errors;
#[expect(dead_code, unused_imports, reason = "the example uses all of it")]
#[path = "../../examples/failover/drill/mod.rs"]
mod fault_drill;
mod frozen;
mod load;
mod metrics;
mod queries;
mod results;
mod scans;
mod sessions;
mod support;
mod three;
mod user_layers;
