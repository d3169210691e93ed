//! Balance.
mod error;
pub use error::NoCandidate;

/// One attempt under way on one node.
#[derive(Debug)]
pub struct Ticket(std::sync::Arc<Endpoint>);
impl Ticket {
    /// The node.
    pub fn endpoint(&self) -> &std::sync::Arc<Endpoint> {
        &self.0
    }
}
/// A node.
#[derive(Debug)]
pub struct Endpoint {
    id: crate::NodeId,
}
impl Endpoint {
    /// Its id.
    pub fn id(&self) -> crate::NodeId {
        self.id
    }
}
