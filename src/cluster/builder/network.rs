//! Options of the connections and of what the driver knows of the cluster.

use std::sync::Arc;
use std::time::Duration;

use scylla::client::{Compression, PoolSize};
use scylla::policies::address_translator::AddressTranslator;
use scylla::policies::host_filter::HostFilter;

use super::ClusterBuilder;

impl ClusterBuilder {
    /// Compresses frames with LZ4 or Snappy; `None` turns it off. Default: off, since within a data centre the CPU costs more than the network.
    ///
    /// A server that does not offer it is talked to without, and the driver logs a warning.
    pub fn compression(mut self, compression: impl Into<Option<Compression>>) -> Self {
        self.compression = compression.into();
        self
    }

    /// Translates the addresses that the nodes tell of each other into addresses that can be reached from here: for NAT, port forwarding and
    /// containers. Contact points are not translated. Default: none. A `HashMap<SocketAddr, SocketAddr>` is a translator; one without a rule
    /// for a node is an error of kind `Config` while connecting if it is the only node, else that node stays unconnected.
    pub fn address_translator(mut self, translator: Arc<dyn AddressTranslator>) -> Self {
        self.address_translator = Some(translator);
        self
    }

    /// Which nodes may be connected to. Others are neither chosen nor probed nor shown in [`Session::health`](crate::Session::health). Default: all.
    /// If none may, connecting ends with kind `NoHost`.
    pub fn host_filter(mut self, filter: Arc<dyn HostFilter>) -> Self {
        self.host_filter = Some(filter);
        self
    }

    /// The limit of opening a TCP connection, and of the handshake that a node is asked for before one with TLS. Default 5 s.
    pub const fn tcp_connect_timeout(mut self, limit: Duration) -> Self {
        self.tcp_connect_timeout = limit;
        self
    }

    /// How often a connection is asked for a sign of life, and how long one may take. Default 1 s and 5 s: a silent node is noticed within
    /// 6 s.
    pub const fn keepalive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.keepalive = (interval, timeout);
        self
    }

    /// Connections per node or per shard. Default: one per node, which carries 32,768 requests at a time.
    pub const fn pool_size(mut self, size: PoolSize) -> Self {
        self.pool_size = size;
        self
    }

    /// The limit of one metadata request on the server. Default 5 s; the client waits 1 s longer.
    pub const fn metadata_timeout(mut self, limit: Duration) -> Self {
        self.metadata_timeout = limit;
        self
    }

    /// How often nodes and schema are read anew without an event that asks for it. Default 60 s; at least 1 s.
    /// See [`Session::refresh_metadata`](crate::Session::refresh_metadata) for doing it now.
    pub const fn metadata_refresh_interval(mut self, interval: Duration) -> Self {
        self.metadata_refresh_interval = interval;
        self
    }

    /// Reads the whole schema at each of these times. Default: off, only the keyspaces of which an event told a change; turn it on where
    /// events get lost.
    pub const fn full_metadata_refresh(mut self, full: bool) -> Self {
        self.full_metadata_refresh = full;
        self
    }
}
