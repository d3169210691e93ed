//! A panic of the inner service takes nothing with it that others need.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use tokio::time::advance;
use tower_service::Service;

use crate::Cell::{self, Kept};
use crate::by_hand::Task;
use crate::probe::{Act, Probe, Readiness};
use crate::readiness::call;
use crate::subject::{Boxed, DELAY, Subject};
use crate::support::{Kind, ms, read};

/// One call of a service whose inner one panics: an error where panics are caught, a panic elsewhere.
async fn panics(subject: Subject, prepare: impl Fn(&Probe)) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    for _ in 0..3 {
        prepare(&probe);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let ready = service.poll_ready(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(ready, Poll::Ready(Ok(()))), "not ready");
            let mut called = Task::new(service.call(read()));
            (called.poll(), called)
        }));
        match caught {
            Ok((Poll::Ready(result), _called)) => {
                let error = result.unwrap_err();
                assert!(subject.catches(), "{error:?}");
                let planned = |text: &str| text.starts_with("planned");
                assert!(
                    matches!(&error.kind, Kind::Panicked(it) if planned(it.message())),
                    "{error}"
                );
                assert_eq!(probe.alive(), 0, "what has panicked is dropped at once");
            }
            Ok((Poll::Pending, _)) => panic!("it hangs"),
            Err(_) => assert!(!subject.catches(), "the panic was not caught"),
        }
        value.assert_at_rest(&probe);
        advance(ms(100)).await;
    }
    if subject.waits() {
        // After a wait: the permit or the turn of the one that panics is not lost.
        for _ in 0..3 {
            after_a_wait(subject, &probe, &mut service, &prepare).await;
            value.assert_at_rest(&probe);
            advance(ms(100)).await;
        }
    }
    if subject.hedges() {
        // That of a second attempt takes the first one with it.
        for _ in 0..3 {
            probe.next([Act::Hold]);
            let mut called = call(&mut service);
            assert!(called.poll().is_pending());
            prepare(&probe);
            advance(DELAY).await;
            assert!(catch_unwind(AssertUnwindSafe(|| called.poll())).is_err());
            drop(called);
            value.assert_at_rest(&probe);
        }
    }
    value.assert_usable(&mut service, &probe).await;
    Kept
}

/// One request holds what there is; the next one waits for it, and then its inner service panics.
async fn after_a_wait(subject: Subject, probe: &Probe, service: &mut Boxed, prepare: &impl Fn(&Probe)) {
    probe.next([Act::Hold]);
    let mut first = call(service);
    assert!(first.poll().is_pending());
    let mut second = call(service);
    assert!(second.poll().is_pending(), "it does not wait");
    let calls = probe.calls();
    prepare(probe);
    assert!(probe.release(0, Ok(())));
    assert!(matches!(first.poll(), Poll::Ready(Ok(_))));
    // The next turn of the rate.
    advance(ms(100)).await;
    match catch_unwind(AssertUnwindSafe(|| second.poll())) {
        Ok(Poll::Ready(result)) => assert!(subject.catches() && result.is_err()),
        Ok(Poll::Pending) => panic!("it still waits"),
        Err(_) => assert!(!subject.catches(), "the panic was not caught"),
    }
    assert!(probe.calls() <= calls + 1);
}

pub(crate) async fn a_panic_in_call(subject: Subject) -> Cell {
    panics(subject, |probe| {
        probe.next([Act::PanicInCall]);
    })
    .await
}

pub(crate) async fn a_panic_in_polling(subject: Subject) -> Cell {
    panics(subject, |probe| {
        probe.next([Act::PanicWhenPolled]);
    })
    .await
}

pub(crate) async fn a_panic_in_poll_ready(subject: Subject) -> Cell {
    panics(subject, |probe| {
        probe.next_ready([Readiness::Panics]);
    })
    .await
}
