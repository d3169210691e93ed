//! 256 callers for a long time. What the process holds is noted once before and once after.

use std::fs;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::{Limits, OFFERING, closed};
use crate::Result;
use crate::client::Client;
use crate::meter::{Meter, Outcomes, status_mib};
use crate::sample::Sample;
use crate::work::Operation;

const CALLERS: usize = 256;
/// What a turn is: outcomes of single requests are kept for no longer.
const TURN: Duration = Duration::from_secs(5);
/// The connections to a node that was gone come back in that time, and answers that nobody waits for.
const REST: Duration = Duration::from_secs(40);
/// What a soak may leave behind beyond what there was: memory that the allocator keeps, in MiB.
const MEMORY: f64 = 16.0;

/// What a process holds at rest.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Held {
    resident: f64,
    tasks: usize,
    files: usize,
    under_way: Option<u64>,
}

impl Held {
    fn now(client: &impl Client) -> Self {
        Self {
            resident: status_mib("VmRSS:"),
            tasks: Handle::current().metrics().num_alive_tasks(),
            files: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
            under_way: client.under_way(),
        }
    }

    /// What there is more of than before.
    fn beyond(&self, before: &Self) -> Vec<String> {
        let mut more = Vec::new();
        if self.resident > before.resident + MEMORY {
            more.push(format!(
                "memory: {:.0} MiB, before {:.0}",
                self.resident, before.resident
            ));
        }
        if self.tasks > before.tasks {
            more.push(format!("tasks: {}, before {}", self.tasks, before.tasks));
        }
        if self.files > before.files {
            more.push(format!(
                "files and sockets: {}, before {}",
                self.files, before.files
            ));
        }
        if self.under_way > before.under_way {
            more.push(format!(
                "requests: {:?}, before {:?}",
                self.under_way, before.under_way
            ));
        }
        more
    }
}

pub(super) async fn run(client: impl Client, limits: Limits) -> Result<Sample> {
    // The memory that is needed under full load stays with the allocator: it is not a leak.
    turn(&client, limits.seed, TURN).await?;
    sleep(Duration::from_secs(5)).await;
    let before = Held::now(&client);
    println!("{OFFERING}\nbefore {before:?}");
    let until = Instant::now() + limits.lasts;
    let meter = Meter::start();
    let mut all = Outcomes::default();
    for number in 1.. {
        if Instant::now() >= until {
            break;
        }
        let seed = limits.seed.wrapping_add(number * CALLERS as u64);
        all.add(turn(&client, seed, TURN).await?);
        all.forget_all_but(100_000);
    }
    let sample = meter.stop(all);
    sleep(REST).await;
    let after = Held::now(&client);
    let more = after.beyond(&before);
    println!("after {after:?}");
    if more.is_empty() {
        Ok(sample)
    } else {
        Err(format!("left behind: {}", more.join("; ")).into())
    }
}

async fn turn(client: &impl Client, seed: u64, lasts: Duration) -> Result<Outcomes> {
    closed::callers(client, CALLERS, Operation::WriteRead, lasts, seed).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_behind_is_named() {
        let before = Held {
            resident: 20.0,
            tasks: 9,
            files: 14,
            under_way: Some(0),
        };
        assert!(before.beyond(&before).is_empty());
        assert!(
            Held {
                resident: 30.0,
                tasks: 3,
                ..before
            }
            .beyond(&before)
            .is_empty()
        );
        let leaky = Held {
            resident: 90.0,
            tasks: 10,
            files: 15,
            under_way: Some(1),
        };
        assert_eq!(leaky.beyond(&before).len(), 4);
    }
}
