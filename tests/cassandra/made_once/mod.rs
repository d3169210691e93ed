//! Increments and conditional writes through faults of real nodes, with second attempts beside slow reads: none is carried out twice, and
//! none that was carried out is denied.
//!
//! 1,000 operations and one silent node; with `FULL=1` 100,000, and all nodes are frozen, killed and slowed down in turns: seven minutes
//! on two cores.

mod faults;
mod ledger;
mod load;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tower_cassandra::Hedge;

use crate::support::{PATIENCE, at_rest, create_keyspace, done, full};
use crate::three::three_nodes;
use ledger::Ledger;
use load::Load;

/// At the same time; each waits for its answer.
const WORKERS: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_second_attempts_no_increment_and_no_conditional_write_is_made_twice() {
    let Some(three) = three_nodes("made_once").await else {
        return;
    };
    // So that every slow read has a second attempt.
    let hedge = Hedge::default().after(Duration::from_millis(2)).share(1.0);
    let client = three.client().hedge(hedge).attempt_timeout(PATIENCE / 2);
    let session = client.connect().await.unwrap();
    let keyspace = create_keyspace(&session, "made_once", 3).await;
    let wanted = if full() { 100_000 } else { 1_000 };
    let load = Arc::new(Load::prepare(session.clone(), &keyspace, wanted).await);
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(Arc::clone(&load).work());
    }
    if full() {
        faults::all_in_turns(three.cluster, &load).await;
    } else {
        faults::silence(three.cluster.node(1), &load).await;
    }
    load.end().await;
    let results = workers.join_all().await.concat();

    // Now nothing is under way any more: what was not carried out never will be.
    three.cluster.ready().await.unwrap();
    at_rest(&session).await;
    println!("made once: {load}");
    let ledger = Ledger::read(&session, &keyspace, &results).await;
    let found = ledger.compare(&results);
    println!("{found}");
    assert_eq!(
        (found.twice, found.denied, found.lost),
        (0, 0, 0),
        "{:?}",
        found.wrong
    );
    assert_eq!(load.hedged_writes(), 0, "of what must not be made twice");
    assert!(load.hedges() > 0, "no second attempt: nothing was tested");
    assert_ne!(
        found.left_open,
        [0, 0],
        "nothing was left open: nothing was tested"
    );
    done(session, &keyspace).await;
}
