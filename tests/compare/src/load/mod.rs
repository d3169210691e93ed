//! What the process of a contender does: a work, by the clock.

mod closed;
mod open;
mod rows;
mod soak;

pub(crate) use open::OFFERING;

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::Result;
use crate::client::{Client, KEYS};
use crate::meter::{Meter, Outcomes};
use crate::sample::Sample;
use crate::work::{Operation, Shape};

/// How long, and from what chance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) lasts: Duration,
    /// Before anything is measured.
    pub(crate) warm_up: Duration,
    /// Of an open loop.
    pub(crate) per_second: f64,
    pub(crate) seed: u64,
}

/// Does the work once for warmth and once to be measured.
pub(crate) async fn run(client: impl Client, shape: Shape, limits: Limits) -> Result<Sample> {
    match shape {
        Shape::Frozen => return open::frozen(client).await,
        Shape::Soak => return soak::run(client, limits).await,
        _ => {}
    }
    match shape {
        // Once is enough to be warm.
        Shape::Rows(rows) => rows::once(&client, rows).await?,
        _ => once(&client, shape, limits, limits.warm_up).await?,
    };
    let meter = Meter::start();
    let outcomes = once(&client, shape, limits, limits.lasts).await?;
    Ok(meter.stop(outcomes))
}

async fn once(client: &impl Client, shape: Shape, limits: Limits, lasts: Duration) -> Result<Outcomes> {
    let seed = limits.seed;
    match shape {
        Shape::Closed(callers, operation) => closed::callers(client, callers, operation, lasts, seed).await,
        Shape::Burst(size, operation) => closed::bursts(client, size, operation, lasts, seed).await,
        Shape::Open(_) => open::reads(client, limits.per_second, lasts, seed).await,
        Shape::Rows(rows) => rows::run(client, rows, lasts).await,
        Shape::Frozen | Shape::Soak => Err("this work has an order of its own".into()),
    }
}

/// Says how many operations it was.
async fn operate(client: &impl Client, operation: Operation, id: i32) -> Result<u64> {
    match operation {
        Operation::Read => client.read(id).await.map(|()| 1),
        Operation::Write => client.write(id).await.map(|()| 1),
        Operation::WriteRead => {
            client.write(id).await?;
            client.read(id).await.map(|()| 2)
        }
    }
}

/// The keys of one caller, in an order of its own.
struct Keys(SmallRng);

impl Keys {
    fn new(seed: u64, caller: usize) -> Self {
        Self(SmallRng::seed_from_u64(seed.wrapping_add(caller as u64)))
    }

    fn next(&mut self) -> i32 {
        self.0.random_range(0..KEYS)
    }
}

/// Doubles of the contenders, whose time is made up.
#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;

    /// Takes so long for each, and fails with every key that is a multiple of this.
    #[derive(Clone, Default)]
    pub(crate) struct Double {
        pub(crate) takes: Duration,
        pub(crate) fails: Option<i32>,
        pub(crate) calls: Arc<AtomicU64>,
    }

    impl Double {
        async fn answer(&self, id: i32) -> Result<()> {
            self.calls.fetch_add(1, Relaxed);
            tokio::time::sleep(self.takes).await;
            match self.fails {
                Some(n) if id % n == 0 => Err("made up".into()),
                _ => Ok(()),
            }
        }
    }

    impl Client for Double {
        async fn read(&self, id: i32) -> Result<()> {
            self.answer(id).await
        }

        async fn write(&self, id: i32) -> Result<()> {
            self.answer(id).await
        }

        async fn rows(&self, _: Option<i32>) -> Result<u64> {
            self.answer(1).await.map(|()| 1_000)
        }
    }
}
