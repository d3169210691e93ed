//! Reading a result, and the trace of a statement.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tower_cassandra::{ErrorKind, Response, Statement};

use crate::support::{Bed, PATIENCE};

async fn numbers(test: &str, rows: i32) -> Option<(Bed, Response)> {
    let bed = Bed::make(test).await?;
    bed.run("CREATE TABLE numbers (k int, n int, PRIMARY KEY (k, n))")
        .await;
    let insert = bed.prepare("INSERT INTO numbers (k, n) VALUES (1, ?)").await;
    for n in 0..rows {
        bed.session.execute(insert.bind((n,)).unwrap()).await.unwrap();
    }
    let select = bed.prepare("SELECT n FROM numbers WHERE k = 1").await;
    // Two rows a page, so that reading goes across pages.
    let response = bed
        .session
        .execute(select.bind(()).unwrap().page_size(2))
        .await
        .unwrap();
    Some((bed, response))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qry_07_every_reading_has_a_position_of_its_own() {
    let Some((bed, response)) = numbers("qry_07", 3).await else {
        return;
    };
    for _ in 0..2 {
        let read: Vec<i32> = response
            .iter::<(i32,)>()
            .unwrap()
            .map(|row| row.unwrap().0)
            .collect();
        assert_eq!(read, [0, 1, 2]);
    }
    let mut pairs = Vec::new();
    for outer in response.iter::<(i32,)>().unwrap() {
        for inner in response.iter::<(i32,)>().unwrap() {
            pairs.push((outer.as_ref().unwrap().0, inner.unwrap().0));
        }
    }
    assert_eq!(pairs.len(), 9);
    assert_eq!((pairs[0], pairs[5], pairs[8]), ((0, 0), (1, 2), (2, 2)));
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qry_08_no_row_and_one_row() {
    let Some((bed, one)) = numbers("qry_08", 1).await else {
        return;
    };
    let none = bed
        .session
        .execute("SELECT n FROM numbers WHERE k = 2")
        .await
        .unwrap();
    assert_eq!(none.one::<(i32,)>().unwrap(), None);
    assert!(none.rows::<(i32,)>().unwrap().is_empty());
    assert_eq!((none.len(), none.is_empty()), (0, true));
    assert_eq!(none.rows::<(i32,)>().unwrap().first(), None);
    assert_eq!(none.iter::<(i32,)>().unwrap().count(), 0);

    assert_eq!(one.one::<(i32,)>().unwrap(), Some((0,)));
    assert_eq!(one.rows::<(i32,)>().unwrap(), [(0,)]);
    assert_eq!((one.len(), one.is_empty()), (1, false));
    assert_eq!(one.rows::<(i32,)>().unwrap().first(), Some(&(0,)));

    // Asked for as something else it is an error that says so, and the response is still good.
    let error = one.one::<(String,)>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(one.one::<(i32,)>().unwrap(), Some((0,)));
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qry_09_a_trace_is_there_when_it_was_asked_for() {
    let Some(bed) = Bed::make("qry_09").await else {
        return;
    };
    bed.run("CREATE TABLE t (id int PRIMARY KEY, v text)").await;
    let session = &bed.session.clone();
    let insert = bed.prepare("INSERT INTO t (id, v) VALUES (?, ?)").await;
    let traced = insert.bind((1, "traced")).unwrap().tracing(true);
    let response = session.execute(traced).await.unwrap();
    let id = response.tracing_id().expect("a trace");

    let pause = Duration::from_millis(100);
    let looks = u32::try_from(PATIENCE.as_millis() / pause.as_millis()).unwrap();
    let fetch = async || session.trace(id).attempts(looks).pause(pause).await.unwrap();
    let (started, mut trace) = (Instant::now(), fetch().await);
    // Its events are there before its end is.
    while trace.duration.is_none() && started.elapsed() < PATIENCE {
        sleep(pause).await;
        trace = fetch().await;
    }
    assert!(!trace.events.is_empty());
    assert!(trace.request.is_some());

    assert!(
        trace.nodes().len() == 1
            && trace.command.is_some()
            && trace.duration.is_some_and(|micros| micros >= 0)
    );

    // One that is not there is looked for as often as was asked. Meanwhile the task is free: were the pauses to block it, its ticks would
    // be missing in each of the four. A machine that stands still does so in one.
    let pause = Duration::from_millis(300);
    let nothing = session
        .trace(uuid::Uuid::from_u128(1))
        .attempts(5)
        .pause(pause)
        .into_future();
    tokio::pin!(nothing);
    let (started, mut last, mut blocked) = (Instant::now(), Instant::now(), 0);
    let mut ticks = interval(Duration::from_millis(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let error = loop {
        tokio::select! {
            nothing = &mut nothing => break nothing.unwrap_err(),
            _ = ticks.tick() => {
                blocked += u32::from(last.elapsed() >= pause);
                last = Instant::now();
            }
        }
    };
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(started.elapsed() >= pause * 4, "{:?}", started.elapsed());
    assert!(blocked < 3, "{blocked} of 4 pauses blocked the task");

    let plain = insert.bind((2, "not traced")).unwrap();
    let response = session.execute(plain).await.unwrap();
    assert_eq!(response.tracing_id(), None);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_says_beside_the_rows() {
    let Some((bed, response)) = numbers("beside", 5).await else {
        return;
    };
    let node = bed.session.health().nodes[0].host_id;
    assert_eq!(
        (response.len(), response.page_count(), response.attempts()),
        (5, 3, 3)
    );
    assert_eq!(response.coordinator(), Some(node));
    assert!(response.paging_state().is_none());
    // Length and value of an int, five times.
    assert_eq!(response.byte_len(), 5 * 8);
    let columns = response.columns().unwrap();
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    assert_eq!(names, ["n"]);
    assert_eq!((response.warnings().count(), response.tracing_id()), (0, None));
    // The server does not like this one.
    let count = bed.session.execute("SELECT count(*) FROM numbers").await.unwrap();
    assert_eq!(count.one::<(i64,)>().unwrap(), Some((5,)));
    let warnings: Vec<&str> = count.warnings().collect();
    assert!(
        warnings.iter().any(|warning| warning.contains("Aggregation")),
        "{warnings:?}"
    );
    let written = bed
        .session
        .execute("INSERT INTO numbers (k, n) VALUES (2, 1)")
        .await
        .unwrap();
    assert!(written.columns().is_none() && written.coordinator() == Some(node));

    // No more than was asked for is collected.
    let all = || Statement::new("SELECT n FROM numbers WHERE k = 1").page_size(2);
    for statement in [all().max_rows(4), all().max_bytes(4 * 8)] {
        let error = bed.session.execute(statement).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("max_"), "{error}");
    }
    for statement in [all().max_rows(5), all().max_bytes(5 * 8)] {
        assert_eq!(bed.session.execute(statement).await.unwrap().len(), 5);
    }
    bed.done().await;
}
