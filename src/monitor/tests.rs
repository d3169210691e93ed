//! Rounds and those who are told, without a cluster and with a clock that is stopped.

mod callbacks;

use std::future::{pending, ready};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::figures::ClusterHealth;
use super::hub::{Callback, Hub};
use super::running::rounds;
use crate::error::{Error, ErrorKind};

const SECOND: Duration = Duration::from_secs(1);

fn round(number: usize) -> ClusterHealth {
    ClusterHealth::new(Vec::new(), Some(number.to_string()), None)
}

fn number(health: &ClusterHealth) -> usize {
    health.cluster_name.as_ref().unwrap().parse().unwrap()
}

/// A hub whose rounds are numbered from 1, one in a second.
struct Rig {
    hub: Arc<Hub>,
    made: Arc<AtomicUsize>,
}

impl Rig {
    fn new() -> Self {
        Self {
            hub: Hub::new(),
            made: Arc::default(),
        }
    }

    fn start(&self) -> Result<u64, Error> {
        let (hub, made) = (Arc::clone(&self.hub), Arc::clone(&self.made));
        let look = move || ready(round(made.fetch_add(1, SeqCst) + 1));
        self.hub
            .start(rounds(|| SECOND, look, move |health| hub.publish(health)))
    }

    fn made(&self) -> usize {
        self.made.load(SeqCst)
    }

    /// Registers what is called with the number of each round.
    fn tell<F>(&self, callback: impl Fn(usize) -> F + Send + Sync + 'static) -> u64
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.try_tell(callback).unwrap()
    }

    fn try_tell<F>(&self, callback: impl Fn(usize) -> F + Send + Sync + 'static) -> Result<u64, Error>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let callback: Callback = Arc::new(move |health| Box::pin(callback(number(&health))));
        self.hub.register(callback)
    }

    /// Registers one that keeps the numbers.
    fn keep(&self) -> Arc<Mutex<Vec<usize>>> {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let by_callback = Arc::clone(&kept);
        self.tell(move |number| {
            by_callback.lock().unwrap().push(number);
            ready(())
        });
        kept
    }
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

fn kept(kept: &Mutex<Vec<usize>>) -> Vec<usize> {
    std::mem::take(&mut kept.lock().unwrap())
}

/// `count` rounds and a bit.
async fn after(count: u32) {
    sleep(SECOND * count).await;
}

async fn half() {
    sleep(SECOND / 2).await;
}

#[tokio::test(start_paused = true)]
async fn rounds_begin_at_once_and_come_in_the_interval_however_long_they_take() {
    for takes in [0, 400] {
        let started = Instant::now();
        let times = Mutex::new(Vec::new());
        let look = || async move {
            sleep(Duration::from_millis(takes)).await;
            round(0)
        };
        let tell = |_| times.lock().unwrap().push((Instant::now() - started).as_millis());
        let _ = tokio::time::timeout(SECOND * 3, rounds(|| SECOND, look, tell)).await;
        let takes = u128::from(takes);
        let expected = [takes, 1_000 + takes, 2_000 + takes];
        assert_eq!(times.lock().unwrap()[..3], expected);
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_every_task_and_it_can_start_again() {
    let rig = Rig::new();
    let told = rig.keep();
    rig.tell(|_| pending());
    let idle = tasks();
    let run = rig.start().unwrap();
    assert_eq!(tasks(), idle + 3);
    after(1).await;
    half().await;
    let mut ending = rig.hub.stop(run).unwrap();
    ending.shutdown().await;
    assert_eq!((tasks(), rig.hub.is_running()), (idle, false));
    after(5).await;
    assert_eq!((kept(&told), rig.made()), (vec![1, 2], 2));

    let second = rig.start().unwrap();
    assert!(
        rig.hub.stop(run).is_none(),
        "the handle of an earlier run ends nothing"
    );
    half().await;
    assert_eq!(kept(&told), [3]);
    drop(rig.hub.stop(second));
    half().await;
    assert_eq!(tasks(), idle, "dropping is enough");
}

#[tokio::test(start_paused = true)]
async fn a_second_start_is_refused_and_changes_nothing() {
    let rig = Rig::new();
    rig.start().unwrap();
    let before = tasks();
    let error = rig.start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(error.invalid_config().unwrap().option(), "monitor.start");
    assert_eq!(tasks(), before);
    after(1).await;
    half().await;
    assert_eq!(rig.made(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_session_ends_the_run_and_all_who_wait() {
    let rig = Rig::new();
    let told = rig.keep();
    let mut updates = rig.hub.updates();
    let idle = tasks();
    rig.start().unwrap();
    assert_eq!(number(&updates.next().await.unwrap()), 1);
    rig.hub.end();
    half().await;
    assert_eq!(tasks(), idle);
    assert!(updates.next().await.is_none());
    assert!(rig.hub.updates().next().await.is_none());
    assert_eq!(rig.start().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(Arc::strong_count(&told), 1, "callbacks are dropped");
}

#[tokio::test(start_paused = true)]
async fn a_reader_sees_the_newest_round_and_each_one_once() {
    let rig = Rig::new();
    let mut updates = rig.hub.updates();
    assert!(updates.latest().is_none());
    rig.start().unwrap();
    assert_eq!(number(&updates.next().await.unwrap()), 1);
    after(5).await;
    half().await;
    assert_eq!(number(&updates.latest().unwrap()), 6);
    assert_eq!(number(&updates.next().await.unwrap()), 6);
    let waited = Instant::now();
    assert_eq!(number(&updates.next().await.unwrap()), 7);
    assert!(waited.elapsed() > Duration::ZERO);
}

#[test]
fn outside_of_a_runtime_it_is_an_error() {
    let rig = Rig::new();
    assert_eq!(rig.start().unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(!rig.hub.is_running());
}
