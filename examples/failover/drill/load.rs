//! A steady load on one client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tower_cassandra::uuid::Uuid;

use super::Result;
use super::bare::Bare;
use super::log::{Event, Log, Side, Told};
use super::operation::{Operation, scramble};
use super::ours::Ours;

/// More than this under way, and the drill says nothing any more.
const AT_MOST: usize = 20_000;

#[derive(Clone)]
pub(crate) enum Client {
    Ours(Arc<Ours>),
    Bare(Arc<Bare>),
}

impl Client {
    const fn side(&self) -> Side {
        match self {
            Self::Ours(_) => Side::Ours,
            Self::Bare(_) => Side::Bare,
        }
    }

    async fn perform(&self, operation: Operation, number: u32, key: i64) -> (Told, Option<Uuid>) {
        match self {
            Self::Ours(client) => client.perform(operation, number, key).await,
            Self::Bare(client) => client.perform(operation, number, key).await,
        }
    }
}

/// What is sent, how fast, and until when.
pub(crate) struct Load {
    pub(crate) schedule: Vec<Operation>,
    pub(crate) per_second: u32,
    pub(crate) seed: u64,
    pub(crate) over: AtomicBool,
}

/// Sends at the intended times, however long the answers take.
pub(crate) async fn offer(client: Client, load: Arc<Load>, log: Arc<Log>) -> Result<()> {
    let side = client.side();
    let mut ticks = interval(Duration::from_secs(1) / load.per_second);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut requests = JoinSet::new();
    let mut claims = 0_i64;
    while !load.over.load(Relaxed) {
        let intended = log.since_start(ticks.tick().await);
        while requests.try_join_next().is_some() {}
        if requests.len() >= AT_MOST {
            return Err(format!("{AT_MOST} requests of {} are waiting", side.name()).into());
        }
        let number = log.next(side);
        let operation = load.schedule[number as usize % load.schedule.len()];
        let key = match operation {
            Operation::Lwt => {
                claims += 1;
                (claims - 1) / 2
            }
            Operation::Read | Operation::ReadDefault => {
                (scramble(load.seed ^ u64::from(number)) >> 1).cast_signed()
            }
            _ => i64::from(number),
        };
        let (client, log) = (client.clone(), Arc::clone(&log));
        requests.spawn(async move {
            let (told, node) = client.perform(operation, number, key).await;
            log.record(Event {
                side,
                operation,
                number,
                key,
                intended,
                ended: log.now(),
                told,
                node,
            });
        });
    }
    while requests.join_next().await.is_some() {}
    Ok(())
}
