//! Real threads: nothing is lost between the counter and the queue, and nobody sleeps for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::yield_now;
use tower::{Layer, ServiceExt, service_fn};
use tower_cassandra_layers::limit::{ConcurrencyLimit, ConcurrencyLimitLayer, RateLimit, RateLimitLayer};
use tower_cassandra_layers::{Call, Priority};

use crate::support::{Error, Random, full};

const CLASSES: [Priority; 3] = [Priority::Low, Priority::Normal, Priority::High];

/// How many permits are held, all and those of one label.
#[derive(Default)]
struct Held {
    all: AtomicUsize,
    export: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everyone_is_served_and_never_more_than_the_limit_and_the_share_at_a_time() {
    let mut random = Random::from_env();
    let layer =
        ConcurrencyLimitLayer::new(ConcurrencyLimit::new(4).queue(10_000).share("export", 0.5)).unwrap();
    let handle = layer.handle();
    let held = Arc::new(Held::default());
    let service = layer.layer(service_fn(move |call: Call<(usize, usize)>| {
        let held = Arc::clone(&held);
        async move {
            let (weight, export) = call.value;
            assert!(held.all.fetch_add(weight, Ordering::SeqCst) + weight <= 4);
            assert!(held.export.fetch_add(export, Ordering::SeqCst) + export <= 2);
            yield_now().await;
            held.export.fetch_sub(export, Ordering::SeqCst);
            held.all.fetch_sub(weight, Ordering::SeqCst);
            Ok::<_, Error>(())
        }
    }));
    let mut set = tokio::task::JoinSet::new();
    let rounds = if full() { 20_000 } else { 1_000 };
    for _ in 0..16 {
        let service = service.clone();
        let mut random = Random(random.below(u64::MAX));
        set.spawn(async move {
            for _ in 0..rounds {
                let weight = 1 + random.below(2) as usize;
                let export = random.below(4) == 0;
                let call = Call::new((weight, if export { weight } else { 0 }))
                    .with_weight(weight as u32)
                    .with_priority(CLASSES[random.below(3) as usize]);
                let call = if export { call.with_label("export") } else { call };
                service.clone().oneshot(call).await.unwrap();
            }
        });
    }
    let served = async {
        while let Some(result) = set.join_next().await {
            result.unwrap();
        }
    };
    let served = tokio::time::timeout(Duration::from_secs(120), served).await;
    assert!(served.is_ok(), "somebody was forgotten: {handle:?}");
    assert_eq!((handle.active(), handle.queued()), (0, 0));
    assert_eq!(
        (handle.share_active("export"), handle.admitted()),
        (Some(0), 16 * rounds)
    );
    assert_eq!(handle.waits().count(), 16 * rounds);
    assert!(handle.waits().at_once() < 16 * rounds, "nobody had to wait");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_do_not_take_more_turns_than_there_are() {
    let layer = RateLimitLayer::new(RateLimit::per_second(50_021).burst(7).queue(64)).unwrap();
    let handle = layer.handle();
    let service = layer.layer(service_fn(|_: Call<()>| async { Ok::<_, Error>(()) }));
    let begin = std::time::Duration::from_millis(if full() { 5_000 } else { 200 });
    let start = tokio::time::Instant::now();
    let mut set = tokio::task::JoinSet::new();
    for class in 0..8 {
        let (service, handle) = (service.clone(), handle.clone());
        set.spawn(async move {
            // Also where the machine stood still for all that time.
            while start.elapsed() < begin || handle.admitted() < 1_000 {
                let call = Call::new(()).with_priority(CLASSES[class % 3]);
                // Some find the queue full of better ones.
                let _ = service.clone().oneshot(call).await;
            }
        });
    }
    while let Some(result) = set.join_next().await {
        result.unwrap();
    }
    let most = 7.0 + start.elapsed().as_secs_f64() * 50_021.0;
    let admitted = handle.admitted() as f64;
    assert!(admitted <= most, "{admitted} of {most}");
    assert!(handle.waits().at_once() > 0 && handle.waits().at_once() < handle.admitted());
    assert_eq!(handle.queued(), 0);
}
