//! The task that keeps them, and its end.

use super::*;

#[tokio::test(start_paused = true)]
async fn stopping_drops_what_is_kept_and_keeps_nothing_more() {
    let mut rig = OneNode::new(HealthSettings::default(), after(ms(5_000)));
    rig.abandon();
    settle().await;
    rig.leaf.reaper.as_ref().unwrap().stop();
    settle().await;
    assert_eq!(rig.counts(), (0, 0, 0));
    rig.abandon();
    assert_eq!(rig.counts(), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_its_last_handle() {
    let mut rig = OneNode::new(HealthSettings::default(), after(ms(5_000)));
    let mut last = rig.call();
    assert!(poll_once(&mut last).is_pending());
    rig.abandon();
    let node = Arc::clone(&rig.node);
    drop(rig);
    settle().await;
    assert_eq!(
        (node.in_flight(), node.abandoned()),
        (2, 1),
        "the call is a handle too"
    );
    drop(last);
    settle().await;
    assert_eq!((node.in_flight(), node.abandoned()), (0, 0));
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_one_attempt_does_not_end_the_others() {
    let count = Arc::new(Mutex::new(0));
    let leaf = Leaf::new(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        let panics = *count == 1;
        async move {
            sleep(ms(if panics { 100 } else { 5_000 })).await;
            assert!(!panics, "as asked");
        }
    });
    let mut rig = OneNode::new(HealthSettings::default(), leaf);
    rig.abandon();
    rig.abandon();
    sleep(ms(200)).await;
    assert_eq!(rig.counts(), (1, 1, 0));
    rig.abandon();
    sleep(ms(4_900)).await;
    assert_eq!(rig.counts(), (1, 1, 0));
    sleep(ms(400)).await;
    assert_eq!(rig.counts(), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_its_own_ends_an_attempt_and_that_of_another_does_not() {
    let leaf = Leaf::new(|_| async { panic!("as asked") });
    let mut rig = OneNode::new(HealthSettings::default(), leaf);
    let mut call = rig.call();
    assert!(catch_unwind(AssertUnwindSafe(|| poll_once(&mut call))).is_err());
    drop(call);
    settle().await;
    assert_eq!(rig.counts(), (0, 0, 0));

    let mut rig = OneNode::new(HealthSettings::default(), after(ms(5_000)));
    let mut call = rig.call();
    assert!(poll_once(&mut call).is_pending());
    let other = AssertUnwindSafe(move || {
        let _call = call;
        panic!("as asked");
    });
    assert!(catch_unwind(other).is_err());
    assert_eq!(rig.counts(), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn without_an_endpoint_dropping_is_dropping() {
    let reaper = Reaper::spawn();
    let held = Arc::new(());
    let inside = Arc::clone(&held);
    let mut kept = reaper.keep(
        Box::pin(async move {
            sleep(ms(10)).await;
            drop(inside);
        }),
        None,
    );
    assert!(poll_once(&mut kept).is_pending());
    drop(kept);
    assert_eq!((Arc::strong_count(&held), reaper.dropped()), (1, 0));
}
