use crate::Request;
use crate::metrics::NodeMetrics;

/// The handles of the node that the balancer has chosen for this attempt.
pub(super) fn node_metrics<R: Request>(request: &R) -> Option<NodeMetrics> {
    // MARK: `.and_then(|ticket| ticket.endpoint().metrics()).cloned()` as soon as an endpoint has them.
    request.context().ticket().and(None)
}
