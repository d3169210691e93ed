//! Nodes that neither answer nor break: what is kept of them, and what they still get.

use futures_util::future::join_all;
use scripted_cassandra::{Action, Opcode, Recording};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tower_cassandra::{Applied, Error, ErrorKind, HealthSettings, Response};

use crate::rows::kinds::{Kind, Texts};
use crate::support::{Bed, INSERT, PATIENCE, SELECT, ms, requests, until};

#[tokio::test]
async fn a_frozen_node_is_left_alone_until_it_thaws() {
    let bed = Bed::with(3, |client| client.attempt_timeout(ms(300))).await;
    let select = bed.prepare(SELECT).await;
    // So many that the session knows what is slow here.
    for id in 0..300 {
        bed.session.execute(select.bind((id,)).unwrap()).await.unwrap();
    }
    let node = bed.cluster.node(1);
    bed.cluster.ledger().clear();
    node.freeze();
    let mut ticks = interval(ms(5));
    // What a machine that stood still has missed must not come all at once: those would all be sent before anything is known.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reads = Vec::new();
    for _ in 0..500 {
        ticks.tick().await;
        let (session, read) = (bed.session.clone(), select.bind((1,)).unwrap());
        reads.push(tokio::spawn(async move { session.execute(read).await }));
    }
    let asked = reads.len();
    for read in reads {
        read.await.unwrap().unwrap();
    }
    // However many come at once, none goes there but the one that may be its trial, although the others have more under way.
    let before = bed.health(1).in_flight;
    let many = join_all((0..90).map(|id| bed.session.execute(select.bind((id,)).unwrap())));
    assert!(many.await.iter().all(Result::is_ok));
    let health = bed.health(1);
    assert!(health.in_flight <= before + 1, "{before} and then {health:?}");
    println!("frozen: {asked} reads, {} at the frozen node", health.in_flight);
    assert_eq!(health.abandoned, health.in_flight);
    assert!((1..=40).contains(&health.in_flight), "{health:?}");

    node.thaw();
    until("it has answered", || bed.health(1).abandoned == 0).await;
    let late = bed.cluster.ledger().count_at(1, Opcode::Execute, "SELECT");
    assert_eq!(late, u64::from(health.in_flight), "all that it got is counted");
    // Its late answers were slow ones. What is over is forgotten: soon it has its share again.
    let start = Instant::now();
    let share = |bed: &Bed| bed.cluster.ledger().count_at(1, Opcode::Execute, "SELECT");
    loop {
        let before = share(&bed);
        for _ in 0..50 {
            bed.session.execute(select.bind((1,)).unwrap()).await.unwrap();
            ticks.tick().await;
        }
        if share(&bed) - before >= 8 {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{:?}", bed.health(1));
    }
    println!(
        "frozen: it has its share {:?} after it had answered",
        start.elapsed()
    );
    assert_eq!(bed.session.health().dropped_abandoned, 0);
    bed.at_rest().await;
}

fn connection_lost(result: &Result<Response, Error>, applied: Applied) -> bool {
    let error = result.as_ref().unwrap_err();
    (error.kind(), error.applied()) == (ErrorKind::Connection, applied)
}

/// A7: it takes a limit per node that is too high.
#[tokio::test]
async fn without_a_stream_id_nothing_is_sent() {
    const IDS: usize = 32_768;
    let settings = HealthSettings::default().node_limit(100_000);
    let bed = Bed::with(1, |client| {
        let client = client.no_retry().health_settings(settings).attempt_timeout(None);
        client.keepalive(ms(1_000), PATIENCE)
    })
    .await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    let texts = Texts::prepare(&bed).await;
    bed.cluster.set_recording(Recording::Counts);
    bed.cluster.ledger().clear();
    bed.cluster.on(requests()).then(Action::Silence);
    let silent = join_all((0..IDS).map(|_| {
        let (session, select) = (bed.session.clone(), select.clone());
        tokio::spawn(async move { session.execute(select.timeout(PATIENCE * 2)).await })
    }));
    let rest = async {
        until("all ids are taken", || {
            bed.cluster.ledger().requests() >= IDS as u64 - 1
        })
        .await;
        let last = bed.session.execute(&select);
        let refused = join_all(Kind::ALL.map(|kind| bed.session.execute(texts.statement(kind, 1))));
        let (_, refused) = tokio::join!(last, refused);
        for (kind, error) in Kind::ALL.into_iter().zip(refused) {
            let error = error.unwrap_err();
            let verdict = (error.kind(), error.applied());
            assert_eq!(verdict, (ErrorKind::NoHost, Applied::No), "{kind}: {error:?}");
            let attempts: Vec<_> = error.attempts().iter().map(|attempt| attempt.kind()).collect();
            assert_eq!(attempts, [ErrorKind::Connection], "{kind}");
        }
        // A keepalive may have had one of them.
        assert!(bed.cluster.ledger().requests() <= IDS as u64);
        bed.cluster.node(0).close_connections();
    };
    let (silent, ()) = tokio::join!(silent, rest);
    let lost = silent.into_iter().map(Result::unwrap);
    assert!(
        lost.filter(|result| connection_lost(result, Applied::Maybe))
            .count()
            >= IDS - 1
    );
    bed.connected().await;
    bed.at_rest().await;
}

/// R9: it takes more dropped attempts than are kept.
#[tokio::test]
async fn too_many_orphans_cost_the_connection() {
    let settings = HealthSettings::default().abandoned_limit(1);
    let bed = Bed::with(1, |client| client.no_retry().health_settings(settings)).await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    let texts = Texts::prepare(&bed).await;
    bed.cluster.on(requests()).then(Action::Silence);
    let patient = join_all(Kind::ALL.map(|kind| {
        let statement = texts.statement(kind, 1).attempt_timeout(None);
        bed.session.execute(statement)
    }));
    let others = join_all((0..1_200).map(|_| bed.session.execute(select.clone().attempt_timeout(ms(700)))));
    let (patient, others) = tokio::join!(patient, others);
    assert!(
        others
            .iter()
            .all(|result| result.as_ref().unwrap_err().kind() == ErrorKind::Timeout)
    );
    for (kind, patient) in Kind::ALL.into_iter().zip(patient) {
        assert!(connection_lost(&patient, Applied::Maybe), "{kind}: {patient:?}");
        let source = std::error::Error::source(&patient.unwrap_err())
            .unwrap()
            .to_string();
        println!("R9 {kind:>9}: {source}");
    }
    assert_eq!(bed.session.health().dropped_abandoned, 1_199);
    bed.cluster.clear_rules();
    bed.connected().await;
    bed.at_rest().await;
}

/// B2: what it had already been sent may still be executed when it thaws.
#[tokio::test]
async fn a_node_without_sign_of_life_loses_its_connection() {
    let bed = Bed::with(1, |client| {
        client.keepalive(ms(1_000), ms(3_000)).attempt_timeout(None)
    })
    .await;
    let insert = bed.prepare(INSERT).await.bind((1, "v")).unwrap();
    bed.cluster.ledger().clear();
    bed.cluster.node(0).freeze();
    let result = bed.session.execute(insert).await;
    assert!(connection_lost(&result, Applied::Maybe), "{result:?}");
    bed.cluster.node(0).thaw();
    bed.connected().await;
    assert!(bed.frames().len() <= 1);
    bed.at_rest().await;
}
