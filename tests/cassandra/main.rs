//! Tests against a real Apache Cassandra. They start one; `CASSANDRA_CONTACT_POINTS` names another.

mod bad_input;
mod batches;
mod by_hand;
mod closing;
mod conditional;
mod counter_facts;
mod crowds;
mod drill;
mod empty;
mod errors;
#[expect(dead_code, unused_imports, reason = "the example uses all of it")]
#[path = "../../examples/failover/drill/mod.rs"]
mod fault_drill;
mod frozen;
mod idempotence;
mod limits;
mod load;
mod made_once;
mod metrics;
mod monitor;
mod outages;
mod prepared;
mod queries;
mod results;
mod scans;
mod scopes;
mod sessions;
mod status_page;
mod streams;
mod support;
mod three;
mod types;
mod user_layers;
