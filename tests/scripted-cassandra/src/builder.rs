use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::address::{self, MAX_NODES};
use crate::cluster::ScriptedCluster;
use crate::error::Error;
use crate::ledger::{Ledger, Recording};
use crate::metadata;
use crate::prepared::Statements;
use crate::rules::Rules;
use crate::schema::{Keyspace, Schema, Table};
use crate::server::{Server, Station};
use crate::shared::{Logins, NodeState, Open, Shared, State};
use crate::store::Store;
use crate::topology::{Identity, tokens};

/// Options of a cluster, by [`ScriptedCluster::builder`].
#[derive(Clone, Debug)]
#[must_use = "a cluster begins with `start`"]
pub struct Builder {
    datacenters: Vec<(String, usize)>,
    racks: usize,
    tokens: usize,
    port: u16,
    cluster_name: String,
    keyspaces: Vec<(String, Factors)>,
    tables: Vec<Table>,
    login: Option<(String, String)>,
    recording: Recording,
    with_store: bool,
    supported: Vec<(String, Vec<String>)>,
}

#[derive(Clone, Debug)]
enum Factors {
    Everywhere(usize),
    Each(Vec<(String, usize)>),
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            datacenters: vec![("datacenter1".to_owned(), 1)],
            racks: 1,
            tokens: 16,
            port: 29_042,
            cluster_name: "scripted".to_owned(),
            keyspaces: Vec::new(),
            tables: Vec::new(),
            login: None,
            recording: Recording::Everything,
            with_store: true,
            supported: vec![("CQL_VERSION".to_owned(), vec!["3.4.6".to_owned()])],
        }
    }

    /// So many nodes in one datacenter, `datacenter1`.
    pub fn nodes(self, nodes: usize) -> Self {
        self.datacenters([("datacenter1", nodes)])
    }

    /// Datacenters with their numbers of nodes, which are counted through in this order.
    pub fn datacenters<N: Into<String>>(mut self, datacenters: impl IntoIterator<Item = (N, usize)>) -> Self {
        self.datacenters = datacenters
            .into_iter()
            .map(|(name, nodes)| (name.into(), nodes))
            .collect();
        self
    }

    /// The racks of each datacenter, `rack1` and so on, which its nodes take in turn. By default one.
    pub fn racks(mut self, racks: usize) -> Self {
        self.racks = racks.max(1);
        self
    }

    /// The tokens of each node, by default 16.
    pub fn tokens_per_node(mut self, tokens: usize) -> Self {
        self.tokens = tokens.max(1);
        self
    }

    /// The port of all nodes, by default 29042.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The name of the cluster, by default `scripted`.
    pub fn cluster_name(mut self, name: impl Into<String>) -> Self {
        self.cluster_name = name.into();
        self
    }

    /// A keyspace with so many copies in each datacenter.
    pub fn keyspace(mut self, name: impl Into<String>, copies: usize) -> Self {
        self.keyspaces.push((name.into(), Factors::Everywhere(copies)));
        self
    }

    /// A keyspace with its copies in each datacenter.
    pub fn keyspace_in<N: Into<String>>(
        mut self,
        name: impl Into<String>,
        copies: impl IntoIterator<Item = (N, usize)>,
    ) -> Self {
        let copies = copies
            .into_iter()
            .map(|(name, copies)| (name.into(), copies))
            .collect();
        self.keyspaces.push((name.into(), Factors::Each(copies)));
        self
    }

    /// A table. A keyspace that was not declared has one copy.
    pub fn table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// Clients have to log in as this user.
    pub fn login(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.login = Some((user.into(), password.into()));
        self
    }

    /// How much the ledger keeps, by default everything.
    pub fn recording(mut self, recording: Recording) -> Self {
        self.recording = recording;
        self
    }

    /// Writes are acknowledged and not kept, and reads find nothing but the answers that were given. This
    /// is the fastest.
    pub fn without_store(mut self) -> Self {
        self.with_store = false;
        self
    }

    /// One more line of what the server says it can do. Keys of ScyllaDB make it one for the driver.
    pub fn supported<T: Into<String>>(
        mut self,
        key: impl Into<String>,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.supported.push((key.into(), values));
        self
    }

    /// The nodes offer ScyllaDB's rate limit error with this code, for
    /// [`ErrorFrame::rate_limit`](crate::ErrorFrame::rate_limit).
    pub fn rate_limit_error(self, code: i32) -> Self {
        self.supported("SCYLLA_RATE_LIMIT_ERROR", [format!("ERROR_CODE={code}")])
    }

    /// Starts it. When this returns, all nodes listen.
    pub async fn start(self) -> Result<ScriptedCluster, Error> {
        let nodes: usize = self.datacenters.iter().map(|(_, nodes)| nodes).sum();
        if !(1..=MAX_NODES).contains(&nodes) {
            return Err(Error::new(format!(
                "a cluster has 1 to {MAX_NODES} nodes, not {nodes}"
            )));
        }
        let schema = self.schema()?;
        let block = address::take(nodes, self.port)?;
        let mut stations = Vec::with_capacity(nodes);
        let mut states = Vec::with_capacity(nodes);
        let mut identities = Vec::with_capacity(nodes);
        let places = self
            .datacenters
            .iter()
            .flat_map(|(name, nodes)| (0..*nodes).map(move |place| (name, place)));
        for (index, (listener, (datacenter, place))) in block.listeners.into_iter().zip(places).enumerate() {
            let address = listener
                .local_addr()
                .map_err(|error| Error::io("a listener without address", error))?;
            let (sender, control) = mpsc::unbounded_channel();
            stations.push(Station { listener, control });
            states.push(NodeState {
                frozen: false,
                accepted: 0,
                connections: std::collections::HashMap::new(),
                control: sender,
            });
            identities.push(Identity {
                address,
                host_id: Uuid::new_v4(),
                datacenter: datacenter.clone(),
                rack: format!("rack{}", place % self.racks + 1),
                tokens: tokens(index, nodes, self.tokens),
                is_member: true,
                schema_version: None,
            });
        }
        let shared = Arc::new(Shared::new(State {
            cluster_name: self.cluster_name,
            identities,
            nodes: states,
            schema,
            statements: Statements::new(nodes, self.with_store),
            store: self.with_store.then(Store::default),
            rules: Rules::default(),
            ledger: Ledger::new(self.recording, nodes),
            supported: self.supported,
            login: self.login,
            logins: Logins::default(),
            open: Open::default(),
            next_connection: 0,
        }));
        let server = Server::start(Arc::clone(&shared), stations).await?;
        Ok(ScriptedCluster::new(shared, server, block.mark))
    }

    fn schema(&self) -> Result<Schema, Error> {
        let mut schema = Schema::new();
        let everywhere = |copies: usize| {
            let datacenters = self.datacenters.iter();
            datacenters.map(|(name, _)| (name.clone(), copies)).collect()
        };
        let named: BTreeMap<_, _> = self.keyspaces.iter().cloned().collect();
        for (name, factors) in named {
            let factors = match factors {
                Factors::Everywhere(copies) => everywhere(copies),
                Factors::Each(copies) => copies,
            };
            schema.keyspaces.insert(name, Keyspace { factors });
        }
        for table in &self.tables {
            let has_key = table
                .indexes(crate::schema::ColumnKind::PartitionKey)
                .next()
                .is_some();
            if !has_key || metadata::is_system(&table.keyspace) {
                let message = format!(
                    "table {}.{} has no partition key, or is the system's",
                    table.keyspace, table.name
                );
                return Err(Error::new(message));
            }
            let keyspace = schema.keyspaces.entry(table.keyspace.clone());
            keyspace.or_insert_with(|| Keyspace {
                factors: everywhere(1),
            });
            schema.tables.push(table.clone());
        }
        Ok(schema)
    }
}
