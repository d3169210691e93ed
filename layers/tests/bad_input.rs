//! No settings and no request make a layer panic: what makes no sense is an error that names the option.

mod support;

#[path = "limit/support.rs"]
#[allow(dead_code, reason = "the random numbers are used here")]
mod by_hand;
#[path = "support/probe/mod.rs"]
mod probe;
#[path = "metrics/support.rs"]
#[allow(dead_code, reason = "only the recorder is used here")]
mod recorder;
#[path = "support/stack.rs"]
mod stack;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use by_hand::{Random, full};
use probe::{Act, Probe};
use stack::{Layers, Settings};
use support::{Kind, Req, fails, ms, send};
use tokio::time::{Instant, timeout};
use tower_cassandra_layers::health::{HealthCheck, HealthSettings};
use tower_cassandra_layers::limit::{ConcurrencyLimit, MAX_QUEUE, RateLimit};
use tower_cassandra_layers::metrics::Metrics;
use tower_cassandra_layers::request::OwnLimit;
use tower_cassandra_layers::retry::{Backoff, Budget, RetryPolicy};
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_cassandra_layers::{Advice, Applied, Call, InvalidConfig, Priority};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

const TIMES: [Duration; 10] = [
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
const NUMBERS: [u32; 7] = [0, 1, 100, 101, u32::MAX / 2 + 1, u32::MAX - 1, u32::MAX];
const SIZES: [usize; 7] = [
    0,
    1,
    MAX_QUEUE,
    MAX_QUEUE + 1,
    u32::MAX as usize,
    u32::MAX as usize + 1,
    usize::MAX,
];

const SHARES: [f64; 9] = [
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

fn is_share(share: f64) -> bool {
    share > 0.0 && share <= 1.0
}

/// The usual value, or one in six times one from the edge of what can be written down.
fn pick<T: Copy>(random: &mut Random, usual: T, edge: &[T]) -> T {
    match random.below(6) {
        0 => edge[random.below(edge.len() as u64) as usize],
        _ => usual,
    }
}

/// Settings, and the options that make no sense in them.
fn settings(random: &mut Random) -> (Result<Settings, InvalidConfig>, Vec<&'static str>) {
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

fn request(random: &mut Random) -> Req {
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

/// Some requests through a stack, while its limits are changed.
async fn use_it(layers: &Layers, random: &mut Random) {
    let probe = Probe::new();
    probe.usually(Act::Hold);
    let service = layers.lay(probe.clone());
    let mut tasks = Vec::new();
    for _ in 0..6 {
        probe.next(match random.below(3) {
            0 => vec![Act::Answer],
            1 => vec![],
            _ => vec![Act::Fail(fails(Applied::No, Advice::Backoff)); 3],
        });
        let (mut service, request) = (service.clone(), request(random));
        // What has no limit of its own is given up after a month.
        tasks.push(tokio::spawn(timeout(30 * DAY, async move {
            if let Err(error) = send(&mut service, request).await {
                // A panic that is caught is a panic.
                assert!(!matches!(error.kind, Kind::Panicked(_)), "{error}");
            }
        })));
        tokio::task::yield_now().await;
        let limit = pick(random, 2, &SIZES);
        let changed = layers.concurrency().map(|handle| handle.set_limit(limit));
        let right = (1..=u32::MAX as usize).contains(&limit);
        assert_eq!(changed.map(|changed| changed.is_ok()), Some(right));
        let (count, period) = (pick(random, 50, &NUMBERS), pick(random, ms(900), &TIMES));
        let right = count > 0 && !period.is_zero() && period <= DAY;
        assert_eq!(layers.rate().set_rate(count, period).is_ok(), right);
        let burst = pick(random, 5, &NUMBERS);
        assert_eq!(layers.rate().set_burst(burst).is_ok(), burst > 0);
        let places = pick(random, 2, &SIZES);
        assert_eq!(layers.rate().set_queue(places).is_ok(), places <= MAX_QUEUE);
        if let Some(handle) = layers.concurrency() {
            let places = pick(random, 2, &SIZES);
            assert_eq!(handle.set_queue(places).is_ok(), places <= MAX_QUEUE);
            let share = pick(random, 0.5, &SHARES);
            assert_eq!(handle.set_share("export", share).is_ok(), is_share(share));
            assert!(handle.set_share("unknown", 0.5).is_err());
        }
    }
    for task in tasks {
        drop(task.await.expect("it panicked"));
    }
    assert_eq!(probe.violations(), Vec::<&str>::new());
    for (what, level) in layers.levels() {
        assert_eq!(level, 0.0, "{what}");
    }
}

#[test]
fn settings_are_right_or_an_error_that_names_the_option_and_no_request_panics() {
    let mut random = Random::from_env();
    let (mut right, mut options) = (0, std::collections::BTreeSet::new());
    for case in 0..if full() { 200_000 } else { 3_000 } {
        let seed = random.0;
        let run = catch_unwind(AssertUnwindSafe(|| {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let (settings, wrong) = settings(&mut random);
                match settings.and_then(Layers::new) {
                    Ok(layers) => {
                        assert_eq!(wrong, Vec::<&str>::new(), "was accepted");
                        use_it(&layers, &mut random).await;
                        right += 1;
                    }
                    Err(error) => {
                        assert!(wrong.contains(&error.option()), "{error}, not one of {wrong:?}");
                        assert!(!error.expected().is_empty() && !error.value().is_empty());
                        options.insert(error.option());
                    }
                }
            });
        }));
        assert!(run.is_ok(), "case {case}: SEED={seed} repeats it");
    }
    println!("{right} stacks used; refused for {options:?}");
    assert!(right > 100);
    assert_eq!(options.len(), 17, "an option was never refused: {options:?}");
}

#[test]
fn health_checks_and_metrics_are_checked_as_well() {
    for interval in TIMES {
        let right = interval >= ms(100) && interval <= DAY;
        assert_eq!(
            HealthCheck::every(interval).validate().is_ok(),
            right,
            "{interval:?}"
        );
        let check = HealthCheck::every(ms(100)).timeout(interval);
        let right = !interval.is_zero() && interval <= ms(100);
        assert_eq!(check.validate().is_ok(), right, "{interval:?}");
    }
    let options = [
        Metrics::builder().prefix("").build(),
        Metrics::builder().prefix("9").build(),
        Metrics::builder().prefix("ä").build(),
        Metrics::builder().client("").build(),
        Metrics::builder().client("x".repeat(65)).build(),
        Metrics::builder().classes(vec!["a"; 33]).build(),
    ]
    .map(|built| built.unwrap_err().option());
    let [prefix, client, classes] = ["metrics.prefix", "metrics.client", "metrics.classes"];
    assert_eq!(options, [prefix, prefix, prefix, client, client, classes]);
    assert!(
        Metrics::builder()
            .classes([])
            .client("x")
            .prefix("_")
            .build()
            .is_ok()
    );
}
