//! Probes.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower_cassandra_layers::NodeId;
use tower_cassandra_layers::balance::Endpoint;
use tower_cassandra_layers::health::{HealthCheck, Prober, State};

use crate::support::ms;
use crate::support::rig::Rig;

type Log = Arc<Mutex<Vec<(Instant, NodeId)>>>;

async fn recorded(log: Log, endpoint: Arc<Endpoint>, takes: Duration) -> Result<Arc<str>, Arc<str>> {
    log.lock().unwrap().push((Instant::now(), endpoint.id()));
    sleep(takes).await;
    Ok(Arc::from("5.0.4"))
}

#[tokio::test(start_paused = true)]
async fn every_node_is_asked_at_once_and_then_in_a_jittered_interval() {
    let rig = Rig::new(10);
    let log = Log::default();
    let by_probe = Arc::clone(&log);
    let started = Instant::now();
    let check = HealthCheck::every(Duration::from_secs(5));
    let prober = Prober::spawn(rig.table.clone(), check, move |endpoint| {
        recorded(Arc::clone(&by_probe), endpoint, ms(0))
    })
    .unwrap();
    sleep(Duration::from_secs(100)).await;
    let times: Vec<_> = log.lock().unwrap().iter().map(|(at, _)| *at - started).collect();
    let rounds: Vec<_> = times.chunks(10).map(|round| round[0]).collect();
    assert!(
        times.chunks(10).all(|round| round.iter().all(|t| *t == round[0])),
        "all at the same time"
    );
    assert_eq!(rounds[0], Duration::ZERO);
    assert!((18..=23).contains(&rounds.len()), "{} rounds", rounds.len());
    let gaps: Vec<_> = rounds.windows(2).map(|w| w[1] - w[0]).collect();
    assert!(
        gaps.iter().all(|gap| (ms(4_500)..=ms(5_502)).contains(gap)),
        "{gaps:?}"
    );
    assert!(gaps.iter().any(|gap| *gap != gaps[0]), "jitter");
    assert_eq!(rig.health(3).probe.unwrap().detail.as_deref(), Some("5.0.4"));
    let asked = times.len();
    drop(prober);
    sleep(Duration::from_secs(100)).await;
    assert_eq!(log.lock().unwrap().len(), asked, "it ends with its handle");
    assert_eq!(Arc::strong_count(&log), 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_only_slow_comes_back_long_before_the_next_round() {
    let mut rig = Rig::new(2);
    let log = Log::default();
    let by_probe = Arc::clone(&log);
    let check = HealthCheck::every(Duration::from_secs(60));
    let _prober = Prober::spawn(rig.table.clone(), check, move |endpoint| {
        recorded(Arc::clone(&by_probe), endpoint, ms(3))
    })
    .unwrap();
    sleep(Duration::from_secs(2)).await;
    let _slow = rig.occupy(0);
    sleep(ms(200)).await;
    assert_eq!(rig.state(0), State::Stalled);
    assert_eq!(log.lock().unwrap().len(), 2, "nobody has asked for it yet");
    assert_eq!(rig.send().await, 1, "passed over");
    sleep(ms(50)).await;
    assert_eq!(rig.state(0), State::Healthy);
    let asked = log
        .lock()
        .unwrap()
        .iter()
        .skip(2)
        .map(|(_, id)| *id)
        .collect::<Vec<_>>();
    assert_eq!(asked, [NodeId(0)], "only the one in doubt");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stays_silent_is_asked_once_a_second_at_most() {
    let mut rig = Rig::new(2);
    let log = Log::default();
    let by_probe = Arc::clone(&log);
    let check = HealthCheck::every(Duration::from_secs(60)).timeout(ms(10));
    let _prober = Prober::spawn(rig.table.clone(), check, move |endpoint| {
        recorded(Arc::clone(&by_probe), endpoint, Duration::from_secs(5))
    })
    .unwrap();
    sleep(Duration::from_secs(2)).await;
    let _lost = rig.occupy(0);
    for _ in 0..1_000 {
        sleep(ms(20)).await;
        rig.send().await;
    }
    let asked = log.lock().unwrap().len() - 2;
    assert!((15..=20).contains(&asked), "{asked} times in 20 s");
    assert_eq!(rig.state(0), State::Stalled);
}

#[tokio::test(start_paused = true)]
async fn a_probe_has_its_own_time_limit_and_holds_up_no_other() {
    let rig = Rig::new(3);
    let started = Instant::now();
    Prober::round(&rig.table, HealthCheck::default(), &|endpoint: Arc<Endpoint>| {
        let takes = if endpoint.id() == NodeId(1) {
            Duration::from_secs(60)
        } else {
            ms(30)
        };
        recorded(Log::default(), endpoint, takes)
    })
    .await;
    assert_eq!(started.elapsed(), Duration::from_secs(2));
    let silent = rig.health(1).probe.unwrap();
    assert_eq!(silent.latency, None);
    assert_eq!(silent.error.as_deref(), Some("no answer within 2 s"));
    let good = rig.health(2).probe.unwrap();
    assert_eq!((good.latency, good.at - started), (Some(ms(30)), ms(30)));
}

#[tokio::test(start_paused = true)]
async fn at_most_64_nodes_are_asked_at_the_same_time() {
    let rig = Rig::new(200);
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (now, most) = (&now, &most);
    let started = Instant::now();
    Prober::round(&rig.table, HealthCheck::default(), &|_| async move {
        most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
        sleep(ms(100)).await;
        now.fetch_sub(1, SeqCst);
        Ok(Arc::from(""))
    })
    .await;
    assert_eq!((most.load(SeqCst), started.elapsed()), (64, ms(400)));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_panics_does_not_end_the_prober() {
    let rig = Rig::new(2);
    let rounds = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&rounds);
    let _prober = Prober::spawn(rig.table.clone(), HealthCheck::every(ms(100)), move |endpoint| {
        count.fetch_add(1, SeqCst);
        assert_ne!(endpoint.id(), NodeId(0), "as asked");
        std::future::ready(Ok(Arc::from("fine")))
    })
    .unwrap();
    sleep(Duration::from_secs(1)).await;
    assert!(rounds.load(SeqCst) > 10);
    assert_eq!(
        rig.health(0).probe.unwrap().error.as_deref(),
        Some("the probe panicked")
    );
    assert!(rig.health(1).probe.unwrap().error.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_interval_that_makes_no_sense_starts_no_probes() {
    let rig = Rig::new(1);
    let count = Arc::new(AtomicUsize::new(0));
    let spawn = |interval| {
        let held = Arc::clone(&count);
        Prober::spawn(rig.table.clone(), HealthCheck::every(interval), move |_| {
            held.fetch_add(1, SeqCst);
            std::future::ready(Ok(Arc::from("")))
        })
    };
    for interval in [
        Duration::ZERO,
        HealthCheck::SHORTEST - ms(1),
        HealthCheck::LONGEST + ms(1),
        Duration::MAX,
    ] {
        assert_eq!(spawn(interval).unwrap_err().option(), "health.every");
    }
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(count.load(SeqCst), 0);
    let _prober = spawn(HealthCheck::LONGEST).unwrap();
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(count.load(SeqCst), 1);
    assert_eq!(Arc::strong_count(&count), 2, "the task is alive");
}
