//! Options about racks.

use super::ClusterBuilder;

impl ClusterBuilder {
    /// The rack of the local data centre whose nodes come first: replicas in this rack, then the other replicas nearby, then the other nodes nearby;
    /// a statement without a token goes to any node of the rack. Default: none, all replicas nearby are alike.
    ///
    /// It saves the traffic between racks where that is slow or costs money, and puts the load of this client on fewer nodes. Conditional writes
    /// do not mind it: all clients ask the same replica first.
    pub fn prefer_rack(mut self, name: impl Into<String>) -> Self {
        self.rack = Some(name.into());
        self
    }

    /// Is it an error of `connect` when the cluster has no node in the preferred data centre or rack? Default: no. Then a warning names the ones
    /// that there are, once, and instead of the data centre that of the first contact point that answered counts as nearby.
    pub const fn strict_locality(mut self, strict: bool) -> Self {
        self.strict_locality = strict;
        self
    }
}
