//! A fixed number of callers.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Keys, operate};
use crate::Result;
use crate::client::Client;
use crate::meter::Outcomes;
use crate::work::Operation;

/// Each begins its next operation when the last has ended, until the time is over.
pub(super) async fn callers(
    client: &impl Client,
    callers: usize,
    operation: Operation,
    lasts: Duration,
    seed: u64,
) -> Result<Outcomes> {
    let until = Instant::now() + lasts;
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let client = client.clone();
        let mut keys = Keys::new(seed, caller);
        tasks.spawn(async move {
            let mut outcomes = Outcomes::default();
            let mut now = Instant::now();
            while now < until {
                let result = operate(&client, operation, keys.next()).await;
                let ended = Instant::now();
                outcomes.note(ended - now, result);
                now = ended;
            }
            outcomes
        });
    }
    gather(tasks).await
}

/// All at once, each in a task of its own, and again when the last has ended.
pub(super) async fn bursts(
    client: &impl Client,
    size: usize,
    operation: Operation,
    lasts: Duration,
    seed: u64,
) -> Result<Outcomes> {
    let until = Instant::now() + lasts;
    let mut keys = Keys::new(seed, 0);
    let mut all = Outcomes::default();
    while Instant::now() < until {
        let mut tasks = JoinSet::new();
        for _ in 0..size {
            let (client, id) = (client.clone(), keys.next());
            tasks.spawn(async move {
                let mut outcomes = Outcomes::default();
                let began = Instant::now();
                let result = operate(&client, operation, id).await;
                outcomes.note(began.elapsed(), result);
                outcomes
            });
        }
        all.add(gather(tasks).await?);
    }
    Ok(all)
}

async fn gather(mut tasks: JoinSet<Outcomes>) -> Result<Outcomes> {
    let mut all = Outcomes::default();
    while let Some(ended) = tasks.join_next().await {
        all.add(ended?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::super::tests::Double;
    use super::*;

    const TAKES: Duration = Duration::from_millis(10);
    const LASTS: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn as_many_are_under_way_as_there_are_callers() {
        let double = Double {
            takes: TAKES,
            ..Double::default()
        };
        let outcomes = callers(&double, 8, Operation::Read, LASTS, 1).await.unwrap();
        assert_eq!((outcomes.operations, outcomes.errors), (800, 0));
        let outcomes = callers(&double, 8, Operation::WriteRead, LASTS, 1).await.unwrap();
        assert_eq!(outcomes.operations, 800);
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_waits_for_the_last_of_the_one_before() {
        let double = Double {
            takes: TAKES,
            fails: Some(1),
            ..Double::default()
        };
        let outcomes = bursts(&double, 5, Operation::Write, LASTS, 1).await.unwrap();
        assert_eq!((outcomes.operations, outcomes.errors), (0, 500));
    }
}
