//! The short form of the fault drill of `cargo run --example failover -- --drill`: three faults, the stack alone.

use std::time::Duration;

use crate::fault_drill::{Fault, Outcome, Plan, run};
use crate::support::PATIENCE;
use crate::three::three_nodes;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_three_faults_nothing_is_done_twice_or_lost_and_reads_succeed() {
    let Some(three) = three_nodes("fault drill").await else {
        return;
    };
    let plan = Plan {
        keyspace: format!("drill_{}", std::process::id()),
        faults: vec![Fault::Frozen, Fault::Killed, Fault::PortClosed],
        lasts: Duration::from_secs(6),
        warm_up: Duration::from_secs(3),
        control: Duration::from_secs(1),
        patience: Duration::from_secs(3),
        // What three nodes can do also on a machine that is a quarter as fast: this is about what is right, and how fast is asked by the
        // example. That a silent node costs no read is asked by a test of its own, which counts.
        per_second: 60,
        timeout: Some(PATIENCE),
        bare: false,
        hedge: false,
        seed: 1,
        events: None,
    };
    let outcome = run(three.cluster, &plan).await.unwrap();
    check(&outcome);
}

fn check(outcome: &Outcome) {
    for goal in outcome.goals.iter().filter(|goal| goal.safety) {
        assert!(goal.met, "{goal}");
    }
    for row in &outcome.rows {
        assert!(row.requests > 0, "{row}");
        // Of the others every failure is either marked as possibly applied, or was found to be not there.
        if row.operation.is_idempotent() {
            assert_eq!(row.failed(), 0, "{row} {:?}", row.kinds);
        }
    }
    // Increments that a coordinator hands to the silent node get no answer.
    let left_open = |fault| -> usize {
        let rows = outcome.rows.iter().filter(|row| row.fault == fault);
        rows.map(|row| row.ambiguous).sum()
    };
    assert!(
        left_open(Fault::Frozen) > 0,
        "nothing was left open: nothing was tested"
    );
}
