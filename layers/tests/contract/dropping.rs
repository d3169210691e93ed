//! A future that is dropped, wherever it is, leaves nothing behind.

use tokio::time::advance;

use crate::Cell::{self, Beside, Kept};
use crate::probe::{Act, Probe, Readiness};
use crate::readiness::{back_off, call};
use crate::subject::{DELAY, Subject};
use crate::support::ms;

pub(crate) async fn before_the_first_poll(subject: Subject) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    for _ in 0..5 {
        drop(call(&mut service));
        value.assert_at_rest(&probe);
    }
    // What has to wait is never called.
    assert!(probe.polls() == 0 && (subject != Subject::Rate || probe.calls() == 1));
    advance(ms(100)).await;
    value.assert_usable(&mut service, &probe).await;
    Kept
}

pub(crate) async fn after_the_first_poll(subject: Subject) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    for _ in 0..5 {
        probe.next([Act::Hold]);
        let mut called = call(&mut service);
        assert!(called.poll().is_pending());
        assert_eq!(probe.alive(), 1);
        if subject.hedges() {
            probe.next([Act::Hold]);
            advance(DELAY).await;
            assert!(called.poll().is_pending());
            assert_eq!(probe.alive(), 2);
        }
        drop(called);
        value.assert_at_rest(&probe);
        advance(ms(100)).await;
    }
    value.assert_usable(&mut service, &probe).await;
    Kept
}

pub(crate) async fn in_the_queue(subject: Subject) -> Cell {
    if !subject.waits() {
        return Beside;
    }
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    probe.usually(Act::Hold);
    let mut first = call(&mut service);
    assert!(first.poll().is_pending());
    // More often than the queue has places: each gives its own back.
    for _ in 0..5 {
        let mut queued = call(&mut service);
        assert!(queued.poll().is_pending());
        assert_eq!(probe.calls(), 1);
    }
    let mut second = call(&mut service);
    assert!(second.poll().is_pending());
    let mut third = call(&mut service);
    assert!(third.poll().is_pending());
    // The one in front goes, those behind move up.
    drop(second);
    probe.usually(Act::Answer).release(0, Ok(()));
    assert!(first.poll().is_ready());
    advance(ms(100)).await;
    assert!(third.wakes() > 0, "it has moved up");
    assert!(third.poll().is_ready());
    // What they had taken is free; the inner futures may last as long as they do.
    drop((first, third));
    advance(ms(100)).await;
    value.assert_usable(&mut service, &probe).await;
    Kept
}

pub(crate) async fn in_the_back_off(subject: Subject) -> Cell {
    if !subject.retries() {
        return Beside;
    }
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    for _ in 0..2 {
        probe.next([back_off()]);
        let mut called = call(&mut service);
        assert!(called.poll().is_pending());
        assert_eq!(
            (probe.alive(), probe.reserved()),
            (0, 0),
            "nothing is kept over the pause"
        );
        drop(called);
        value.assert_at_rest(&probe);
        advance(ms(100)).await;
    }
    assert_eq!(probe.calls(), 2);
    value.assert_usable(&mut service, &probe).await;
    Kept
}

pub(crate) async fn while_getting_ready(subject: Subject) -> Cell {
    if !subject.waits() && !subject.retries() && !subject.hedges() {
        return Beside;
    }
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    if subject.hedges() {
        probe.next([Act::Hold]);
        let mut called = call(&mut service);
        assert!(called.poll().is_pending());
        probe.usually_ready(Readiness::Never);
        advance(DELAY).await;
        assert!(called.poll().is_pending());
        assert_eq!(probe.calls(), 1);
        drop(called);
        value.assert_at_rest(&probe);
        probe.usually_ready(Readiness::Yes);
    }
    if subject.waits() {
        probe.usually_ready(Readiness::Never);
        let mut called = call(&mut service);
        assert!(called.poll().is_pending());
        drop(called);
        value.assert_at_rest(&probe);
        probe.usually_ready(Readiness::Yes);
        advance(ms(100)).await;
    }
    if subject.retries() {
        probe.next([back_off()]);
        let mut called = call(&mut service);
        assert!(called.poll().is_pending());
        probe.usually_ready(Readiness::Never);
        advance(ms(10)).await;
        assert!(called.poll().is_pending());
        assert_eq!(probe.calls(), 1);
        drop(called);
        value.assert_at_rest(&probe);
        probe.usually_ready(Readiness::Yes);
    }
    value.assert_usable(&mut service, &probe).await;
    Kept
}
