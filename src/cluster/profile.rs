use std::sync::Arc;

use scylla::client::execution_profile::ExecutionProfile;
use scylla::policies::load_balancing::{DefaultPolicy, LoadBalancingPolicy};
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::statement::{Consistency, SerialConsistency};

/// The driver's execution profile for a leaf: one call of ours is one attempt of the driver, without a timeout, a retry or speculation of its own.
#[must_use]
pub fn leaf_profile(consistency: Consistency, serial_consistency: SerialConsistency) -> ExecutionProfile {
    profile(
        consistency,
        serial_consistency,
        Arc::new(DefaultPolicy::default()),
    )
}

pub(super) fn profile(
    consistency: Consistency,
    serial_consistency: SerialConsistency,
    load_balancing: Arc<dyn LoadBalancingPolicy>,
) -> ExecutionProfile {
    ExecutionProfile::builder()
        .consistency(consistency)
        .serial_consistency(Some(serial_consistency))
        .request_timeout(None)
        .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
        .speculative_execution_policy(None)
        .load_balancing_policy(load_balancing)
        .build()
}
