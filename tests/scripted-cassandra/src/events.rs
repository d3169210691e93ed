use std::net::SocketAddr;

use crate::wire::{Put, answer, begin_frame, end_frame};

/// What a node tells the connections that have asked for it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A node is there.
    Up(SocketAddr),
    /// A node is gone.
    Down(SocketAddr),
    /// The cluster has one more node.
    NewNode(SocketAddr),
    /// The cluster has one node less.
    RemovedNode(SocketAddr),
    /// The schema is another one.
    Schema(SchemaChange),
    /// A kind of event and the bytes after it, such as none that the client understands. All connections
    /// that have asked for any event get it.
    Other(String, Vec<u8>),
}

/// A change of the schema: the change, its target, and the names of the keyspace and of what is in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SchemaChange {
    /// `CREATED`, `UPDATED` or `DROPPED`.
    pub change: &'static str,
    /// The keyspace.
    pub keyspace: String,
    /// The table, unless it is about the keyspace.
    pub table: Option<String>,
}

impl SchemaChange {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.put_string(self.change);
        match &self.table {
            Some(table) => {
                out.put_string("TABLE");
                out.put_string(&self.keyspace);
                out.put_string(table);
            }
            None => {
                out.put_string("KEYSPACE");
                out.put_string(&self.keyspace);
            }
        }
    }
}

impl Event {
    /// The name under which clients ask for it.
    pub(crate) fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Up(_) | Self::Down(_) => Some("STATUS_CHANGE"),
            Self::NewNode(_) | Self::RemovedNode(_) => Some("TOPOLOGY_CHANGE"),
            Self::Schema(_) => Some("SCHEMA_CHANGE"),
            Self::Other(..) => None,
        }
    }

    /// The whole frame.
    pub(crate) fn frame(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let start = begin_frame(&mut out, 0, -1, answer::EVENT);
        if let Some(kind) = self.kind() {
            out.put_string(kind);
        }
        let mut address = |change: &str, address: &SocketAddr| {
            out.put_string(change);
            out.put_inet(*address);
        };
        match self {
            Self::Up(node) => address("UP", node),
            Self::Down(node) => address("DOWN", node),
            Self::NewNode(node) => address("NEW_NODE", node),
            Self::RemovedNode(node) => address("REMOVED_NODE", node),
            Self::Schema(change) => change.write(&mut out),
            Self::Other(kind, bytes) => {
                out.put_string(kind);
                out.put(bytes);
            }
        }
        end_frame(&mut out, start);
        out
    }
}
