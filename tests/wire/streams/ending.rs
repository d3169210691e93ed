use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use scripted_cassandra::Action;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};
use tower_cassandra::{ErrorKind, Limit, RowStream, Statement, StreamHandle, StreamOptions};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

use super::forged::{Result, all, asking};
use crate::support::{Bed, PATIENCE, ms, until};

fn stream(bed: &Bed, options: StreamOptions) -> RowStream<(i32, String)> {
    bed.session.stream_with(all(), options.page_size(10))
}

/// Ten rows, and then a page that never comes.
async fn stuck(prefetch: u8) -> (Bed, RowStream<(i32, String)>) {
    let bed = Bed::with(1, |client| client.concurrency_limit(1)).await;
    bed.cluster.on(asking()).after(1).then(Action::Silence);
    Result::of(100).serve(&bed.cluster);
    let mut rows = stream(&bed, StreamOptions::new().prefetch(prefetch));
    for id in 0..10 {
        assert_eq!(rows.next().await.unwrap().unwrap().0, id);
    }
    (bed, rows)
}

#[tokio::test]
async fn a_cancel_from_elsewhere_wakes_the_consumer_at_once() {
    for prefetch in [0, 1] {
        let (bed, mut rows) = stuck(prefetch).await;
        let handle = rows.handle();
        let consumer = tokio::spawn(async move {
            let next = rows.next().await;
            (next.is_none(), rows)
        });
        until("the second page is asked for", || bed.frames().len() == 2).await;
        let started = Instant::now();
        handle.cancel();
        let (ended, rows) = timeout(Duration::from_secs(2), consumer).await.unwrap().unwrap();
        assert!(ended && handle.is_cancelled());
        assert!(started.elapsed() < ms(500), "{:?}", started.elapsed());
        // What was given is counted, and the place is known.
        assert_eq!((handle.pages(), handle.rows()), (1, 10));
        assert!(!rows.paging_state().unwrap().is_start());
        until("the permit is free", || bed.session.running() == 0).await;
        bed.hang_up().await;
        bed.at_rest().await;
    }
}

#[tokio::test]
async fn a_cancel_in_the_middle_of_a_page_ends_it_there() {
    let bed = Bed::make(1).await;
    Result::of(100).serve(&bed.cluster);
    let mut rows = stream(&bed, StreamOptions::new());
    rows.next().await.unwrap().unwrap();
    rows.handle().cancel();
    assert!(rows.next().await.is_none());
    let state = rows.paging_state().unwrap();
    let mut rows = stream(&bed, StreamOptions::new().resume_from(state));
    assert_eq!(rows.next().await.unwrap().unwrap().0, 1);
    bed.at_rest().await;
}

#[tokio::test]
async fn dropping_it_gives_everything_back() {
    for prefetch in [0, 1] {
        let tasks = Handle::current().metrics();
        let (bed, mut rows) = stuck(prefetch).await;
        let before = tasks.num_alive_tasks();
        {
            let mut next = pin!(rows.next());
            let mut cx = Context::from_waker(Waker::noop());
            assert!(next.as_mut().poll(&mut cx).is_pending());
            until("the second page is asked for", || bed.frames().len() == 2).await;
            // It has the only permit.
            assert_eq!(bed.session.running(), 1);
            assert!(matches!(next.as_mut().poll(&mut cx), Poll::Pending));
        }
        drop(rows);
        until("nothing runs", || bed.session.running() == 0).await;
        let prefetched = usize::from(prefetch > 0);
        until("its task has ended", || {
            tasks.num_alive_tasks() <= before - prefetched
        })
        .await;
        // The permit is free: one more call passes, on a node that answers again.
        bed.cluster.clear_rules();
        timeout(
            PATIENCE,
            bed.session.execute(Statement::new("SELECT v FROM ks.t")),
        )
        .await
        .unwrap()
        .unwrap();
        assert_eq!(bed.health(0).abandoned, 1);
        bed.hang_up().await;
        bed.at_rest().await;
    }
}

#[tokio::test]
async fn closing_is_dropping_in_place_and_may_be_repeated() {
    for prefetch in [0, 1] {
        let (bed, mut rows) = stuck(prefetch).await;
        let mut other = bed.session.stream::<(i32, String)>(all());
        rows.close();
        rows.close();
        assert!(rows.next().await.is_none());
        assert!(!rows.paging_state().unwrap().is_start());
        until("nothing runs", || bed.session.running() == 0).await;
        // Only this one: the session and another stream go on.
        bed.cluster.clear_rules();
        Result::of(3).serve(&bed.cluster);
        assert_eq!(other.next().await.unwrap().unwrap().0, 0);
        bed.hang_up().await;
        bed.at_rest().await;
    }
}

