//! Tests against a real Apache Cassandra. They start one; `CASSANDRA_CONTACT_POINTS` names another.

mod empty;
mod queries;
mod results;
mod sessions;
mod support;
