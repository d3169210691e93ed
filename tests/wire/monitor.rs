//! MON-05, MON-06, and the rest of monitoring that needs nodes which misbehave on demand.

use std::time::Duration;

use futures_util::future::join_all;
use scripted_cassandra::{Action, ErrorFrame, Match, Node, Opcode};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};
use tower_cassandra::monitor::{ChangeKind, Changes, State, Status, WarmUpOutcome};
use tower_cassandra::{
    ErrorKind, HealthCheck, HealthSettings, HostHealth, Monitor, NodeChange, NodeEvent, Session,
};

use crate::support::{Bed, PATIENCE, SELECT, client, ms, requests, server, tasks_at_rest, until};

const PROBE: &str = "SELECT release_version FROM system.local";

fn probes(bed: &Bed, node: usize) -> u64 {
    bed.cluster.ledger().count_at(node, Opcode::Query, PROBE)
}

fn host(bed: &Bed, hosts: Vec<HostHealth>, node: usize) -> HostHealth {
    let id = bed.cluster.node(node).host_id();
    hosts.into_iter().find(|host| host.host_id == id).unwrap()
}

async fn crash(bed: &Bed, node: usize) {
    bed.cluster.node(node).crash().await.unwrap();
    until("the node is lost", || !bed.health(node).connected).await;
}

fn fails_the_probe(bed: &Bed, node: usize) {
    let probe = Match::opcode(Opcode::Query).statement(PROBE).node(node);
    bed.cluster.on(probe).then(ErrorFrame::overloaded("busy"));
}

/// The next change of that kind to that node; what comes before it is passed over.
async fn next(changes: &mut Changes, node: &Node, kind: ChangeKind) -> NodeChange {
    let id = node.host_id();
    let found = async {
        loop {
            match changes.next().await.expect("the session is open") {
                NodeEvent::Change(change) if (change.host_id, change.kind) == (id, kind) => return change,
                NodeEvent::Change(change) => println!("before that: {change}"),
                other => panic!("{other:?}"),
            }
        }
    };
    let change = timeout(PATIENCE, found).await.expect("a change");
    println!("{change}");
    change
}

#[tokio::test]
async fn mon_05_each_node_shows_as_it_is() {
    let bed = Bed::with(2, |client| client.no_metrics()).await;
    let monitor = bed.session.monitor().unwrap();
    crash(&bed, 1).await;
    bed.cluster.ledger().clear();
    let health = monitor.check_cluster().await.unwrap();
    assert_eq!(
        (
            health.healthy_hosts,
            health.unhealthy_hosts,
            health.total_connections
        ),
        (1, 1, 1)
    );
    assert_eq!(health.protocol_version, 4);
    assert!(health.cluster_name.is_some() && health.requests.is_none());
    let up = host(&bed, health.hosts.clone(), 0);
    assert_eq!(
        (up.status, up.connections, up.error.as_deref()),
        (Status::Up, 1, None)
    );
    assert!(up.latency.is_some() && up.version.is_some() && up.checked_at.is_some() && up.is_healthy());
    assert!(up.datacenter.is_some() && up.rack.is_some());
    let down = host(&bed, health.hosts, 1);
    assert_eq!(
        (down.status, down.connections, down.latency),
        (Status::Down, 0, None)
    );
    let reason = down.error.unwrap();
    println!("down: {reason}");
    assert!(reason.starts_with("no connection"), "{reason}");
    assert_eq!((probes(&bed, 0), probes(&bed, 1)), (1, 0));
    let summary = monitor.connection_summary();
    assert_eq!(
        (summary.total_hosts, summary.up_hosts, summary.down_hosts),
        (2, 1, 1)
    );
    assert_eq!(
        (summary.protocol_version, summary.max_requests_per_connection),
        (4, 32_768)
    );

    fails_the_probe(&bed, 0);
    let unknown = monitor.check_host(bed.cluster.node(0).host_id()).await.unwrap();
    assert_eq!(
        (unknown.status, unknown.connections, unknown.latency),
        (Status::Unknown, 0, None)
    );
    assert!(unknown.error.unwrap().contains("busy"));
    assert_eq!(unknown.version, up.version, "it told before");
    assert_eq!(probes(&bed, 0), 2, "one more, and no retry");
    assert_eq!(monitor.health().total_connections, 0);
    let missing = monitor
        .check_host(tower_cassandra::uuid::Uuid::from_u128(1))
        .await
        .unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NoHost);
    bed.cluster.node(1).listen_again().await.unwrap();
    bed.connected().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn mon_06_warm_up_reports_each_node() {
    let bed = Bed::make(3).await;
    crash(&bed, 1).await;
    fails_the_probe(&bed, 2);
    bed.cluster.ledger().clear();
    let report = bed.session.monitor().unwrap().warm_up().await.unwrap();
    println!("{report}");
    assert_eq!((report.ok(), report.failed(), report.skipped()), (1, 1, 1));
    let outcome = |node: usize| {
        let id = bed.cluster.node(node).host_id();
        let hosts = &mut report.hosts.iter();
        hosts.find(|host| host.host_id == id).unwrap().outcome.clone()
    };
    assert!(matches!(outcome(0), WarmUpOutcome::Ok(took) if took < PATIENCE));
    assert_eq!(outcome(1), WarmUpOutcome::Skipped);
    assert!(matches!(outcome(2), WarmUpOutcome::Failed(reason) if reason.contains("busy")));
    assert_eq!([0, 1, 2].map(|node| probes(&bed, node)), [1, 0, 1]);
    bed.cluster.node(1).listen_again().await.unwrap();
    bed.connected().await;
    bed.at_rest().await;
}