#[tokio::test]
async fn reading_ahead_is_one_page_and_one_task() {
    let bed = Bed::make(1).await;
    Result::of(1_000).serve(&bed.cluster);
    let tasks = Handle::current().metrics();
    let before = tasks.num_alive_tasks();
    let mut rows = stream(&bed, StreamOptions::new().prefetch(1));
    assert_eq!(tasks.num_alive_tasks(), before, "nothing before the first poll");
    for taken in 1..=30 {
        rows.next().await.unwrap().unwrap();
        let pages = taken / 10 + usize::from(taken % 10 > 0);
        // A page is gone with its last row, but the next is taken up only when it is asked for.
        until("the next page is read", || bed.frames().len() == pages + 1).await;
        assert_eq!(tasks.num_alive_tasks(), before + 1);
    }
    // However slow the consumer is.
    sleep(ms(100)).await;
    assert_eq!(bed.frames().len(), 4);
    let mut none = stream(&bed, StreamOptions::new());
    none.next().await.unwrap().unwrap();
    sleep(ms(50)).await;
    assert_eq!(bed.frames().len(), 5, "without prefetch none is read ahead");
    drop(rows);
    until("the task has ended", || tasks.num_alive_tasks() == before).await;
    bed.at_rest().await;
}

#[tokio::test]
async fn the_deadline_bounds_the_whole_also_while_the_consumer_is_slow() {
    for prefetch in [0, 1] {
        let (bed, _) = stuck(prefetch).await;
        let options = || StreamOptions::new().prefetch(prefetch).deadline(ms(300));
        let late = |error: tower_cassandra::Error| {
            assert_eq!(
                (error.kind(), error.timeout()),
                (ErrorKind::Timeout, Some(Limit::Deadline))
            );
        };
        // While a page is awaited.
        let mut waiting = stream(&bed, options());
        let started = Instant::now();
        late(waiting.next().await.unwrap().unwrap_err());
        assert!((300..2_000).contains(&started.elapsed().as_millis()));
        assert!(waiting.next().await.is_none());
        // While rows are here that nobody takes. The place is behind the last one taken.
        bed.cluster.clear_rules();
        Result::of(100).serve(&bed.cluster);
        let mut slow = stream(&bed, options());
        slow.next().await.unwrap().unwrap();
        sleep(ms(350)).await;
        late(slow.next().await.unwrap().unwrap_err());
        assert!(slow.next().await.is_none());
        let state = slow.paging_state().unwrap();
        let mut rows = stream(&bed, StreamOptions::new().resume_from(state));
        assert_eq!(rows.next().await.unwrap().unwrap().0, 1);
        bed.hang_up().await;
        bed.at_rest().await;
    }
}

#[tokio::test]
async fn a_stream_of_a_closed_session_says_so() {
    for prefetch in [0, 1] {
        let bed = Bed::make(1).await;
        Result::of(100).serve(&bed.cluster);
        let mut rows = stream(&bed, StreamOptions::new().prefetch(prefetch));
        rows.next().await.unwrap().unwrap();
        // A stream that nobody polls holds up nobody.
        let started = Instant::now();
        bed.session.close(PATIENCE).await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(2));
        let mut kinds = Vec::new();
        while let Some(row) = rows.next().await {
            kinds.extend(row.err().map(|error| error.kind()));
        }
        assert_eq!(kinds, [ErrorKind::Closed]);
        let sent = bed.frames().len();
        let mut fresh = stream(&bed, StreamOptions::new().prefetch(prefetch));
        assert_eq!(fresh.next().await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(bed.frames().len(), sent);
    }
}

/// Cancels a stream while it starts the task that reads ahead: that task takes over the span of its maker, and this is asked for it.
struct CancelMeanwhile(StreamHandle);

impl Subscriber for CancelMeanwhile {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn current_span(&self) -> Current {
        self.0.cancel();
        Current::none()
    }
}

#[tokio::test]
async fn a_cancel_while_reading_ahead_begins_is_an_end_and_no_error() {
    let bed = Bed::make(1).await;
    Result::of(100).serve(&bed.cluster);
    let mut rows = stream(&bed, StreamOptions::new().prefetch(1));
    let subscriber = tracing::subscriber::set_default(CancelMeanwhile(rows.handle()));
    let next = rows.next().await;
    drop(subscriber);
    assert!(rows.handle().is_cancelled());
    assert!(next.is_none(), "{next:?}");
    assert!(rows.paging_state().unwrap().is_start());
    bed.at_rest().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_at_any_moment_is_an_end_and_no_error() {
    let bed = Bed::make(1).await;
    Result::of(20).serve(&bed.cluster);
    for turn in 0..1_000 {
        let mut rows = stream(&bed, StreamOptions::new().prefetch(1));
        let handle = rows.handle();
        let cancel = tokio::task::spawn_blocking(move || {
            for _ in 0..(turn % 100) * 100 {
                std::hint::spin_loop();
            }
            handle.cancel();
        });
        while let Some(row) = rows.next().await {
            assert!(row.is_ok(), "turn {turn}: {row:?}");
        }
        cancel.await.unwrap();
    }
    until("all tasks that read ahead have ended", || {
        bed.session.running() == 0
    })
    .await;
    bed.at_rest().await;
}
