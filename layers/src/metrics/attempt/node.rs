use crate::Request;
use crate::metrics::NodeMetrics;

/// The handles of the node that the balancer has chosen for this attempt.
pub(super) fn node_metrics<R: Request>(request: &R) -> Option<&NodeMetrics> {
    request
        .context()
        .ticket()
        .and_then(|ticket| ticket.endpoint().metrics())
}