/// N2: it does not wait in the queue of the limit, nor is it repeated.
#[tokio::test]
async fn probes_pass_by_the_users_limits() {
    let bed = Bed::with(1, |client| client.concurrency_limit(1).attempt_timeout(None)).await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    bed.cluster
        .on(Match::opcode(Opcode::Execute))
        .times(1)
        .then(Action::delay(ms(3_500)));
    let (session, slow) = (bed.session.clone(), select.clone());
    let call = tokio::spawn(async move { session.execute(slow).await });
    until("it was sent", || {
        bed.frames().iter().any(|f| f.opcode == Opcode::Execute)
    })
    .await;
    let health = bed.session.monitor().unwrap().check_cluster().await.unwrap();
    assert!(!call.is_finished() && health.healthy_hosts == 1, "{health:?}");
    assert_eq!(health.requests_in_flight, 1);
    call.await.unwrap().unwrap();
    bed.at_rest().await;
}

/// N2, N4: its own limit, and all nodes at once.
#[tokio::test]
async fn silent_nodes_are_unknown_after_one_probe_timeout() {
    let limit = ms(4_000);
    let check = HealthCheck::every(Duration::from_secs(3_600)).timeout(limit);
    // Its connections are not to be given up meanwhile.
    let bed = Bed::with(3, |client| client.health(check).keepalive(ms(1_000), PATIENCE)).await;
    let monitor = bed.session.monitor().unwrap();
    for node in [1, 2] {
        bed.cluster.node(node).freeze();
    }
    let started = Instant::now();
    // However many ask.
    let all = join_all((0..50).map(|_| monitor.check_cluster())).await;
    let took = started.elapsed();
    for health in all {
        let hosts = health.unwrap().hosts;
        for (node, status) in [Status::Up, Status::Unknown, Status::Unknown]
            .into_iter()
            .enumerate()
        {
            let host = host(&bed, hosts.clone(), node);
            assert_eq!(host.status, status, "{host:?}");
        }
        assert_eq!(
            host(&bed, hosts, 1).error.as_deref(),
            Some("no answer within 4 s")
        );
    }
    // One limit, and not one for each of the two.
    assert!((limit..limit * 2).contains(&took), "{took:?}");
    for node in [1, 2] {
        bed.cluster.node(node).thaw();
        until("it has read them", || probes(&bed, node) > 0).await;
        assert!(probes(&bed, node) <= 2, "at most one at a time");
    }
    assert_eq!(monitor.check_cluster().await.unwrap().healthy_hosts, 3);
    bed.at_rest().await;
}

