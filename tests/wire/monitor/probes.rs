//! Which probes are sent, and when.

use super::*;

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
    health_check_has_asked(&monitor).await;
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
