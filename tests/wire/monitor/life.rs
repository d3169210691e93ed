//! What goes with the session, and what is told meanwhile.

use super::*;

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
    health_check_has_asked(&monitor).await;
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
