//! Settings and requests by chance, right ones and such as make no sense.

use std::time::Duration;

use tokio::time::Instant;
use tower_cassandra_layers::health::HealthSettings;
use tower_cassandra_layers::limit::{ConcurrencyLimit, MAX_QUEUE, RateLimit};
use tower_cassandra_layers::request::OwnLimit;
use tower_cassandra_layers::retry::{Backoff, Budget, RetryPolicy};
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_cassandra_layers::{Call, InvalidConfig, Priority};

use crate::by_hand::Random;
use crate::stack::Settings;
use crate::support::{Req, ms};

const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3_600);

pub(crate) const TIMES: [Duration; 10] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_micros(999),
    HOUR,
    DAY,
    Duration::from_nanos(24 * 3_600 * 1_000_000_000 + 1),
    Duration::from_secs(1_000_000_000),
    Duration::from_secs(u64::MAX / 1_000_000_000),
    Duration::from_secs(u64::MAX / 2),
    Duration::MAX,
];
pub(crate) const NUMBERS: [u32; 7] = [0, 1, 100, 101, u32::MAX / 2 + 1, u32::MAX - 1, u32::MAX];
pub(crate) const SIZES: [usize; 7] = [
    0,
    1,
    MAX_QUEUE,
    MAX_QUEUE + 1,
    u32::MAX as usize,
    u32::MAX as usize + 1,
    usize::MAX,
];

pub(crate) const SHARES: [f64; 9] = [
    0.0,
    -0.0,
    1.0,
    1.000_1,
    -1.0,
    f64::MIN_POSITIVE,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
];

pub(crate) fn is_share(share: f64) -> bool {
    share > 0.0 && share <= 1.0
}

/// The usual value, or one in six times one from the edge of what can be written down.
pub(crate) fn pick<T: Copy>(random: &mut Random, usual: T, edge: &[T]) -> T {
    match random.below(6) {
        0 => edge[random.below(edge.len() as u64) as usize],
        _ => usual,
    }
}

/// Settings, and the options that make no sense in them.
pub(crate) fn settings(random: &mut Random) -> (Result<Settings, InvalidConfig>, Vec<&'static str>) {
    let mut wrong = Vec::new();
    let mut expect = |right: bool, option| {
        if !right {
            wrong.push(option);
        }
    };
    let call = pick(random, ms(1_000), &TIMES);
    expect(!call.is_zero() && call <= TimeoutLayer::LONGEST, "timeout");
    let attempt = pick(random, ms(200), &TIMES);
    expect(
        !attempt.is_zero() && attempt <= TimeoutLayer::LONGEST,
        "attempt_timeout",
    );
    let (permits, queue) = (pick(random, 3, &SIZES), pick(random, 2, &SIZES));
    let share = pick(random, 0.5, &SHARES);
    expect(is_share(share), "concurrency_limit.share");
    expect((1..=u32::MAX as usize).contains(&permits), "concurrency_limit");
    expect(queue <= MAX_QUEUE, "concurrency_limit.queue");
    let (count, period) = (pick(random, 100, &NUMBERS), pick(random, ms(1_000), &TIMES));
    expect(count > 0, "rate_limit");
    expect(!period.is_zero() && period <= DAY, "rate_limit.period");
    let mut rate = RateLimit::per(count, period);
    if random.below(2) == 0 {
        let burst = pick(random, 5, &NUMBERS);
        expect(burst > 0, "rate_limit.burst");
        rate = rate.burst(burst);
    }
    let places = pick(random, 2, &SIZES);
    expect(places <= MAX_QUEUE, "rate_limit.queue");
    let retries = pick(random, 3, &NUMBERS);
    expect(retries <= 100, "retry.max_retries");
    let (base, cap) = (pick(random, ms(1), &TIMES), pick(random, ms(10), &TIMES));
    expect(base <= cap && cap <= HOUR, "retry.backoff");
    let (floor, percent) = (pick(random, 50, &NUMBERS), pick(random, 20, &NUMBERS));
    expect(percent <= 100, "retry.budget");
    let mut number = |option| {
        let number = pick(random, 5, &NUMBERS);
        expect(number > 0, option);
        number
    };
    let health = HealthSettings::default()
        .node_limit(number("health.node_limit"))
        .abandoned_limit(number("health.abandoned_limit"))
        .consecutive_failures(number("health.consecutive_failures"))
        .failure_percent({
            let percent = pick(random, 50, &NUMBERS);
            expect((1..=100).contains(&percent), "health.failure_percent");
            percent
        });
    let (first, longest) = (pick(random, ms(10), &TIMES), pick(random, ms(100), &TIMES));
    expect(
        !first.is_zero() && first <= longest && longest <= DAY,
        "health.ejection",
    );
    let retry = RetryPolicy::default()
        .max_retries(retries)
        .backoff(Backoff::exponential(base, cap));
    // Checked at once, or with the layer.
    let retry = match random.below(2) {
        0 => Budget::new(floor, percent).map(|budget| retry.budget(budget)),
        _ => Ok(retry.budget_of(floor, percent)),
    };
    let settings = retry.map(|retry| Settings {
        call_limit: Some(call),
        attempt_limit: Some(attempt),
        concurrency: Some(ConcurrencyLimit::new(permits).queue(queue).share("export", share)),
        rate: rate.queue(places),
        retry,
        health: health.ejection(first, longest),
        nodes: u128::from(pick(random, 3_u8, &[0, 1, 9])),
    });
    (settings, wrong)
}

fn own_limit(random: &mut Random) -> OwnLimit {
    match random.below(3) {
        0 => OwnLimit::Default,
        1 => OwnLimit::Off,
        _ => OwnLimit::Of(pick(random, ms(1), &TIMES)),
    }
}

pub(crate) fn request(random: &mut Random) -> Req {
    let request = Call::new(0)
        .idempotent(true)
        .with_priority(match random.below(3) {
            0 => Priority::Low,
            1 => Priority::Normal,
            _ => Priority::High,
        })
        .with_weight(pick(random, 1, &NUMBERS))
        .with_label(if random.below(2) == 0 { "export" } else { "other" })
        .with_call_limit(own_limit(random))
        .with_attempt_limit(own_limit(random));
    let (now, time) = (Instant::now(), pick(random, ms(1), &TIMES));
    let deadline = match random.below(4) {
        0 => now.checked_sub(time),
        1 => now.checked_add(time),
        _ => None,
    };
    match deadline {
        Some(deadline) => request.with_deadline(deadline),
        None => request,
    }
}