/// N6: one prober, whoever wants to know how often.
#[tokio::test]
async fn a_monitor_and_the_health_check_share_their_probes() {
    let bed = Bed::with(1, |client| client.health(HealthCheck::every(ms(200)))).await;
    let monitor = bed.session.monitor().unwrap();
    bed.cluster.ledger().clear();
    let started = Instant::now();
    let running = monitor.start(ms(200)).unwrap();
    sleep(ms(2_000)).await;
    until("they are sent", || probes(&bed, 0) >= 5).await;
    let sent = probes(&bed, 0);
    // Were there two of them, there would be twice as many.
    let most = started.elapsed().as_millis() as u64 / 180 + 2;
    println!("{sent} probes in {:?}", started.elapsed());
    assert!(sent <= most, "{sent} of at most {most}");
    until("the monitor has seen it", || {
        let latest = monitor.updates().latest();
        latest.is_some_and(|health| health.healthy_hosts == 1)
    })
    .await;
    running.stop().await;
    bed.at_rest().await;
}

/// N6: what was asked a moment ago is not asked again for a round; somebody who asks now is answered now.
#[tokio::test]
async fn a_round_makes_use_of_what_others_have_asked() {
    let hour = Duration::from_secs(3_600);
    let bed = Bed::with(2, |client| {
        client.health(HealthCheck::every(hour).timeout(PATIENCE))
    })
    .await;
    let monitor = bed.session.monitor().unwrap();
    let checked = || {
        monitor
            .health()
            .hosts
            .iter()
            .all(|host| host.checked_at.is_some())
    };
    until("the health check has asked", checked).await;
    bed.cluster.ledger().clear();
    let mut updates = monitor.updates();
    let running = monitor.start(hour).unwrap();
    let health = updates.next().await.unwrap();
    assert_eq!((health.healthy_hosts, probes(&bed, 0) + probes(&bed, 1)), (2, 0));
    monitor.check_cluster().await.unwrap();
    assert_eq!(probes(&bed, 0) + probes(&bed, 1), 2);
    drop(running);
    bed.at_rest().await;
}

