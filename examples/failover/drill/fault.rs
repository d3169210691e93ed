//! What happens to the nodes.

use std::time::Duration;

use local_cassandra::LocalCluster;
use tokio::time::{Instant, sleep};

use super::Result;

/// One kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// One node is silent, its connections stay open.
    Frozen,
    /// One node ends without a warning, and stays away.
    Killed,
    /// One node ends without a warning, and starts again at once.
    Restarted,
    /// One node closes its port for clients, and opens it again.
    PortClosed,
    /// One node is drained and started again, as for maintenance.
    Drained,
    /// Two of three nodes are silent: no quorum.
    TwoFrozen,
    /// One node has the processor for a fifth of the time only.
    Limping,
    /// All nodes are drained and started again, one by one.
    Rolling,
}

pub(crate) const FAULTS: [Fault; 8] = [
    Fault::Frozen,
    Fault::Killed,
    Fault::Restarted,
    Fault::PortClosed,
    Fault::Drained,
    Fault::TwoFrozen,
    Fault::Limping,
    Fault::Rolling,
];

impl Fault {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Killed => "killed",
            Self::Restarted => "restarted",
            Self::PortClosed => "port_closed",
            Self::Drained => "drained",
            Self::TwoFrozen => "two_frozen",
            Self::Limping => "limping",
            Self::Rolling => "rolling",
        }
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        FAULTS.into_iter().find(|fault| fault.name() == name)
    }

    /// Is there a quorum all the time?
    pub(crate) fn spares_the_quorum(self) -> bool {
        self != Self::TwoFrozen
    }

    /// The nodes that it hits, beginning with `first`.
    pub(crate) fn victims(self, first: usize, nodes: usize) -> Vec<usize> {
        let count = match self {
            Self::TwoFrozen => 2,
            Self::Rolling => nodes,
            _ => 1,
        };
        (first..first + count).map(|node| node % nodes).collect()
    }

    /// Does it, and returns when it is over: the nodes run and know each other.
    pub(crate) async fn happen(
        self,
        cluster: &LocalCluster,
        victims: &[usize],
        lasts: Duration,
    ) -> Result<()> {
        let nodes = || victims.iter().map(|index| cluster.node(*index));
        for node in nodes() {
            match self {
                Self::Frozen | Self::TwoFrozen => node.freeze()?,
                Self::Killed => {
                    node.kill().await?;
                    sleep(lasts).await;
                    node.restart().await?;
                }
                Self::Restarted => {
                    node.kill().await?;
                    node.restart().await?;
                }
                Self::PortClosed => {
                    node.disable_client_port().await?;
                    sleep(lasts).await;
                    node.enable_client_port().await?;
                }
                Self::Drained | Self::Rolling => {
                    node.node_tool(["drain"]).await?;
                    node.restart().await?;
                }
                Self::Limping => {
                    let end = Instant::now() + lasts;
                    while Instant::now() < end {
                        node.freeze()?;
                        sleep(Duration::from_millis(80)).await;
                        node.resume()?;
                        sleep(Duration::from_millis(20)).await;
                    }
                }
            }
        }
        if matches!(self, Self::Frozen | Self::TwoFrozen) {
            sleep(lasts).await;
            for node in nodes() {
                node.resume()?;
            }
        }
        Ok(())
    }
}
