//! A server that answers the handshake with damaged frames.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use scripted_cassandra::{Action, Match, Opcode, ScriptedCluster};
use tokio::time::timeout;
use tower_cassandra::ClusterBuilder;

use crate::{PATIENCE, mangle, panics, seed, times};

const AT_A_TIME: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_is_damaged_ends_in_a_session_or_in_an_error_that_says_why() {
    let before = panics();
    let handshakes = times(20_000);
    let seed = seed("handshakes", handshakes);
    let cluster = ScriptedCluster::builder().start().await.unwrap();
    let chance = Arc::new(Mutex::new(SmallRng::seed_from_u64(seed)));
    let damage = Action::Answer.changed(move |frame| mangle::answer(frame, 0.2, &mut chance.lock().unwrap()));
    let handshake = Match::opcode(Opcode::Options)
        .or_opcode(Opcode::Startup)
        .or_opcode(Opcode::Register);
    // The others are honest, so that some get through.
    let _ = cluster.on(handshake).probability(0.5, seed).then(damage);

    let points = cluster.contact_points();
    let connect = |_| {
        let builder = ClusterBuilder::new()
            .contact_points(points.clone())
            .no_health_check()
            .connect_timeout(Duration::from_secs(1));
        async move {
            let result = timeout(PATIENCE, builder.connect())
                .await
                .expect("a connect that hangs");
            match result {
                Ok(session) => {
                    session.close(PATIENCE).await.unwrap();
                    true
                }
                Err(error) => {
                    let text = format!("{error} {error:?}");
                    assert!(text.len() < 100_000, "SEED={seed}");
                    false
                }
            }
        }
    };
    let ends: Vec<bool> = stream::iter(0..handshakes)
        .map(connect)
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    let good = ends.iter().filter(|good| **good).count();
    let panics = panics() - before;
    println!(
        "handshakes: {good} sessions, {} errors, {panics} panics",
        ends.len() - good
    );
    assert_eq!(panics, 0, "SEED={seed}");
    assert!(good > 0 && good < ends.len(), "SEED={seed}: {good}");
}
