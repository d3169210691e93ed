//! What cannot be done, and what to do instead.
//!
//! What the driver underneath (`scylla` 1.9) or the protocol cannot do is absent here, or a typed error; nothing is silently ignored.
//!
//! | not offered | why | instead |
//! |---|---|---|
//! | protocol version 5, or 3 | the driver speaks 4 | all servers from Cassandra 2.2 on speak 4; [`min_protocol_version`](crate::ClusterBuilder::min_protocol_version) above 4 fails at `connect` with [`ProtocolVersion`](crate::ErrorKind::ProtocolVersion) |
//! | keyspace per request, `now_in_seconds`, reasons of a failure by node | protocol 5 | names with keyspace: `shop.users`; [`Cluster`](crate::Cluster) for a session of each keyspace |
//! | custom payloads of requests | the driver | |
//! | `execute_as` (proxy execution) | the driver | a session for each user |
//! | Kerberos, LDAP out of the box | the driver knows passwords | an [`authenticator`](crate::ClusterBuilder::authenticator) of yours |
//! | secure connect bundles of cloud vendors | not in Cassandra | contact points, TLS files and credentials by hand |
//! | choosing how often the driver reconnects | the driver | it tries after 50 ms, growing to 10 s |
//! | the driver's execution profiles | their retries, second attempts and time limits would multiply ours | the options here, [`profile`](crate::ClusterBuilder::profile); single-purpose work over [`Session::driver`](crate::Session::driver) |
//! | PREPARE on one node | the driver prepares on all | a call does not wait longer than an attempt limit for it |
//! | transactions over partitions, joins | Cassandra | batches (atomic in the end, not isolated), conditional writes in one partition |
//! | cancelling on the server | the protocol | what was sent runs on; the client stops waiting |
//! | surviving a server that means harm | the driver reserves what an answer announces | most damage is a typed error; what is not stands in `SECURITY.md`: trust your servers, use TLS |
//! | limits shared between processes | needs a service | `rate / instances`, as in [Choosing limits](super::limits) |
//! | a cache of rows | | a [layer of yours](super::own_layer) |
//! | object mapping, schema migrations | another purpose | derives for rows and values: [`types`](crate::types) |
//! | runtimes other than tokio | the driver | |
