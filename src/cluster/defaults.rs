//! The defaults, each with its reason. Every one is really used.

use std::time::Duration;

use scylla::statement::{Consistency, SerialConsistency};
use tower_cassandra_layers::health::HealthCheck;
use tower_cassandra_layers::retry::RetryPolicy;

/// The contact point where none is given.
pub const CONTACT_POINT: &str = "127.0.0.1";
/// The version of the CQL protocol: the driver speaks no other.
pub const PROTOCOL_VERSION: u8 = 4;
/// The port of contact points that name none.
pub const PORT: u16 = 9042;
/// A majority of the replicas nearby: what is written is read back. The default of the Python library `async-cassandra` is `LocalOne`.
pub const CONSISTENCY: Consistency = Consistency::LocalQuorum;
/// Conditional writes agree among the replicas nearby.
pub const SERIAL_CONSISTENCY: SerialConsistency = SerialConsistency::LocalSerial;
/// One call: queueing, back-off and every attempt. The Python driver has the same.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// One attempt: above the server's own write timeout of 2 s, so that its answer is heard, and far enough below the call limit for a second try.
///
/// In the fault drill only what is under way on a node at the moment it freezes waits for so long.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// All of connecting, all attempts together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How often connecting is attempted.
pub const CONNECT_ATTEMPTS: u32 = 3;
/// The pause after the first failed attempt of [`connect_lazy`](super::Cluster::connect_lazy); it doubles from attempt to attempt, with a quarter of jitter …
pub const LAZY_FIRST_PAUSE: Duration = Duration::from_millis(250);
/// … up to this, so that a service is back seconds after its database.
pub const LAZY_LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The shortest pause after an error that most likely comes again, such as a refused password: it is sent no more often than that, and accounts are not
/// locked. A password that was exchanged, a keyspace that was made, a certificate that was renewed are found all the same.
pub const LAZY_REFUSED_PAUSE: Duration = Duration::from_secs(30);
/// One PREPARE on all nodes; the driver has no limit of its own.
pub const PREPARE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long `close` waits for what is under way.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long DDL waits until all nodes know the new schema.
pub const SCHEMA_AGREEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often it asks.
pub const SCHEMA_AGREEMENT_INTERVAL: Duration = Duration::from_millis(200);
/// One request for metadata. 2 s, as in the Python library, fail on a busy or just started node.
pub const METADATA_TIMEOUT: Duration = Duration::from_secs(5);
/// Opening a TCP connection.
pub const TCP_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection is asked for a sign of life this often …
///
/// The balancer passes a silent node over after milliseconds, but PREPARE goes to every node with a connection and waits for all of them, so
/// a silent connection should end soon. At one second and below the driver warns with every session.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_millis(1_100);
/// … and lost when none comes in this time: a silent node is noticed within 6 s.
///
/// A node with all its threads waiting for dead replicas answers nothing until the server's own limits are over, 5 s at most. In the fault
/// drill (`--example failover -- --drill`) with two of three nodes frozen, 3 s cost the living node its connection over and over; 5 s and 7 s
/// cost it twice in 20 s alike, as its queue is longer by then than either. More would make PREPARE wait longer beside every single frozen
/// node, which is the commoner fault.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often nodes and schema are read anew without an event. The driver's own default.
pub const METADATA_REFRESH_INTERVAL: Duration = Duration::from_secs(60);
/// How many times a call that failed is tried again, at most.
pub const MAX_RETRIES: u32 = RetryPolicy::MAX_RETRIES;
/// The rows of a page where nothing else is said. A stream has pages of [`StreamOptions::PAGE_SIZE`](crate::StreamOptions::PAGE_SIZE).
pub const PAGE_SIZE: u32 = 5_000;
/// How many prepared statements a session remembers.
pub const PREPARED_CACHE: usize = 1_000;
/// The session's own health check asks every node this often.
pub const HEALTH_INTERVAL: Duration = HealthCheck::INTERVAL;
/// One probe of a node: of the health check, a monitor, a warm-up.
pub const PROBE_TIMEOUT: Duration = HealthCheck::TIMEOUT;
/// A monitor tells how the cluster is this often: for people and dashboards. The balancer has its own, quicker eyes.
pub const MONITOR_INTERVAL: Duration = Duration::from_secs(60);
/// How many calls may be under way in a session made by [`ClusterBuilder::monitored`](crate::ClusterBuilder::monitored). Elsewhere there is no limit.
pub const CONCURRENCY: usize = 1_000;
/// How many requests one connection can carry at the same time: stream ids have 15 bits in protocol version 4.
pub const MAX_REQUESTS_PER_CONNECTION: u32 = 32_768;
