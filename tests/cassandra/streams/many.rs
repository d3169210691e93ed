use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_util::stream;
use tower_cassandra::{ErrorKind, Statement};

use super::numbers;
use crate::support::Bed;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_statements_end_as_they_come_or_in_order() {
    let Some(bed) = Bed::make("many").await else {
        return;
    };
    numbers(&bed, 500).await;
    let select = bed.prepare("SELECT v FROM t WHERE id = ?").await;
    let reads = || (0..500).map(|id| select.bind((id,)));
    let mut in_order = bed.session.execute_many(reads()).concurrency(32).in_order();
    let mut next = 0;
    while let Some(item) = in_order.next().await {
        assert_eq!(item.index, next);
        let row: Option<(String,)> = item.result.unwrap().one().unwrap();
        assert_eq!(row, Some((format!("value {next}"),)));
        next += 1;
    }
    assert_eq!(next, 500);

    let mut as_they_come = bed.session.execute_many_from(stream::iter(reads()));
    let mut seen = [false; 500];
    while let Some(item) = as_they_come.next().await {
        let at = usize::try_from(item.index).unwrap();
        let row: Option<(String,)> = item.result.unwrap().one().unwrap();
        assert_eq!(row, Some((format!("value {at}"),)));
        assert!(!std::mem::replace(&mut seen[at], true), "{at} came twice");
    }
    assert!(seen.into_iter().all(|it| it));
    bed.done().await;
}

/// The statements from `bad` on, every tenth, name a table that is not there.
fn some_fail(bad: u64) -> impl Iterator<Item = Statement> {
    (0..200_u64).map(move |at| {
        let wrong = at >= bad && (at - bad).is_multiple_of(10);
        Statement::new(if wrong {
            "SELECT id FROM nowhere"
        } else {
            "SELECT id FROM t"
        })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_stop_at_the_first_error_or_keep_going() {
    let Some(bed) = Bed::make("many_errors").await else {
        return;
    };
    numbers(&bed, 5).await;
    // As they come, others may overtake the first one that fails. As soon as it is there nothing more is begun.
    let mut many = bed.session.execute_many(some_fail(50)).concurrency(8);
    let progress = many.progress();
    while many.next().await.unwrap().result.is_ok() {}
    let begun = progress.started();
    assert!((51..200).contains(&begun), "{progress:?}");
    while many.next().await.is_some() {}
    assert_eq!((progress.started(), progress.running()), (begun, 0));

    let many = bed.session.execute_many(some_fail(50)).concurrency(8).in_order();
    let progress = many.progress();
    let error = many.run().await.unwrap_err();
    assert_eq!(error.failures()[0].1.kind(), ErrorKind::Invalid);
    assert_eq!(error.failures()[0].0, 50);
    // What was under way was waited for; nothing more was begun.
    assert!((51..=58).contains(&progress.started()), "{progress:?}");
    assert_eq!(progress.running(), 0);
    assert_eq!(
        error.summary().succeeded + error.summary().failed,
        progress.started()
    );
    assert_eq!(bed.session.running(), 0);

    let many = bed
        .session
        .execute_many(some_fail(50))
        .concurrency(8)
        .keep_going();
    let error = many.run().await.unwrap_err();
    let numbers: Vec<u64> = error.failures().iter().map(|(index, _)| *index).collect();
    assert!(numbers.into_iter().eq((50..200).step_by(10)));
    assert_eq!((error.summary().succeeded, error.summary().failed), (185, 15));
    assert!(error.to_string().contains("15 of 200"), "{error}");

    let error = bed
        .session
        .execute_many(some_fail(50))
        .concurrency(0)
        .run()
        .await
        .unwrap_err();
    assert_eq!(error.failures()[0].1.kind(), ErrorKind::Config);
    assert_eq!(
        bed.session
            .execute_many(Vec::<Statement>::new())
            .run()
            .await
            .unwrap()
            .succeeded,
        0
    );
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_hold_the_producer_back() {
    let Some(bed) = Bed::make("many_back").await else {
        return;
    };
    numbers(&bed, 5).await;
    for in_order in [false, true] {
        let made = Arc::new(AtomicUsize::new(0));
        let statements = (0..1_000).map({
            let made = Arc::clone(&made);
            move |_| {
                made.fetch_add(1, SeqCst);
                Statement::new("SELECT id FROM t")
            }
        });
        let mut many = bed.session.execute_many(statements).concurrency(16);
        if in_order {
            many = many.in_order();
        }
        let progress = many.progress();
        for taken in 0..200 {
            let item = many.next().await.unwrap();
            item.result.unwrap();
            // Those that were given out, those that run, and in order those that wait.
            assert!(made.load(SeqCst) <= taken + 1 + 16);
            assert!(progress.running() <= 16);
            assert!(bed.session.running() <= 16);
        }
        progress.stop();
        let left = async {
            let mut left = 0;
            while let Some(item) = many.next().await {
                item.result.unwrap();
                left += 1;
            }
            left
        };
        assert!(left.await <= 16);
        assert_eq!(progress.succeeded(), made.load(SeqCst) as u64);
        // Dropped in the middle, it leaves nothing running.
        let mut many = bed.session.execute_many(some_fail(500)).concurrency(16);
        many.next().await.unwrap().result.unwrap();
        drop(many);
        assert_eq!(bed.session.running(), 0);
    }
    bed.done().await;
}
