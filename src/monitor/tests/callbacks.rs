//! Those who are told: all of them, each by itself, and as many as there may be.

use super::*;
use crate::monitor::hub::CALLBACKS;

#[tokio::test(start_paused = true)]
async fn each_callback_is_told_every_round_whether_it_came_before_the_start_or_after() {
    let rig = Rig::new();
    let before = rig.keep();
    rig.start().unwrap();
    after(2).await;
    half().await;
    let later = rig.keep();
    after(2).await;
    assert_eq!(kept(&before), [1, 2, 3, 4, 5]);
    assert_eq!(kept(&later), [4, 5], "not what was before it came");
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_panics_harms_nobody_and_is_called_again() {
    let rig = Rig::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    rig.tell(move |_| {
        count.fetch_add(1, SeqCst);
        assert_eq!(1, 2, "as it should, before there is a future");
        ready(())
    });
    rig.tell(|number| async move { assert_eq!(number, 0, "as it should, in the future") });
    let good = rig.keep();
    rig.start().unwrap();
    after(2).await;
    half().await;
    assert_eq!(kept(&good), [1, 2, 3]);
    assert_eq!((calls.load(SeqCst), rig.hub.panics()), (3, 6));
}

#[tokio::test(start_paused = true)]
async fn a_slow_callback_skips_rounds_and_piles_up_nothing() {
    let rig = Rig::new();
    let (running, most, told) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        rig.keep(),
    );
    let slow = Arc::new(Mutex::new(Vec::new()));
    let (now, peak, by_callback) = (Arc::clone(&running), Arc::clone(&most), Arc::clone(&slow));
    rig.tell(move |number| {
        let (now, peak, told) = (Arc::clone(&now), Arc::clone(&peak), Arc::clone(&by_callback));
        async move {
            peak.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            told.lock().unwrap().push(number);
            sleep(SECOND * 18 / 5).await;
            now.fetch_sub(1, SeqCst);
        }
    });
    // One that never comes back.
    rig.tell(|_| pending());
    rig.start().unwrap();
    let before = tasks();
    after(10).await;
    sleep(SECOND * 9 / 10).await;
    assert_eq!(kept(&told), (1..=11).collect::<Vec<_>>());
    assert_eq!(rig.made(), 11, "the rounds do not wait");
    // It gets the newest when it is ready, not the oldest.
    assert_eq!((kept(&slow), most.load(SeqCst)), (vec![1, 4, 8, 11], 1));
    assert_eq!(tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn a_callback_can_be_taken_away_and_there_is_a_bound() {
    let rig = Rig::new();
    let told = rig.keep();
    let stuck = rig.tell(|_| pending());
    let idle = tasks();
    rig.start().unwrap();
    half().await;
    rig.hub.remove(stuck);
    half().await;
    assert_eq!(tasks(), idle + 2);
    for _ in 1..CALLBACKS {
        rig.tell(|_| ready(()));
    }
    let error = rig.try_tell(|_| ready(())).unwrap_err();
    assert_eq!(error.invalid_config().unwrap().option(), "monitor.on_update");
    after(1).await;
    assert!(kept(&told).len() >= 2);
}

/// Asks the monitor when it is dropped, as a guard of the user's may.
struct Asks(Arc<Hub>, std::sync::mpsc::Sender<bool>);

impl Drop for Asks {
    fn drop(&mut self) {
        let _ = self.1.send(self.0.is_running());
    }
}

#[test]
fn a_callback_that_asks_the_monitor_while_it_is_dropped_does_not_hang() {
    let rig = Rig::new();
    let (sender, dropped) = std::sync::mpsc::channel();
    let asks = Asks(Arc::clone(&rig.hub), sender);
    let id = rig.tell(move |_| {
        let _ = &asks;
        ready(())
    });
    // On a thread of its own: it would hang there, and not the test.
    let hub = Arc::clone(&rig.hub);
    std::thread::spawn(move || hub.remove(id));
    assert_eq!(dropped.recv_timeout(SECOND * 60), Ok(false));
}
