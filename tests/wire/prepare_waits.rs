//! Nobody waits for a PREPARE longer than the own limit says, and one of them is enough.

use futures_util::future::join_all;
use scripted_cassandra::{Action, ErrorFrame, Match, Opcode};
use tokio::time::Instant;
use tower_cassandra::prometheus::Exporter;
use tower_cassandra::{Applied, Batch, ErrorKind, Limit, Statement};

use crate::support::{Bed, INSERT, PATIENCE, SELECT, ms, tasks_at_rest, until};

fn prepare() -> Match {
    Match::opcode(Opcode::Prepare)
}

fn write(id: i32) -> Statement {
    Statement::with_values(INSERT, (id, "v"))
}

#[tokio::test]
async fn a_prepare_that_hangs_is_waited_for_once_and_not_by_every_call() {
    let bed = Bed::with(3, |client| client.attempt_timeout(ms(1_000))).await;
    bed.cluster.on(prepare().node(1)).times(1).then(Action::Silence);
    let start = Instant::now();
    bed.session.query(SELECT, (1,)).await.unwrap();
    assert!(start.elapsed() >= ms(1_000), "{:?}", start.elapsed());
    let start = Instant::now();
    for id in 0..20 {
        bed.session.query(SELECT, (id,)).await.unwrap();
    }
    // If each waited, 20 s.
    assert!(start.elapsed() < ms(12_000), "{:?}", start.elapsed());
    assert_eq!(bed.session.prepared_cache().in_flight, 1);
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn a_batch_of_texts_beside_a_node_that_swallows_prepare_goes_out_all_the_same() {
    let limit = ms(2_900);
    let bed = Bed::with(3, |client| client.attempt_timeout(limit)).await;
    let bound = bed.prepare("INSERT INTO ks.t (id, v) VALUES (?, 'bound')").await;
    bed.cluster.on(prepare().node(1)).times(2).then(Action::Silence);
    let other = "INSERT INTO ks.t (v, id) VALUES (?, ?)";
    let batch = Batch::logged()
        .with(write(1))
        .with("INSERT INTO ks.t (id, v) VALUES (2, 'text')")
        .with(bound.bind((3,)).unwrap())
        .with(Statement::with_values(other, ("v", 4)))
        .with(write(5));
    let start = Instant::now();
    bed.session.batch(batch).await.unwrap();
    // Both texts were waited for at the same time.
    let took = start.elapsed();
    assert!((limit..limit * 2).contains(&took), "{took:?}");
    let batches = bed.cluster.ledger().filter(|frame| frame.opcode == Opcode::Batch);
    assert_eq!(batches.len(), 1);
    for id in 1..=5_i32 {
        if id != 2 {
            let executed = bed.cluster.ledger().executions("INSERT", &id.to_be_bytes());
            assert_eq!(executed, 1, "{id}");
        }
    }
    assert_eq!(bed.session.prepared_cache().in_flight, 2);
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn values_that_do_not_fit_are_refused_also_where_nothing_is_prepared_yet() {
    let bed = Bed::with(1, |client| client.attempt_timeout(ms(100))).await;
    bed.cluster.on(prepare()).times(1).then(Action::Silence);
    let wrong = Statement::with_values(INSERT, ("not a number", "v"));
    let error = bed.session.batch(Batch::logged().with(wrong)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Serialization, Applied::No)
    );
    assert!(bed.frames().is_empty());
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn a_batch_of_texts_ends_at_its_own_limit() {
    let bed = Bed::with(3, |client| client.timeout(PATIENCE).attempt_timeout(PATIENCE / 3)).await;
    bed.cluster.on(prepare()).then(Action::Silence);
    for statement in [Batch::logged().with(write(1)).into(), write(2)] {
        let start = Instant::now();
        let error = bed.fails(Statement::timeout(statement, ms(200))).await;
        // Not at that of the attempt.
        let took = start.elapsed();
        assert!((ms(200)..PATIENCE / 4).contains(&took), "{took:?}");
        assert_eq!(
            (error.kind(), error.timeout()),
            (ErrorKind::Timeout, Some(Limit::Call))
        );
        assert_eq!(error.applied(), Applied::No);
        assert!(bed.frames().is_empty());
    }
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn preparing_ends_at_its_own_limit_and_leaves_no_task_behind() {
    let exporter = Exporter::new();
    let metrics = exporter.metrics();
    let bed = Bed::with(3, |client| client.prepare_timeout(ms(2_500)).metrics(metrics)).await;
    let before = tasks_at_rest().await;
    bed.cluster.on(prepare().node(2)).then(Action::Silence);
    let start = Instant::now();
    let error = bed.session.prepare(SELECT).await.unwrap_err();
    // The default is 30 s.
    let took = start.elapsed();
    assert!((ms(2_500)..PATIENCE / 4).contains(&took), "{took:?}");
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Timeout, Applied::No));
    let stats = bed.session.prepared_cache();
    assert_eq!((stats.in_flight, stats.entries, stats.failures), (0, 0, 1));
    until("the task of the PREPARE has ended", || {
        tokio::runtime::Handle::current().metrics().num_alive_tasks() <= before
    })
    .await;
    bed.cluster.clear_rules();
    bed.session.prepare(SELECT).await.unwrap();
    // It is measured as a class of its own.
    let text = exporter.render();
    for outcome in ["success", "failure"] {
        let line = format!(r#"cassandra_queries_total{{query_type="prepare",success="{outcome}"}} 1"#);
        assert!(text.contains(&line), "{text}");
    }
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn the_cache_counts_what_it_does() {
    let bed = Bed::with(3, |client| client.prepared_cache(2)).await;
    let stats = || bed.session.prepared_cache();
    let text = |n: usize| format!("{SELECT}{}", " ".repeat(n));
    for result in join_all((0..5).map(|_| bed.session.prepare(text(0)))).await {
        result.unwrap();
    }
    let first = stats();
    assert_eq!((first.capacity, first.entries, first.in_flight), (2, 1, 0));
    assert_eq!((first.hits, first.shared, first.misses), (0, 4, 1));
    bed.session.query(text(0), (1,)).await.unwrap();
    bed.session.prepare(text(1)).await.unwrap();
    bed.session.prepare(text(0)).await.unwrap();
    // The one that was used longest ago makes place.
    bed.session.prepare(text(2)).await.unwrap();
    bed.session.prepare(text(0)).await.unwrap();
    let then = stats();
    assert_eq!((then.entries, then.evictions), (2, 1));
    assert_eq!((then.hits, then.shared, then.misses), (3, 4, 3));
    bed.session.prepare(text(1)).await.unwrap();
    assert_eq!(stats().misses, 4);
    bed.cluster.on(prepare()).then(ErrorFrame::invalid("no"));
    bed.session.prepare(text(9)).await.unwrap_err();
    assert_eq!((stats().failures, stats().entries), (1, 2));
    bed.at_rest().await;
}

#[tokio::test]
async fn more_texts_than_can_be_prepared_at_once_are_not_refused() {
    let bed = Bed::with(1, |client| client.attempt_timeout(ms(9_000))).await;
    bed.cluster.on(prepare()).then(Action::delay(ms(2_500)));
    let texts: Vec<String> = (0..300).map(|n| format!("{SELECT}{}", " ".repeat(n))).collect();
    let queries = texts.iter().map(|text| bed.session.query(text, (1,)));
    for result in join_all(queries).await {
        result.unwrap();
    }
    assert_eq!(bed.session.prepared_cache().misses, 256);
    // Handles that are asked for are another matter.
    let fresh: Vec<String> = (300..600).map(|n| format!("{SELECT}{}", " ".repeat(n))).collect();
    let handles = join_all(fresh.iter().map(|text| bed.session.prepare(text))).await;
    let refused: Vec<_> = handles.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 44);
    assert!(refused.iter().all(|error| error.kind() == ErrorKind::Rejected));
    bed.at_rest().await;
}

#[tokio::test]
async fn a_stale_handle_is_healed_once_for_all_who_hold_it() {
    let bed = Bed::make(3).await;
    let (insert, select) = (bed.prepare(INSERT).await, bed.prepare(SELECT).await);
    let batch = Statement::from(Batch::unlogged().with(insert.bind((1, "v")).unwrap()));
    let old = select.bind((1,)).unwrap();
    bed.session.execute(&batch).await.unwrap();
    bed.cluster.renew_prepared_ids();
    bed.cluster.ledger().clear();
    let prepares = || [0, 1, 2].map(|node| bed.cluster.ledger().count_at(node, Opcode::Prepare, "SELECT"));
    // Found stale by many at once. Each driver's connection repairs once, and then all nodes are asked once.
    let many = join_all((0..100).map(|id| bed.session.execute(select.bind((id,)).unwrap())));
    assert!(many.await.iter().all(Result::is_ok));
    // A hundred connections' repairs at most, and one that asked all nodes.
    let all: u64 = prepares().iter().sum();
    assert!((4..=103).contains(&all), "{all}");
    bed.cluster.ledger().clear();
    for statement in [old, select.bind((2,)).unwrap()] {
        assert_eq!(bed.session.execute(statement).await.unwrap().attempts(), 1);
    }
    assert_eq!(prepares(), [0, 0, 0]);
    // The same for a batch value that was made before.
    assert_eq!(bed.session.execute(&batch).await.unwrap().attempts(), 2);
    assert_eq!(bed.session.execute(&batch).await.unwrap().attempts(), 1);
    assert_eq!(
        bed.session
            .execute(insert.bind((1, "v")).unwrap())
            .await
            .unwrap()
            .attempts(),
        1
    );
    bed.at_rest().await;
}

#[tokio::test]
async fn a_result_of_many_pages_is_bound_as_soon_as_its_text_is_prepared() {
    let bed = Bed::with(1, |client| client.attempt_timeout(ms(900))).await;
    let insert = bed.prepare(INSERT).await;
    for id in 0..10 {
        let row = insert.bind((id, "v")).unwrap();
        bed.session.execute(row).await.unwrap();
    }
    bed.cluster.ledger().clear();
    // The first PREPARE lands while the pages are being read.
    bed.cluster.on(prepare()).times(1).then(Action::delay(ms(3_000)));
    bed.cluster
        .on(Match::opcode(Opcode::Execute))
        .then(Action::delay(ms(400)));
    let all = Statement::with_values("SELECT id FROM ks.t WHERE v = ? ALLOW FILTERING", ("v",)).page_size(1);
    let response = bed.session.execute(all).await.unwrap();
    assert_eq!((response.len(), response.page_count()), (10, 10));
    // Pages that go as text are prepared on their connection each time: all ten would be, and a PREPARE of its own came before.
    let prepares = bed.cluster.ledger().count(Opcode::Prepare, "SELECT id");
    assert!((2..=10).contains(&prepares), "{prepares}");
    bed.at_rest().await;
}
