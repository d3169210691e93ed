//! What counts against a node, and what brings it back.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use support::rig::Rig;
use support::{Error, Plan, fails, fault, ms};
use tokio::time::{Instant, advance, sleep};
use tower_cassandra_layers::balance::{Endpoint, Group};
use tower_cassandra_layers::health::{HealthCheck, HealthSettings, Prober, State, Table};
use tower_cassandra_layers::{Advice, Applied, Fault, NodeId};

fn broken() -> Error {
    fails(Applied::No, Advice::Never)
}

/// After how long without an answer a node with one request counts as silent.
async fn silence_until_stalled(rig: &mut Rig, node: usize) -> u64 {
    let _held = rig.occupy(node);
    let started = Instant::now();
    while rig.state(node) != State::Stalled {
        assert!(started.elapsed() < Duration::from_secs(5), "never stalled");
        advance(ms(1)).await;
    }
    started.elapsed().as_millis() as u64
}

async fn answers(rig: &mut Rig, node: usize, latency: u64, count: usize) {
    rig.plan(node, Plan::answer(ms(latency)));
    for _ in 0..count {
        rig.send_to(node).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_is_silent_after_100_ms_until_there_are_100_samples() {
    let mut rig = Rig::new(2);
    assert_eq!(silence_until_stalled(&mut rig, 0).await, 101);
    answers(&mut rig, 1, 2, 99).await;
    assert_eq!(silence_until_stalled(&mut rig, 0).await, 101);
    answers(&mut rig, 1, 2, 1).await;
    assert_eq!(silence_until_stalled(&mut rig, 0).await, 11);
}

#[tokio::test(start_paused = true)]
async fn then_after_one_and_a_half_times_the_95th_percentile_within_bounds() {
    // The percentile is known to within a bucket of 25 %.
    for (latency, expected) in [
        (1, 11..=11),
        (20, 31..=38),
        (100, 151..=189),
        (3_000, 1_001..=1_001),
    ] {
        let mut rig = Rig::new(2);
        answers(&mut rig, 1, latency, 200).await;
        let limit = silence_until_stalled(&mut rig, 0).await;
        assert!(expected.contains(&limit), "{latency} ms: {limit} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_request_on_a_node_that_answers_others_is_no_silence() {
    let mut rig = Rig::new(2);
    let _slow = rig.occupy(0);
    for _ in 0..100 {
        advance(ms(90)).await;
        rig.send_to(0).await.unwrap();
        advance(ms(9)).await;
        assert_eq!(rig.state(0), State::Healthy);
    }
    advance(ms(101)).await;
    assert_eq!(rig.state(0), State::Stalled, "now it answers nothing");
}

#[tokio::test(start_paused = true)]
async fn an_idle_node_is_not_silent() {
    let rig = Rig::new(1);
    advance(Duration::from_secs(3_600)).await;
    assert_eq!(rig.state(0), State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn any_answer_ends_a_silence_even_a_failure() {
    for error in [None, Some(fault(Fault::Request)), Some(broken())] {
        let mut rig = Rig::new(2);
        let _slow = rig.occupy(0);
        advance(ms(500)).await;
        assert_eq!(rig.state(0), State::Stalled);
        rig.plan(0, error.map_or_else(|| Plan::answer(ms(0)), Plan::fail));
        let _ = rig.send_to(0).await;
        assert_eq!(rig.state(0), State::Healthy);
    }
}

async fn probe(rig: &Rig, result: Result<&str, &str>) {
    let check = HealthCheck::default();
    let answer = |_| std::future::ready(result.map(Arc::from).map_err(Arc::from));
    Prober::round(&rig.table, check, &answer).await;
}

#[tokio::test(start_paused = true)]
async fn an_answered_probe_excuses_what_is_under_way_and_a_later_silence_counts_again() {
    let mut rig = Rig::new(1);
    let slow = rig.occupy(0);
    advance(ms(500)).await;
    probe(&rig, Err("refused")).await;
    assert_eq!(rig.state(0), State::Stalled, "this was no answer");
    probe(&rig, Ok("5.0.4")).await;
    assert_eq!(rig.state(0), State::Healthy);
    advance(Duration::from_secs(60)).await;
    assert_eq!(rig.state(0), State::Healthy, "slow, not silent");
    assert_eq!(rig.nodes[0].in_flight(), 1);
    let later = rig.occupy(0);
    advance(ms(101)).await;
    assert_eq!(rig.state(0), State::Stalled);
    drop(slow);
    assert_eq!(rig.state(0), State::Stalled);
    drop(later);
    assert_eq!(rig.state(0), State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn the_mean_is_made_of_successes_only() {
    let mut rig = Rig::new(1);
    rig.plan(0, Plan::fail(broken()));
    rig.send_to(0).await.unwrap_err();
    assert_eq!(rig.nodes[0].mean_latency(), None);
    answers(&mut rig, 0, 100, 1).await;
    assert_eq!(rig.nodes[0].mean_latency(), Some(ms(100)));
    rig.plan(0, Plan::fail(broken()));
    rig.send_to(0).await.unwrap_err();
    assert_eq!(rig.nodes[0].mean_latency(), Some(ms(100)));
    answers(&mut rig, 0, 200, 1).await;
    assert_eq!(rig.nodes[0].mean_latency(), Some(ms(105)));
    answers(&mut rig, 0, 0, 2_000).await;
    assert!(rig.nodes[0].mean_latency().unwrap() < Duration::from_nanos(20));
}

#[tokio::test(start_paused = true)]
async fn five_failures_in_a_row_eject_and_a_success_between_starts_anew() {
    let mut rig = Rig::new(2);
    rig.fail(0, broken(), 4).await;
    rig.send_to(0).await.unwrap();
    rig.fail(0, broken(), 4).await;
    assert_eq!(rig.state(0), State::Healthy);
    rig.fail(0, broken(), 1).await;
    assert_eq!(rig.state(0), State::Ejected);
}

#[tokio::test(start_paused = true)]
async fn only_faults_of_the_node_eject_it() {
    for kind in [Fault::Request, Fault::Replicas, Fault::Load, Fault::Client] {
        let mut rig = Rig::new(2);
        rig.fail(0, fault(kind), 50).await;
        assert_eq!(rig.state(0), State::Healthy, "{kind:?}");
        rig.fail(0, broken(), 4).await;
        rig.fail(0, fault(kind), 1).await;
        rig.fail(0, broken(), 1).await;
        // The node answered a request or asked other replicas: that ends the row. Saturation says nothing.
        let ends_the_row = matches!(kind, Fault::Request | Fault::Replicas);
        assert_eq!(rig.state(0) == State::Ejected, !ends_the_row, "{kind:?}");
    }
}

/// So many failures of ten, spread out. All are sent, whatever becomes of the node.
async fn fails_of_ten(rig: &mut Rig, node: usize, failures: usize, requests: usize) {
    for i in 0..requests {
        let fails = i * failures / 10 != (i + 1) * failures / 10;
        rig.plan(
            node,
            if fails {
                Plan::fail(broken())
            } else {
                Plan::answer(ms(0))
            },
        );
        let _ = rig.send_to(node).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_fails_more_than_half_of_its_requests_is_ejected_without_five_in_a_row() {
    for (failures, ejected) in [(4, false), (6, true), (7, true)] {
        let mut rig = Rig::new(2);
        fails_of_ten(&mut rig, 0, failures, 300).await;
        assert_eq!(rig.state(0) == State::Ejected, ejected, "{failures} of 10");
        let mut rig = Rig::with(2, HealthSettings::default().failure_percent(100));
        fails_of_ten(&mut rig, 0, failures, 300).await;
        assert_eq!(rig.state(0), State::Healthy, "switched off");
    }
}

#[tokio::test(start_paused = true)]
async fn one_success_does_not_clear_a_node_that_failed_more_than_half() {
    let mut rig = Rig::new(2);
    let mut times = Vec::new();
    for _ in 0..3 {
        fails_of_ten(&mut rig, 0, 7, 200).await;
        assert_eq!(rig.state(0), State::Ejected);
        rig.plan(0, Plan::answer(ms(0)));
        times.push(time_out(&mut rig).await.as_millis() as u64);
        assert_eq!(rig.state(0), State::Healthy);
    }
    for (time, seconds) in times.iter().zip([1, 2, 4]) {
        assert!((seconds * 800..seconds * 1_250).contains(time), "{times:?}");
    }
    fails_of_ten(&mut rig, 0, 0, 1_000).await;
    fails_of_ten(&mut rig, 0, 7, 200).await;
    rig.plan(0, Plan::answer(ms(0)));
    assert!(
        time_out(&mut rig).await < ms(1_250),
        "it has done well in between"
    );
}

/// How long until the ejected node gets a request again.
async fn time_out(rig: &mut Rig) -> Duration {
    let started = Instant::now();
    loop {
        for _ in 0..8 {
            if rig.send().await == 0 {
                return started.elapsed();
            }
        }
        advance(ms(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn each_ejection_is_twice_as_long_up_to_a_minute() {
    let mut rig = Rig::new(2);
    rig.fail(0, broken(), 5).await;
    rig.plan(0, Plan::fail(broken()));
    let mut times = Vec::new();
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        let time = time_out(&mut rig).await;
        let (low, high) = (ms(seconds * 800), ms(seconds * 1_200 + 50));
        assert!((low..high).contains(&time), "{seconds} s: {time:?}");
        times.push(time.as_millis() as u64 * 1_000 / seconds);
    }
    assert!(
        times.iter().max() > times.iter().min().map(|t| t + 20).as_ref(),
        "jitter"
    );
    rig.plan(0, Plan::answer(ms(0)));
    time_out(&mut rig).await;
    assert_eq!(rig.state(0), State::Healthy);
    rig.fail(0, broken(), 5).await;
    assert!(
        time_out(&mut rig).await < ms(1_250),
        "after a success it starts anew"
    );
}

#[tokio::test(start_paused = true)]
async fn late_failures_do_not_prolong_an_ejection() {
    let mut rig = Rig::new(2);
    rig.plan(0, Plan::fail(broken()).after(ms(1_250)));
    let late: Vec<_> = (0..10)
        .map(|_| {
            rig.prefer(&[0]);
            let (_, flight) = rig.start();
            flight
        })
        .collect();
    rig.fail(0, broken(), 5).await;
    assert_eq!(rig.state(0), State::Ejected);
    for flight in late {
        flight.await.unwrap_err();
    }
    assert!(time_out(&mut rig).await < ms(50), "1.25 s are over");
}

#[tokio::test(start_paused = true)]
async fn never_more_than_half_of_the_nodes_are_ejected() {
    for (nodes, ejected) in [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2), (10, 5)] {
        let mut rig = Rig::new(nodes);
        for node in 0..nodes as usize {
            rig.fail(node, broken(), 20).await;
        }
        let out = |rig: &Rig| {
            let snapshot = rig.table.snapshot();
            snapshot.iter().filter(|h| h.state == State::Ejected).count()
        };
        assert_eq!(out(&rig), ejected, "of {nodes}");
        // One that comes back makes room for another.
        if ejected > 0 {
            rig.send_to(0).await.unwrap();
            assert_eq!(out(&rig), ejected - 1);
            rig.fail(nodes as usize - 1, broken(), 5).await;
            assert_eq!(out(&rig), ejected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_success_of_a_removed_node_does_not_free_a_place() {
    let mut rig = Rig::new(4);
    rig.plan(0, Plan::answer(ms(50)));
    rig.prefer(&[0]);
    let (_, late) = rig.start();
    rig.fail(0, broken(), 5).await;
    rig.table.replace(rig.nodes[1..].iter().cloned());
    rig.fail(1, broken(), 5).await;
    late.await.unwrap();
    rig.fail(2, broken(), 20).await;
    assert_eq!((rig.state(1), rig.state(2)), (State::Ejected, State::Healthy));
}

#[tokio::test(start_paused = true)]
async fn late_failures_of_a_removed_node_do_not_take_a_place() {
    let mut rig = Rig::new(3);
    rig.table.replace(rig.nodes[1..].iter().cloned());
    rig.fail(0, broken(), 20).await;
    rig.fail(1, broken(), 5).await;
    assert_eq!(rig.state(1), State::Ejected);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_comes_back_is_counted_as_it_is() {
    let mut rig = Rig::new(4);
    rig.fail(0, broken(), 5).await;
    rig.table.replace(rig.nodes[1..].iter().cloned());
    rig.table.replace(rig.nodes.iter().cloned());
    assert_eq!(rig.state(0), State::Ejected);
    for node in 1..4 {
        rig.fail(node, broken(), 20).await;
    }
    let out = (0..4).filter(|n| rig.state(*n) == State::Ejected).count();
    assert_eq!(out, 2);
}

#[tokio::test(start_paused = true)]
async fn with_more_than_half_ejected_ejection_is_ignored_but_silence_is_not() {
    let mut rig = Rig::new(5);
    rig.fail(0, broken(), 5).await;
    rig.fail(1, broken(), 5).await;
    let silent = rig.occupy(1);
    advance(ms(200)).await;
    let _busy: Vec<_> = (0..9).map(|_| rig.occupy(2)).collect();
    // No replicas, of which a majority would stay in any case.
    rig.prefer(&[]);
    rig.candidates.set(Group::Nearby, rig.connected(&[0, 1, 2]));
    rig.plan(0, Plan::fail(broken()));
    for _ in 0..40 {
        assert_eq!(rig.send().await, 2, "two of five are out");
    }
    rig.table.replace(rig.nodes[..3].iter().cloned());
    for _ in 0..50 {
        assert_eq!(
            rig.send().await,
            0,
            "two of three: then it is rather us, and it has fewest in flight"
        );
    }
    drop(silent);
    assert_eq!(rig.table.len(), 3);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let refused = |settings: HealthSettings| Table::new(settings).unwrap_err().option();
    let settings = HealthSettings::default();
    assert_eq!(refused(settings.node_limit(0)), "health.node_limit");
    assert_eq!(refused(settings.abandoned_limit(0)), "health.abandoned_limit");
    assert_eq!(
        refused(settings.consecutive_failures(0)),
        "health.consecutive_failures"
    );
    for percent in [0, 101] {
        assert_eq!(
            refused(settings.failure_percent(percent)),
            "health.failure_percent"
        );
    }
    for (base, cap) in [(ms(0), ms(1)), (ms(2), ms(1)), (ms(1), Duration::MAX)] {
        assert_eq!(refused(settings.ejection(base, cap)), "health.ejection");
    }
    let check = |check: HealthCheck| check.validate().unwrap_err().option();
    assert_eq!(check(HealthCheck::every(ms(99))), "health.every");
    assert_eq!(check(HealthCheck::every(Duration::MAX)), "health.every");
    assert_eq!(
        check(HealthCheck::default().timeout(Duration::ZERO)),
        "health.timeout"
    );
    // The default is cut silently; what was asked for is not.
    assert_eq!(HealthCheck::every(ms(500)).limit(), ms(500));
    let above = HealthCheck::every(ms(500)).timeout(ms(501));
    assert_eq!(check(above), "health.timeout");
    assert!(above.validate().unwrap_err().to_string().contains("501ms"));
    HealthCheck::every(ms(500)).timeout(ms(500)).validate().unwrap();
}

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

#[tokio::test(start_paused = true)]
async fn a_payload_is_found_by_its_type() {
    let table = Table::new(HealthSettings::default()).unwrap();
    let endpoint = table.endpoint(NodeId(1), "127.0.0.1:9042", 7_u16);
    assert_eq!(endpoint.payload::<u16>(), Some(&7));
    assert_eq!(endpoint.payload::<u32>(), None);
    assert_eq!(endpoint.name(), "127.0.0.1:9042");
    assert!(table.is_empty(), "not there before it is given to the table");
}
