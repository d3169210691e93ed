//! Nodes that die in the middle.

use std::time::Duration;

use tokio::time::Instant;
use tower_cassandra::scylla::statement::Consistency;
use tower_cassandra::{Session, Statement, StreamOptions};

use super::run_all;
use crate::support::{PATIENCE, create_keyspace, done, full};
use crate::three::{Three, three_nodes};

/// The ids that came, each as often as it came.
struct Seen(Vec<u8>);

impl Seen {
    fn note(&mut self, id: i32) {
        let times = &mut self.0[usize::try_from(id).unwrap()];
        *times = times.saturating_add(1);
    }

    fn assert_each_once(&self) {
        let lost = self.0.iter().filter(|times| **times == 0).count();
        let repeated = self.0.iter().filter(|times| **times > 1).count();
        assert_eq!((lost, repeated), (0, 0), "lost, repeated");
    }
}

/// Three copies of everything; what is written is on all of them.
async fn table(three: &Three, test: &str, rows: i32) -> (Session, String) {
    let session = three.session().await;
    let keyspace = create_keyspace(&session, test, 3).await;
    session
        .execute(format!("CREATE TABLE {keyspace}.t (id int PRIMARY KEY, v text)"))
        .await
        .unwrap();
    let insert = session
        .prepare(format!("INSERT INTO {keyspace}.t (id, v) VALUES (?, ?)"))
        .await
        .unwrap();
    let row = |id: i32| {
        let row = insert.bind((id, format!("value {id}"))).unwrap();
        row.idempotent(true)
            .consistency(Consistency::All)
            .attempt_timeout(PATIENCE / 2)
    };
    run_all(&session, (0..rows).map(row)).await;
    (session, keyspace)
}

async fn clean_up(three: Three, session: Session, keyspace: &str) {
    for node in three.cluster.nodes() {
        let _ = node.resume();
    }
    for node in three.cluster.nodes().iter().filter(|node| !node.is_running()) {
        node.restart().await.unwrap();
    }
    three.cluster.ready().await.unwrap();
    done(session, keyspace).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_survives_a_node_that_is_killed_and_one_that_is_frozen() {
    let Some(three) = three_nodes("a_stream_survives").await else {
        return;
    };
    let rows = if full() { 1_000_000 } else { 30_000 };
    let (session, keyspace) = table(&three, "dying_stream", rows).await;
    // One copy is left to read from.
    let all = Statement::new(format!("SELECT id, v FROM {keyspace}.t")).consistency(Consistency::LocalOne);
    let options = || StreamOptions::new().page_size(500).prefetch(1);
    let mut stream = session.stream_with::<(i32, String)>(&all, options());
    let (mut seen, mut count, mut broken_off) = (Seen(vec![0; usize::try_from(rows).unwrap()]), 0, 0);
    let (started, mut slowest, mut last) = (Instant::now(), Duration::ZERO, Instant::now());
    while let Some(row) = stream.next().await {
        // The node that is left may ask the frozen one for a page until it has found out that it is gone, and no retry helps against that.
        // Whoever wants all rows goes on where the stream broke off.
        let (id, value) = match row {
            Ok(row) => row,
            Err(error) if count >= rows / 3 * 2 && started.elapsed() < PATIENCE * 5 => {
                println!("goes on after {count} rows: {error}");
                let state = stream.paging_state().unwrap().clone();
                stream = session.stream_with(&all, options().resume_from(state));
                broken_off += 1;
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        assert_eq!(value, format!("value {id}"));
        seen.note(id);
        count += 1;
        slowest = slowest.max(last.elapsed());
        last = Instant::now();
        if count == rows / 3 {
            three.cluster.node(1).kill().await.unwrap();
        } else if count == rows / 3 * 2 {
            three.cluster.node(2).freeze().unwrap();
        }
    }
    println!(
        "{count} rows in {:?}, one node killed and one frozen; the longest wait for a row {slowest:?}; broken off {broken_off} times",
        started.elapsed()
    );
    seen.assert_each_once();
    assert_eq!(count, rows);
    // Each time after the limit of a call; the node that is left finds out in some twenty seconds.
    assert!(broken_off <= 5, "broken off {broken_off} times");
    clean_up(three, session, &keyspace).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_asks_again_until_enough_nodes_are_back() {
    let Some(three) = three_nodes("a_scan_asks_again").await else {
        return;
    };
    let rows = 6_000;
    let (session, keyspace) = table(&three, "dying_scan", rows).await;
    let mut scan = session
        .scan_table::<(i32, String)>(format!("{keyspace}.t"))
        .columns(["id", "v"])
        .page_size(50)
        .page_timeout(Duration::from_secs(3))
        .start()
        .await
        .unwrap();
    let handle = scan.handle();
    let (mut seen, mut count) = (Seen(vec![0; usize::try_from(rows).unwrap()]), 0);
    // Two of three are silent for a while: no majority, whatever the session retries.
    let mut resumed = None;
    while let Some(row) = scan.next().await {
        seen.note(row.unwrap().0);
        count += 1;
        if count == rows / 3 {
            let nodes = three.cluster;
            nodes.node(1).freeze().unwrap();
            nodes.node(2).freeze().unwrap();
            let handle = handle.clone();
            resumed = Some(tokio::spawn(async move {
                let started = Instant::now();
                while handle.retries() < 3 {
                    assert!(started.elapsed() < PATIENCE, "no range was asked for again");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                nodes.node(1).resume().unwrap();
                nodes.node(2).resume().unwrap();
            }));
        }
    }
    println!(
        "{count} rows, {} pages asked for again by the scan",
        handle.retries()
    );
    resumed.unwrap().await.unwrap();
    seen.assert_each_once();
    assert!(handle.retries() >= 3);
    assert_eq!(handle.fraction(), 1.0);
    clean_up(three, session, &keyspace).await;
}
