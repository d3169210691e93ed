//! Tests against a real Apache Cassandra. They start one; `CASSANDRA_CONTACT_POINTS` names another.

mod conditional;
mod counter_facts;
mod empty;
mod errors;
mod load;
mod queries;
mod results;
mod sessions;
mod support;
