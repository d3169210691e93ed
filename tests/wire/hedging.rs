//! Second attempts beside slow first ones, counted at the server.

use std::time::Duration;

use scripted_cassandra::{Action, ErrorFrame, Match, Opcode};
use tokio::time::Instant;
use tower_cassandra::prometheus::Exporter;
use tower_cassandra::scylla::policies::load_balancing::DefaultPolicy;
use tower_cassandra::scylla::value::Counter;
use tower_cassandra::{Applied, Batch, ErrorKind, Hedge, RetryPolicy, Statement, Timings};

use crate::support::{ADD, Bed, CONDITIONAL, INSERT, SELECT, client, ms, requests, server, until};

/// Always affordable, and due after 50 ms.
fn soon() -> Hedge {
    Hedge::default().after(ms(50)).share(1.0)
}

#[tokio::test]
async fn a_silent_node_delays_reads_and_marked_writes_by_the_delay_alone() {
    let exporter = Exporter::new();
    let metrics = exporter.metrics();
    // Each of the three leaves one node silent.
    let bed = Bed::with(5, |client| client.hedge(soon()).metrics(metrics)).await;
    let (insert, select) = (bed.prepare(INSERT).await, bed.prepare(SELECT).await);
    // Whichever node is asked first says nothing; the second one answers.
    for statement in [
        select.bind((1,)).unwrap(),
        insert.bind((1, "v")).unwrap().idempotent(true),
        Batch::logged()
            .with(insert.bind((1, "v")).unwrap())
            .idempotent(true)
            .into(),
    ] {
        bed.clear();
        bed.cluster.on(requests()).times(1).then(Action::Silence);
        let started = Instant::now();
        let response = bed.session.execute(&statement).await.unwrap();
        let took = started.elapsed();
        assert!((ms(50)..ms(2_000)).contains(&took), "{took:?}");
        assert_eq!((response.attempts(), response.hedges()), (1, 1));
        let nodes = bed.nodes();
        assert!(nodes.len() == 2 && nodes[0] != nodes[1], "{nodes:?}");
    }
    // The losers are with their nodes still, and nobody forgets them.
    let owed = || -> u32 { bed.session.health().nodes.iter().map(|node| node.in_flight).sum() };
    assert_eq!(owed(), 3);
    let text = exporter.render();
    for (event, count) in [("sent", 3), ("won", 3)] {
        let line = format!(r#"cassandra_hedges_total{{event="{event}"}} {count}"#);
        assert!(text.contains(&line), "{text}");
    }
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn what_must_not_be_applied_twice_is_never_sent_twice() {
    let bed = Bed::with(3, |client| client.hedge(soon())).await;
    let (insert, conditional, add) = (
        bed.prepare(INSERT).await,
        bed.prepare(CONDITIONAL).await,
        bed.prepare(ADD).await,
    );
    let add = |id: i32| add.bind((Counter(1), id)).unwrap();
    let cases: Vec<(&str, Statement)> = vec![
        ("unmarked", insert.bind((1, "v")).unwrap()),
        (
            "conditional",
            conditional.bind((1, "v")).unwrap().idempotent(true),
        ),
        ("counter", add(1).idempotent(true)),
        (
            "counter batch",
            Batch::counter().with(add(1)).with(add(2)).idempotent(true).into(),
        ),
        (
            "DDL",
            Statement::new("CREATE TABLE ks.other (id int PRIMARY KEY)").idempotent(true),
        ),
        ("TRUNCATE", Statement::new("TRUNCATE ks.t").idempotent(true)),
    ];
    bed.cluster.on(requests()).then(Action::delay(ms(300)));
    for (what, statement) in cases {
        bed.cluster.ledger().clear();
        let response = bed.session.execute(statement).await.unwrap();
        assert_eq!((bed.frames().len(), response.hedges()), (1, 0), "{what}");
    }
    bed.at_rest().await;
}

#[tokio::test]
async fn both_fail_and_the_error_has_both() {
    let policy = RetryPolicy::default().max_retries(0);
    let bed = Bed::with(3, |client| {
        client.hedge(soon()).retry(policy).attempt_timeout(ms(200))
    })
    .await;
    let insert = bed.prepare(INSERT).await.bind((1, "v")).unwrap().idempotent(true);
    bed.cluster.on(requests()).then(Action::Silence);
    let started = Instant::now();
    let error = bed.fails(insert).await;
    // The second one has its whole limit too.
    let took = started.elapsed();
    assert!((ms(250)..ms(2_000)).contains(&took), "{took:?}");
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Timeout, Applied::Maybe)
    );
    let nodes: Vec<_> = error.attempts().iter().map(|attempt| attempt.node()).collect();
    assert!(nodes.len() == 2 && nodes[0] != nodes[1], "{nodes:?}");
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn the_call_ends_at_its_limit_whatever_is_under_way() {
    let bed = Bed::with(3, |client| client.hedge(soon())).await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    bed.cluster.on(requests()).then(Action::Silence);
    let started = Instant::now();
    let error = bed.fails(select.timeout(ms(300))).await;
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(
        (ms(300)..ms(2_000)).contains(&started.elapsed()),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(bed.frames().len(), 2);
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn pages_have_second_attempts_each_for_itself() {
    let bed = Bed::with(3, |client| client.hedge(soon())).await;
    let insert = bed.prepare(INSERT).await;
    for id in 0..6 {
        bed.session
            .execute(insert.bind((id, "v")).unwrap())
            .await
            .unwrap();
    }
    bed.cluster.ledger().clear();
    let page = || Match::opcode(Opcode::Query).or_opcode(Opcode::Execute);
    bed.cluster.on(page()).times(1).then(Action::Silence);
    let all = Statement::new("SELECT id, v FROM ks.t").page_size(2);
    let response = bed.session.execute(all).await.unwrap();
    assert_eq!((response.len(), response.hedges()), (6, 1));
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_before_anything_is_sent() {
    let cluster = server(1).start().await.unwrap();
    for (hedge, option) in [
        (Hedge::default().quantile(0.2), "hedge.quantile"),
        (Hedge::default().share(0.0), "hedge.share"),
        (Hedge::default().after(ms(60_000)), "hedge.after"),
        (Hedge::default().floor(ms(3_000)), "hedge.floor"),
    ] {
        let error = client(&cluster).hedge(hedge).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(option), "{error}");
    }
    let policy = DefaultPolicy::builder().build();
    let builder = client(&cluster)
        .hedge(Hedge::default())
        .driver_load_balancing(policy);
    let error = builder.build().unwrap_err();
    assert!(error.to_string().contains("driver_load_balancing"), "{error}");
    until("nobody has come", || cluster.node(0).accepted() == 0).await;
}

/// Whether each was overtaken, and how it failed.
fn ends(timings: &Timings) -> Vec<(bool, Option<ErrorKind>)> {
    let attempts = timings.attempts().iter();
    attempts
        .map(|attempt| (attempt.overtaken, attempt.error))
        .collect()
}

#[tokio::test]
async fn timings_have_both_attempts_whichever_answers() {
    let bed = Bed::with(3, |client| client.hedge(soon())).await;
    let read = bed.prepare(SELECT).await.bind((1,)).unwrap();
    let overtaken = (true, None);
    let answered = (false, None);
    let refused = (false, Some(ErrorKind::Overloaded));
    let later = |by: u64| Action::delay(ms(by));
    let refuses = |after: u64| Action::from(ErrorFrame::overloaded("busy")).after(ms(after));
    // What the first one does, what the second one does, and what is told.
    for (first, second, expected) in [
        (Action::Silence, later(1), [overtaken, answered]),
        (later(600), Action::Silence, [answered, overtaken]),
        (refuses(600), later(1_200), [refused, answered]),
        (later(1_200), refuses(300), [answered, refused]),
    ] {
        bed.clear();
        bed.cluster.on(requests()).times(1).then(first);
        bed.cluster.on(requests()).times(1).then(second);
        let started = Instant::now();
        let response = bed.session.execute(&read).await.unwrap();
        let took = started.elapsed();
        let timings = response.timings();
        assert_eq!(response.hedges(), 1);
        assert_eq!(ends(&timings), expected, "{timings}");
        // In the order in which they were sent, each with the node that it was sent to.
        let sent: Vec<_> = bed
            .nodes()
            .iter()
            .map(|node| Some(bed.cluster.node(*node).host_id()))
            .collect();
        let told: Vec<_> = timings.attempts().iter().map(|attempt| attempt.node).collect();
        assert_eq!(told, sent, "{timings}");
        // Time that both spent counts once.
        assert!(timings.total() <= took, "{timings}: {took:?}");
        let all: Duration = timings.attempts().iter().map(|attempt| attempt.elapsed).sum();
        assert!(all > timings.in_attempts(), "{timings}");
        bed.hang_up().await;
        bed.at_rest().await;
    }
}
