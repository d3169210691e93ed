//! What it is good for: a node that answers nothing for a while.

use super::*;

const RATE: u64 = 1_000;

const FROZEN: Duration = Duration::from_secs(20);

struct Drill {
    failed: usize,
    to_the_silent_node: usize,
    slowest: Duration,
    left_over: (u32, u32),
}

/// The whole stack over three nodes of which one answers nothing for 20 s, at 1,000 calls a second.
///
/// Passive ejection is off: it would hide what holding a place does.
async fn drill(with_reaper: bool) -> Drill {
    let settings = HealthSettings::default().consecutive_failures(u32::MAX).seed(11);
    let table = Table::new(settings).unwrap();
    let nodes: Vec<_> = (0..3).map(|id| table.endpoint(NodeId(id), "", ())).collect();
    table.replace(nodes.iter().cloned());
    let silent = Arc::clone(&nodes[0]);
    let freezes = Instant::now() + Duration::from_secs(1);
    let mut leaf = Leaf::new(move |node| async move {
        let thaws = freezes + FROZEN;
        let now = Instant::now();
        if node == NodeId(0) && now >= freezes && now < thaws {
            sleep_until(thaws).await;
        }
        sleep(ms(2)).await;
    });
    if !with_reaper {
        leaf.reaper = None;
    }
    let service = ServiceBuilder::new()
        .layer(TimeoutLayer::call(ms(2_000)).unwrap().without_timer())
        .layer(RetryLayer::new(RetryPolicy::default().seed(12), JUDGE).unwrap())
        .layer(BalanceLayer::new(
            table.clone(),
            AllNodes::new(table.clone()),
            JUDGE,
        ))
        .layer(TimeoutLayer::attempt(ms(500)).unwrap())
        .service(leaf.clone());
    let mut calls = JoinSet::new();
    let mut before = 0;
    while Instant::now() < freezes + FROZEN - ms(1) {
        if before == 0 && Instant::now() >= freezes {
            before = leaf.sent(NodeId(0));
        }
        let mut service = service.clone();
        calls.spawn(async move {
            let started = Instant::now();
            (send(&mut service, read()).await.is_ok(), started.elapsed())
        });
        sleep(Duration::from_secs(1) / RATE as u32).await;
    }
    let to_the_silent_node = leaf.sent(NodeId(0)) - before;
    let mut failed = 0;
    let mut slowest = Duration::ZERO;
    while let Some(call) = calls.join_next().await {
        let (ok, took) = call.unwrap();
        failed += usize::from(!ok);
        slowest = slowest.max(took);
    }
    sleep(ms(100)).await;
    Drill {
        failed,
        to_the_silent_node,
        slowest,
        left_over: (silent.in_flight(), silent.abandoned()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_frozen_node_gets_no_more_than_the_calls_of_one_stall_limit() {
    let drill = drill(true).await;
    assert_eq!(drill.failed, 0);
    // The stall limit of nodes that answer within 2 ms is its lower bound, 10 ms.
    let bound = (RATE * 10 / 1_000) as usize;
    assert!(
        (1..=bound).contains(&drill.to_the_silent_node),
        "{}",
        drill.to_the_silent_node
    );
    assert!(drill.slowest < ms(600), "{:?}", drill.slowest);
    assert_eq!(drill.left_over, (0, 0), "after it has answered");
}

#[tokio::test(start_paused = true)]
async fn without_the_reaper_the_same_node_attracts_calls_again_and_again() {
    let kept = drill(true).await.to_the_silent_node;
    let forgotten = drill(false).await.to_the_silent_node;
    assert!(
        forgotten > 20 * kept,
        "{forgotten} forgotten, {kept} with a held place"
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_given_up_on_is_asked_again_after_its_answer() {
    let mut rig = OneNode::new(HealthSettings::default(), after(ms(300)));
    rig.abandon();
    advance(ms(200)).await;
    assert_eq!(rig.table.snapshot()[0].state, State::Stalled);
    sleep(ms(101)).await;
    assert_eq!(rig.table.snapshot()[0].state, State::Healthy);
}