/// N6: no interval below its probe timeout, nor one that makes no sense.
#[tokio::test]
async fn intervals_that_make_no_sense_are_refused() {
    let check = HealthCheck::every(Duration::from_secs(5)).timeout(ms(500));
    let bed = Bed::with(1, |client| client.health(check)).await;
    let monitor = bed.session.monitor().unwrap();
    for (interval, option) in [
        (Duration::ZERO, "health.every"),
        (Duration::MAX, "health.every"),
        (ms(499), "health.timeout"),
    ] {
        let error = monitor.start(interval).unwrap_err();
        assert_eq!(error.invalid_config().unwrap().option(), option);
    }
    assert!(!monitor.is_running());
    let running = monitor.start(ms(500)).unwrap();
    assert_eq!(monitor.start(ms(500)).unwrap_err().kind(), ErrorKind::Config);
    assert!(monitor.is_running());
    drop(running);
    assert!(!monitor.is_running());
    let above = client(&bed.cluster).health(HealthCheck::every(ms(500)).timeout(ms(501)));
    let error = above.clone().build().unwrap_err();
    assert_eq!(error.invalid_config().unwrap().option(), "health.timeout");
    // Found before anything is opened.
    let accepted = bed.cluster.node(0).accepted();
    let preset = client(&bed.cluster).monitored().interval(ms(1));
    assert_eq!(preset.connect().await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(bed.cluster.node(0).accepted(), accepted);
    bed.at_rest().await;
}

fn alive() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

async fn goes_with(session: Session, monitor: &Monitor, close: bool) {
    monitor.on_update(|_| {}).unwrap();
    let mut changes = monitor.changes();
    let mut updates = monitor.updates();
    let _running = monitor.start(Duration::from_secs(60)).unwrap();
    updates.next().await.unwrap();
    let started = Instant::now();
    if close {
        session.close(PATIENCE).await.unwrap();
    }
    drop(session);
    while changes.next().await.is_some() {}
    assert!(updates.next().await.is_none());
    println!("gone after {:?}", started.elapsed());
    assert!(!monitor.is_running() && monitor.health().hosts.is_empty());
    assert_eq!(
        monitor.check_cluster().await.unwrap_err().kind(),
        ErrorKind::Closed
    );
    assert_eq!(monitor.warm_up().await.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(monitor.start(ms(500)).unwrap_err().kind(), ErrorKind::Closed);
}

/// N6: no task is left, of the monitor or of the session, although the monitor is still held.
#[tokio::test]
async fn with_the_session_goes_the_monitor() {
    let cluster = server(2).start().await.unwrap();
    let before = tasks_at_rest().await;
    for close in [true, false] {
        let session = client(&cluster).connect().await.unwrap();
        let monitor = session.monitor().unwrap();
        goes_with(session, &monitor, close).await;
        until("no task is left", || alive() == before).await;
        until("all connections are closed", || {
            cluster.nodes().iter().all(|node| node.connections() == 0)
        })
        .await;
    }
    let session = client(&cluster).connect().await.unwrap();
    let monitor = session.monitor().unwrap();
    until("all nodes are connected", || session.health().healthy == 2).await;
    let idle = tasks_at_rest().await;
    let running = monitor.start(Duration::from_secs(60)).unwrap();
    monitor.on_update_async(|_| std::future::pending()).unwrap();
    assert_eq!(tasks_at_rest().await, idle + 2);
    running.stop().await;
    until("its tasks have ended", || alive() == idle).await;
}

/// N8: each change once, with its reason.
#[tokio::test]
async fn changes_say_what_happened_and_why() {
    let settings = HealthSettings::default().ejection(ms(100), ms(100));
    // Longer than a machine stands still.
    let probe = ms(3_000);
    let cluster = server(3).start().await.unwrap();
    let session = client(&cluster)
        // The control connection is there, and so not at the node that leaves: each node lists itself.
        .contact_points([cluster.node(0).address().to_string()])
        .health(HealthCheck::every(probe).timeout(probe))
        .health_settings(settings)
        .no_retry()
        .connect()
        .await
        .unwrap();
    let bed = Bed { cluster, session };
    bed.connected().await;
    let monitor = bed.session.monitor().unwrap();
    bed.session.check_ready().unwrap();
    let checked = || {
        monitor
            .health()
            .hosts
            .iter()
            .all(|host| host.checked_at.is_some())
    };
    until("the health check has asked", checked).await;
    let mut changes = monitor.changes();
    let (one, two) = (bed.cluster.node(1), bed.cluster.node(2));
    let id = one.host_id();
    crash(&bed, 1).await;
    let down = next(&mut changes, one, ChangeKind::Down).await;
    assert_eq!(&*down.address, &*one.address().to_string());
    assert!(down.reason.starts_with("no connection: "), "{down}");
    bed.cluster.node(1).listen_again().await.unwrap();
    next(&mut changes, one, ChangeKind::Up).await;

    fails_the_probe(&bed, 2);
    let unknown = next(&mut changes, two, ChangeKind::Unknown).await;
    assert!(unknown.reason.contains("busy"), "{unknown}");
    bed.cluster.clear_rules();
    let up = next(&mut changes, two, ChangeKind::Up).await;
    assert!(up.reason.starts_with("a probe was answered in "), "{up}");

    bed.connected().await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap().on_host(id);
    bed.cluster
        .on(requests().node(1))
        .then(ErrorFrame::bootstrapping("not yet"));
    for _ in 0..5 {
        bed.session.execute(&select).await.unwrap_err();
    }
    let ejected = next(&mut changes, one, ChangeKind::Ejected).await;
    assert!(
        ejected
            .reason
            .starts_with("5 bootstrapping failures in a row, next try in "),
        "{ejected}"
    );
    let health = monitor.health();
    let out = health.host(id).unwrap();
    assert!(out.state == State::Ejected && !out.is_healthy(), "{out:?}");
    bed.cluster.clear_rules();
    sleep(ms(150)).await;
    bed.session.execute(&select).await.unwrap();
    let back = next(&mut changes, one, ChangeKind::Readmitted).await;
    assert_eq!(&*back.reason, "a request succeeded");

    // A node that leaves and comes back.
    bed.cluster.node(2).set_member(false);
    bed.session.driver().unwrap().refresh_metadata().await.unwrap();
    let left = next(&mut changes, two, ChangeKind::Left).await;
    let gone = monitor.check_host(left.host_id).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NoHost);
    bed.cluster.node(2).set_member(true);
    bed.session.driver().unwrap().refresh_metadata().await.unwrap();
    next(&mut changes, two, ChangeKind::Joined).await;
    bed.connected().await;
    bed.at_rest().await;
}

/// N8: connections are watched also where nobody sends probes.
#[tokio::test]
async fn without_probes_connections_are_still_watched() {
    let bed = Bed::make(2).await;
    let monitor = bed.session.monitor().unwrap();
    let id = bed.cluster.node(1).host_id();
    bed.cluster.ledger().clear();
    let mut changes = monitor.changes();
    crash(&bed, 1).await;
    let down = next(&mut changes, bed.cluster.node(1), ChangeKind::Down).await;
    assert!(down.reason.starts_with("no connection: "), "{down}");
    let shown = monitor.health();
    let host = shown.host(id).unwrap();
    assert_eq!(host.error.as_ref(), Some(&down.reason), "{host:?}");
    bed.cluster.node(1).listen_again().await.unwrap();
    let up = next(&mut changes, bed.cluster.node(1), ChangeKind::Up).await;
    assert_eq!(&*up.reason, "connected");
    assert_eq!((probes(&bed, 0), probes(&bed, 1)), (0, 0));
    bed.connected().await;
    bed.at_rest().await;
}

/// What a readiness endpoint asks.
#[tokio::test]
async fn a_session_without_a_node_is_not_ready() {
    let bed = Bed::make(2).await;
    bed.session.check_ready().unwrap();
    crash(&bed, 0).await;
    bed.session.check_ready().unwrap();
    crash(&bed, 1).await;
    let error = bed.session.check_ready().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoHost);
    let source = std::error::Error::source(&error).unwrap().to_string();
    println!("{source}");
    for node in bed.cluster.nodes() {
        assert!(source.contains(&node.address().to_string()), "{source}");
        node.listen_again().await.unwrap();
    }
    bed.connected().await;
    bed.session.check_ready().unwrap();
    bed.at_rest().await;
    bed.session.close(PATIENCE).await.unwrap();
    assert_eq!(bed.session.check_ready().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(bed.session.monitor().unwrap_err().kind(), ErrorKind::Closed);
}

/// L4: a limit, a monitor and a warm-up, on top of whatever is configured.
#[tokio::test]
async fn the_preset_loses_nothing() {
    let cluster = server(2).start().await.unwrap();
    let builder = || {
        client(&cluster)
            .keyspace("ks")
            .health(HealthCheck::every(PATIENCE).timeout(PATIENCE))
    };
    let preset = builder().monitored().connect().await.unwrap();
    let warm_up = preset.warm_up.as_ref().unwrap();
    assert_eq!((warm_up.ok(), warm_up.hosts.len()), (2, 2));
    assert!(preset.monitor.is_running());
    assert_eq!(preset.session.keyspace().as_deref(), Some("ks"));
    assert!(format!("{:?}", preset.session).contains("concurrency limit"));
    preset.monitor.updates().next().await;
    assert_eq!(preset.monitor.health().healthy_hosts, 2);
    let other = preset.cluster.connect().await.unwrap();
    other.execute("SELECT key FROM system.local").await.unwrap();
    preset
        .session
        .execute("SELECT key FROM system.local")
        .await
        .unwrap();
    preset.monitor.stop().await;

    // A limit of one's own stays: the second call finds no place.
    let own = builder().concurrency_limit(tower_cassandra::ConcurrencyLimit::new(1).queue(0));
    let preset = own.monitored().warm_up(false).connect().await.unwrap();
    assert!(preset.warm_up.is_none());
    let read = || preset.session.execute("SELECT key FROM system.local");
    let (one, two) = tokio::join!(read(), read());
    one.unwrap();
    assert_eq!(two.unwrap_err().kind(), ErrorKind::Rejected);
}
