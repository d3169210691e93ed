//! No settings and no request make a layer panic: what makes no sense is an error that names the option.

#[path = "../support/mod.rs"]
mod support;

#[path = "../limit/support.rs"]
#[allow(dead_code, reason = "the random numbers are used here")]
mod by_hand;
mod draw;
#[path = "../support/probe/mod.rs"]
mod probe;
#[path = "../metrics/support.rs"]
#[allow(dead_code, reason = "only the recorder is used here")]
mod recorder;
#[path = "../support/stack.rs"]
mod stack;

use std::panic::{AssertUnwindSafe, catch_unwind};

use by_hand::{Random, full};
use draw::{DAY, NUMBERS, SHARES, SIZES, TIMES, is_share, pick, request, settings};
use probe::{Act, Probe};
use stack::Layers;
use support::{Kind, fails, ms, send};
use tokio::time::timeout;
use tower_cassandra_layers::health::HealthCheck;
use tower_cassandra_layers::limit::MAX_QUEUE;
use tower_cassandra_layers::metrics::Metrics;
use tower_cassandra_layers::{Advice, Applied};

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
