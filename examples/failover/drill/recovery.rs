//! How soon after a fault all is as before.

use std::time::Duration;

use tower_cassandra::uuid::Uuid;

use super::log::{Event, Side};
use super::operation::Operation;

/// So long a window has to be good.
const WINDOW: Duration = Duration::from_secs(3);
/// Windows begin so far apart.
const STEP: Duration = Duration::from_millis(500);

/// The 99th percentile of reads and idempotent writes that were meant to be sent in that time.
pub(crate) fn p99(events: &[Event], side: Side, from: Duration, to: Duration) -> Option<Duration> {
    quantile(events, side, from, to, 990)
}

/// The 99.9th percentile of them in the ten seconds before.
pub(crate) fn healthy_p999(events: &[Event], side: Side, until: Duration) -> Option<Duration> {
    let from = until.saturating_sub(Duration::from_secs(10));
    quantile(events, side, from, until, 999)
}

fn quantile(
    events: &[Event],
    side: Side,
    from: Duration,
    to: Duration,
    of_a_thousand: usize,
) -> Option<Duration> {
    let mut took: Vec<Duration> = events
        .iter()
        .filter(|event| {
            event.side == side
                && matches!(event.operation, Operation::Read | Operation::IdempotentWrite)
                && (from..to).contains(&event.intended)
        })
        .map(Event::took)
        .collect();
    took.sort_unstable();
    took.get(took.len().saturating_sub(1) * of_a_thousand / 1_000)
        .copied()
}

/// As good as before: a window of three seconds has three samples above its p99 and the machine is small.
pub(crate) fn tolerated(control: Duration) -> Duration {
    control * 3 / 2 + Duration::from_millis(5)
}

/// When the first window began in which the p99 was as good as before, counted from the end of the fault.
pub(crate) fn latency_back(
    events: &[Event],
    side: Side,
    ended: Duration,
    now: Duration,
    control: Duration,
) -> Option<Duration> {
    let good = |from| p99(events, side, from, from + WINDOW).is_some_and(|p99| p99 <= tolerated(control));
    windows(ended, now)
        .find(|from| good(*from))
        .map(|from| from - ended)
}

/// When the first window began in which every one of the nodes had its part of the answers, ± 20 %.
pub(crate) fn share_back(
    events: &[Event],
    side: Side,
    ended: Duration,
    now: Duration,
    nodes: &[Uuid],
    of: usize,
) -> Option<Duration> {
    let fair = |share: f64| (0.8..=1.2).contains(&(share * of as f64));
    let good = |from| {
        nodes
            .iter()
            .all(|node| share(events, side, from, from + WINDOW, *node).is_some_and(fair))
    };
    windows(ended, now)
        .find(|from| good(*from))
        .map(|from| from - ended)
}

/// The part of the answers that came from that node.
pub(crate) fn share(events: &[Event], side: Side, from: Duration, to: Duration, node: Uuid) -> Option<f64> {
    let (mut all, mut its) = (0_u32, 0_u32);
    for event in events {
        if event.side == side && (from..to).contains(&event.intended) && event.succeeded() {
            all += u32::from(event.node.is_some());
            its += u32::from(event.node == Some(node));
        }
    }
    (all > 0).then(|| f64::from(its) / f64::from(all))
}

/// The beginnings of the windows that are over; what was sent in them has had a second to end.
fn windows(ended: Duration, now: Duration) -> impl Iterator<Item = Duration> {
    let last = now.checked_sub(WINDOW + Duration::from_secs(1));
    (0_u32..)
        .map(move |step| ended + STEP * step)
        .take_while(move |from| last.is_some_and(|last| *from <= last))
}
