//! Requests at a rate that does not depend on the answers. Latency counts from the moment a request was meant to be sent.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{Keys, operate};
use crate::Result;
use crate::client::Client;
use crate::meter::{Meter, Outcomes};
use crate::sample::Sample;
use crate::work::Operation;

/// So many may be waiting: beyond that the contender does not keep up, and what is due counts as failed.
const AT_MOST: usize = 50_000;

/// What the process prints when the writes of the frozen node begin.
pub(crate) const OFFERING: &str = "offering";
const FROZEN_PER_SECOND: f64 = 300.0;
const FROZEN_LASTS: Duration = Duration::from_secs(50);

pub(super) async fn reads(
    client: &impl Client,
    per_second: f64,
    lasts: Duration,
    seed: u64,
) -> Result<Outcomes> {
    offer(client, Operation::Read, per_second, lasts, seed).await
}

/// The one who started this process freezes the node.
pub(super) async fn frozen(client: impl Client) -> Result<Sample> {
    offer(
        &client,
        Operation::Write,
        FROZEN_PER_SECOND,
        Duration::from_secs(1),
        0,
    )
    .await?;
    println!("{OFFERING}");
    let meter = Meter::start();
    let outcomes = offer(&client, Operation::Write, FROZEN_PER_SECOND, FROZEN_LASTS, 1).await?;
    Ok(meter.stop(outcomes))
}

async fn offer(
    client: &impl Client,
    operation: Operation,
    per_second: f64,
    lasts: Duration,
    seed: u64,
) -> Result<Outcomes> {
    let started = Instant::now();
    let mut keys = Keys::new(seed, 0);
    let (mut tasks, mut all) = (JoinSet::new(), Outcomes::default());
    for number in 0..(lasts.as_secs_f64() * per_second) as u64 {
        let intended = started + Duration::from_secs_f64(number as f64 / per_second);
        if intended > Instant::now() {
            // Timers are as fine as a millisecond: what falls into one is sent together.
            sleep_until(intended).await;
        }
        while let Some(ended) = tasks.try_join_next() {
            note(&mut all, ended?);
        }
        if tasks.len() >= AT_MOST {
            all.not_sent("too many are waiting");
            continue;
        }
        let (client, id) = (client.clone(), keys.next());
        tasks.spawn(async move {
            let result = operate(&client, operation, id).await;
            (intended.elapsed(), result)
        });
    }
    while let Some(ended) = tasks.join_next().await {
        note(&mut all, ended?);
    }
    Ok(all)
}

fn note(all: &mut Outcomes, (took, result): (Duration, Result<u64>)) {
    all.note(took, result);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use super::super::tests::Double;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn slow_answers_do_not_slow_down_the_rate() {
        let double = Double {
            takes: Duration::from_secs(5),
            ..Double::default()
        };
        let began = Instant::now();
        let outcomes = reads(&double, 100.0, Duration::from_secs(2), 1).await.unwrap();
        assert_eq!(outcomes.operations, 200);
        assert_eq!(double.calls.load(Relaxed), 200);
        let took = began.elapsed().as_secs_f64();
        assert!((6.9..7.1).contains(&took), "{took}");
    }
}
