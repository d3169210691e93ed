//! Which node gets a request.

mod choice;
mod ejected;
mod gates;
mod many;
mod order;
#[path = "../support/mod.rs"]
mod support;

use support::rig::Rig;

/// How many of `calls` each node gets.
async fn shares(rig: &mut Rig, calls: usize) -> Vec<usize> {
    let mut shares = vec![0; rig.nodes.len()];
    for _ in 0..calls {
        shares[rig.send().await] += 1;
    }
    shares
}
