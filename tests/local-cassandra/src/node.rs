use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::error::{Error, ErrorKind};
use crate::fleet::{Fleet, Member};
use crate::ready;
use crate::supervise::Supervisor;

/// One node of a [`LocalCluster`](crate::LocalCluster). Clones are handles to the same node, and do not
/// keep the cluster alive.
///
/// Every order fails with [`ErrorKind::NotControlled`] at a cluster that is not ours.
#[derive(Clone, Debug)]
pub struct Node {
    fleet: Arc<Fleet>,
    index: usize,
}

impl Node {
    pub(crate) fn new(fleet: Arc<Fleet>, index: usize) -> Self {
        Self { fleet, index }
    }

    fn member(&self) -> &Member {
        &self.fleet.members[self.index]
    }

    /// Address and port for clients, such as `127.0.10.1:9042`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.member().address
    }

    /// The address without the port, unless the node was named by a host name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        let address: Option<SocketAddr> = self.address().parse().ok();
        address.map(|address| address.ip())
    }

    /// The id of the node's process, the last one if it has ended.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.member().process("ask").ok().and_then(Supervisor::pid)
    }

    /// The node's log.
    #[must_use]
    pub fn log_path(&self) -> Option<&Path> {
        let control = self.member().control.as_ref();
        control.map(|control| control.log.as_path())
    }

    /// Whether the process is there, frozen or not. A node that is not ours is taken to be there.
    #[must_use]
    pub fn is_running(&self) -> bool {
        match &self.member().control {
            Some(control) => control.supervisor.is_alive(),
            None => true,
        }
    }

    /// Stops the process (SIGSTOP): its connections stay open, and nothing answers.
    pub fn freeze(&self) -> Result<(), Error> {
        let process = self.member().process("freeze")?;
        process.freeze().map_err(|error| self.failed("freeze", error))?;
        self.member().frozen.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Lets a frozen process go on (SIGCONT).
    pub fn resume(&self) -> Result<(), Error> {
        let process = self.member().process("resume")?;
        process.resume().map_err(|error| self.failed("resume", error))?;
        self.member().frozen.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Ends the process without a warning (SIGKILL), and waits until it is gone. Its data stay for
    /// [`restart`](Self::restart).
    pub async fn kill(&self) -> Result<(), Error> {
        self.blocking("kill", Supervisor::kill).await?;
        self.member().frozen.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Starts the node again on the same data, killed or not, and waits until it is ready.
    ///
    /// While other nodes are dead or frozen, it is ready when it answers. Otherwise all nodes must reach
    /// each other again.
    pub async fn restart(&self) -> Result<(), Error> {
        self.blocking("restart", |process| process.start().map(drop))
            .await?;
        self.member().frozen.store(false, Ordering::Relaxed);
        self.member().port_closed.store(false, Ordering::Relaxed);
        ready::wait(&self.fleet, Some(self.index)).await
    }

    /// Closes the port for clients; the node lives on, and the others count it as a replica. Open
    /// connections are closed.
    pub async fn disable_client_port(&self) -> Result<(), Error> {
        self.node_tool(["disablebinary"]).await?;
        self.member().port_closed.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Opens the port for clients again.
    pub async fn enable_client_port(&self) -> Result<(), Error> {
        self.node_tool(["enablebinary"]).await?;
        self.member().port_closed.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Runs a command of `nodetool` at this node, such as `["status"]`, and returns what it printed. Each
    /// takes one to two seconds, since it starts a JVM of its own; after three minutes it is given up.
    pub async fn node_tool<T: AsRef<str>>(&self, args: impl IntoIterator<Item = T>) -> Result<String, Error> {
        let args: Vec<T> = args.into_iter().collect();
        let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
        self.member().node_tool(&args).await
    }

    async fn blocking(
        &self,
        what: &'static str,
        order: fn(&Supervisor) -> io::Result<()>,
    ) -> Result<(), Error> {
        self.member().process(what)?;
        let this = self.clone();
        tokio::task::spawn_blocking(move || {
            let process = this.member().process(what)?;
            order(process).map_err(|error| this.failed(what, error))
        })
        .await
        .unwrap_or_else(|error| Err(self.failed(what, io::Error::other(error))))
    }

    fn failed(&self, what: &str, error: io::Error) -> Error {
        let message = format!("cannot {what} {}: {error}", self.address());
        Error::with_source(ErrorKind::Command, message, error)
    }
}
