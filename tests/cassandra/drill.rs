//! The short form of the fault drill of `--example failover -- --drill`: three faults, the stack alone.

use std::time::Duration;

use crate::fault_drill::{Fault, Outcome, Plan, run};
use crate::three::three_nodes;

/// Longer than the attempt limit and its retries take on a busy machine.
const FAR_TOO_LONG: Duration = Duration::from_secs(7);

async fn drill(test: &str, fault: Fault) -> Option<Outcome> {
    let three = three_nodes(test).await?;
    let plan = Plan {
        keyspace: format!("{test}_{}", std::process::id()),
        faults: vec![fault],
        lasts: Duration::from_secs(5),
        warm_up: Duration::from_secs(2),
        control: Duration::from_secs(2),
        patience: Duration::from_secs(4),
        per_second: 300,
        bare: false,
        seed: 1,
    };
    Some(run(three.cluster, &plan).await.unwrap())
}

fn check(outcome: &Outcome) {
    for goal in outcome.goals.iter().filter(|goal| goal.safety) {
        assert!(goal.met, "{goal}");
    }
    for row in &outcome.rows {
        assert!(row.requests > 0, "{row}");
        if row.operation.is_idempotent() {
            assert_eq!(row.failed(), 0, "{row}: {:?}", row.kinds);
            // PREPARE waits for all nodes.
            assert!(
                row.slowest < FAR_TOO_LONG || row.operation == Operation::Prepare,
                "{row}"
            );
        }
    }
}
