use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use tower_cassandra::{Session, StreamOptions};

use super::{numbers, rest, run_all};
use crate::support::{Bed, PATIENCE, assert_within, builder, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn str_07_a_stream_within_a_stream() {
    let Some(bed) = Bed::make("str_07").await else {
        return;
    };
    bed.run("CREATE TABLE categories (id int PRIMARY KEY)").await;
    bed.run("CREATE TABLE items (category int, item int, PRIMARY KEY (category, item))")
        .await;
    for category in 0..3 {
        bed.run(&format!("INSERT INTO categories (id) VALUES ({category})"))
            .await;
        for item in 0..5 {
            bed.run(&format!(
                "INSERT INTO items (category, item) VALUES ({category}, {item})"
            ))
            .await;
        }
    }
    let of = bed.prepare("SELECT item FROM items WHERE category = ?").await;
    // Pages of one row, so that the outer stream has to ask again after the inner one.
    let options = || StreamOptions::new().page_size(1);
    let mut outer = bed
        .session
        .stream_with::<(i32,)>("SELECT id FROM categories", options());
    let (mut categories, mut items) = (Vec::new(), 0);
    while let Some(row) = outer.next().await {
        let (category,) = row.unwrap();
        let mut inner = bed
            .session
            .stream_with::<(i32,)>(of.bind((category,)).unwrap(), options());
        let mut next = 0;
        while let Some(row) = inner.next().await {
            assert_eq!(row.unwrap().0, next);
            next += 1;
        }
        items += next;
        categories.push(category);
    }
    categories.sort_unstable();
    assert_eq!((categories, items), (vec![0, 1, 2], 15));
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn str_08_streams_of_several_sessions_at_once() {
    let Some(bed) = Bed::make("str_08").await else {
        return;
    };
    numbers(&bed, 100).await;
    let text = format!("SELECT id, v FROM {}.t", bed.keyspace);
    let cluster = builder(&bed.cluster).build().unwrap();
    let sessions = join_all((0..3).map(|_| cluster.connect())).await;
    let sessions: Vec<Session> = sessions.into_iter().map(Result::unwrap).collect();
    let read = sessions.iter().map(|session| {
        let options = StreamOptions::new().page_size(10);
        let mut rows = session.stream_with::<(i32, String)>(&text, options);
        tokio::spawn(async move { rest(&mut rows).await })
    });
    for ids in join_all(read).await {
        assert!(ids.unwrap().into_iter().eq(0..100));
    }
    for session in sessions {
        session.close(PATIENCE).await.unwrap();
    }
    bed.done().await;
}

/// So many partitions of 1,000 rows.
async fn partitions(bed: &Bed, count: i32) {
    bed.run("CREATE TABLE parts (part int, row int, v text, PRIMARY KEY (part, row))")
        .await;
    let insert = bed
        .prepare("INSERT INTO parts (part, row, v) VALUES (?, ?, ?)")
        .await;
    let rows = (0..count).flat_map(|part| (0..1_000).map(move |row| (part, row)));
    let rows = rows.map(|(part, row)| insert.bind((part, row, format!("{part}/{row}"))).unwrap());
    run_all(&bed.session, rows).await;
}

/// Reads one partition, and says how long it took.
async fn partition(bed: &Bed, part: i32, size: u32) -> Duration {
    let started = Instant::now();
    let of = bed.prepare("SELECT part, row, v FROM parts WHERE part = ?").await;
    let options = StreamOptions::new().page_size(size);
    let mut rows = bed
        .session
        .stream_with::<(i32, i32, String)>(of.bind((part,)).unwrap(), options);
    let mut next = 0;
    while let Some(row) = rows.next().await {
        assert_eq!(row.unwrap(), (part, next, format!("{part}/{next}")));
        next += 1;
    }
    assert_eq!(next, 1_000);
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn str_08_streams_of_one_session_give_each_its_own_partition() {
    let Some(bed) = Bed::make("str_08_parts").await else {
        return;
    };
    partitions(&bed, 5).await;
    let started = Instant::now();
    join_all((0..5).map(|part| partition(&bed, part, 100))).await;
    let took = started.elapsed();
    assert_within(
        "STR-08: 5 streams of 1,000 rows",
        took,
        Duration::from_secs(10),
        PATIENCE / 2,
    );
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn str_09_streams_run_beside_each_other_and_beside_counts() {
    let Some(bed) = Bed::make("str_09").await else {
        return;
    };
    partitions(&bed, 10).await;
    // (b) They run beside each other and not one after the other.
    let started = Instant::now();
    let each: Duration = join_all((0..5).map(|part| partition(&bed, part, 500)))
        .await
        .into_iter()
        .sum();
    let wall = started.elapsed();
    let factor = each.as_secs_f64() / wall.as_secs_f64();
    println!("5 streams: sum {each:?}, wall {wall:?}, factor {factor:.1}");
    assert!(factor > 2.0, "sum {each:?}, wall {wall:?}");

    // (a) Counts while the whole table is being read by a consumer who takes his time: after each thousand rows he waits for two
    // counts. Were these to wait for the stream, neither would ever end.
    let counted = AtomicU32::new(0);
    let count = bed.prepare("SELECT count(*) FROM parts WHERE part = ?").await;
    let counting = async {
        let mut took = Vec::new();
        for part in 0..20 {
            let started = Instant::now();
            let response = bed
                .session
                .execute(count.bind((part % 10,)).unwrap())
                .await
                .unwrap();
            assert_eq!(response.one::<(i64,)>().unwrap(), Some((1_000,)));
            took.push(started.elapsed());
            counted.fetch_add(1, Relaxed);
            sleep(Duration::from_millis(100)).await;
        }
        took
    };
    let streaming = async {
        let options = StreamOptions::new().page_size(1_000);
        let mut rows = bed
            .session
            .stream_with::<(i32, i32, String)>("SELECT part, row, v FROM parts", options);
        let mut seen = 0;
        while let Some(row) = rows.next().await {
            row.unwrap();
            seen += 1;
            if seen % 1_000 == 0 {
                eventually(PATIENCE, "counts end beside the stream", || {
                    counted.load(Relaxed) >= seen / 500
                })
                .await;
            }
        }
        assert_eq!(seen, 10_000);
    };
    let (took, ()) = tokio::join!(counting, streaming);
    let (mean, most) = (
        took.iter().sum::<Duration>() / u32::try_from(took.len()).unwrap(),
        took.iter().max().copied().unwrap_or_default(),
    );
    assert_eq!(took.len(), 20);
    let ms = Duration::from_millis;
    assert_within("STR-09: a count beside a stream, mean", mean, ms(100), ms(2_000));
    assert_within("STR-09: the slowest", most, ms(500), ms(10_000));
    bed.done().await;
}
