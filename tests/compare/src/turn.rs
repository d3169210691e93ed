//! One turn of one contender: its process, and what happens to the nodes meanwhile.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use crate::Result;
use crate::bed::Bed;
use crate::child::Task;
use crate::foreign::Programs;
use crate::load::OFFERING;
use crate::sample::Sample;
use crate::work::Shape;

/// The node that suffers.
const VICTIM: usize = 1;
/// It is frozen then, for so long.
const FROZEN_AFTER: Duration = Duration::from_secs(15);
const FROZEN: Duration = Duration::from_secs(20);
/// What the other nodes have kept for the frozen one is delivered.
const HINTS: Duration = Duration::from_secs(10);
/// At the end of a soak, so that what it leaves is not what the last fault left.
const QUIET: Duration = Duration::from_secs(120);
/// Between two faults of a soak.
const BETWEEN: Duration = Duration::from_secs(30);
/// Beyond what a work lasts: connecting, warm-up, and answers that are waited for.
const PATIENCE: Duration = Duration::from_secs(240);

/// Runs the process to its end.
pub(crate) async fn take(bed: &Bed, programs: &Programs, task: &Task) -> Result<Sample> {
    repair(bed).await?;
    let mut command = match programs.command(task) {
        Some(command) => Command::from(command?),
        None => {
            let mut command = Command::new(own_program()?);
            command.args(task.arguments());
            command
        }
    };
    let mut process = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let lines = process.stdout.take().ok_or("its output is not there")?;
    let limit = task.limits.lasts + PATIENCE;
    let sample = timeout(limit, listen(bed, task, BufReader::new(lines))).await;
    let sample = sample.map_err(|_| format!("it was not done after {limit:?}"))??;
    let status = process.wait().await?;
    match sample {
        Some(sample) if status.success() => Ok(sample),
        _ => Err(format!("it ended with {status}").into()),
    }
}

/// Until the process closes its output. When it says that load is offered, the nodes get what the work has for them.
async fn listen(
    bed: &Bed,
    task: &Task,
    output: impl tokio::io::AsyncBufRead + Unpin,
) -> Result<Option<Sample>> {
    let mut lines = output.lines();
    let mut sample = None;
    let mut read = async || -> Result<bool> {
        while let Some(line) = lines.next_line().await? {
            if line == OFFERING {
                return Ok(true);
            }
            match Sample::parse(&line) {
                Some(parsed) => sample = Some(parsed),
                None => println!("  {} {}: {line}", task.work.name, task.arm.name()),
            }
        }
        Ok(false)
    };
    if read().await? {
        let (listened, suffered) = tokio::join!(read(), suffer(bed, task));
        listened?;
        suffered?;
    }
    Ok(sample)
}

async fn suffer(bed: &Bed, task: &Task) -> Result<()> {
    match task.work.shape {
        Shape::Frozen => {
            sleep(FROZEN_AFTER).await;
            freeze(bed, VICTIM, FROZEN).await?;
            bed.cluster.ready().await?;
            sleep(HINTS).await;
        }
        Shape::Soak => {
            faults(task.limits.lasts, async |number| {
                let node = number / 2 % bed.cluster.nodes().len();
                if number % 2 == 0 {
                    freeze(bed, node, Duration::from_secs(10)).await?;
                } else {
                    bed.cluster.node(node).kill().await?;
                    sleep(Duration::from_secs(5)).await;
                    bed.cluster.node(node).restart().await?;
                }
                Ok(bed.cluster.ready().await?)
            })
            .await?;
        }
        _ => {}
    }
    Ok(())
}

/// A turn that was given up may have left nodes frozen or dead, and the next contender has to meet the same nodes as all.
async fn repair(bed: &Bed) -> Result<()> {
    let nodes = bed.cluster.nodes();
    for node in nodes.iter().filter(|node| node.is_running()) {
        node.resume()?;
    }
    for node in nodes.iter().filter(|node| !node.is_running()) {
        node.restart().await?;
    }
    Ok(bed.cluster.ready().await?)
}

/// One fault after the other, by the clock: on a slow machine nodes come back late, and there are fewer faults then. None is begun that would
/// reach into the quiet time if it took as long as the longest so far.
async fn faults(lasts: Duration, mut fault: impl AsyncFnMut(usize) -> Result<()>) -> Result<()> {
    let until = Instant::now() + lasts.saturating_sub(QUIET);
    let mut longest = Duration::ZERO;
    for number in 0.. {
        let began = Instant::now();
        if began + longest >= until {
            break;
        }
        fault(number).await?;
        longest = longest.max(began.elapsed());
        sleep(BETWEEN).await;
    }
    Ok(())
}

async fn freeze(bed: &Bed, node: usize, lasts: Duration) -> Result<()> {
    bed.cluster.node(node).freeze()?;
    sleep(lasts).await;
    Ok(bed.cluster.node(node).resume()?)
}

/// This very program, also when it was built again meanwhile.
pub(crate) fn own_program() -> Result<std::path::PathBuf> {
    let link = std::path::PathBuf::from("/proc/self/exe");
    Ok(if link.exists() {
        link
    } else {
        std::env::current_exe()?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_soak_is_quiet_however_long_its_faults_take() {
        let lasts = Duration::from_secs(20 * 60);
        for (takes, at_least) in [(10, 26), (60, 11), (300, 3)] {
            let started = Instant::now();
            let (mut count, mut ended) = (0, Duration::ZERO);
            faults(lasts, async |number| {
                assert_eq!(number, count);
                sleep(Duration::from_secs(takes)).await;
                (count, ended) = (count + 1, started.elapsed());
                Ok(())
            })
            .await
            .unwrap();
            assert!(count >= at_least, "{takes} s: {count}");
            assert!(ended <= lasts - QUIET, "{takes} s: {ended:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_soak_is_quiet_all_the_time() {
        faults(QUIET, async |_| Err("a fault".into())).await.unwrap();
    }
}
