//! Who is polled ready, who is called, and what becomes of readiness that is not used.

use std::task::{Context, Poll, Waker};

use tokio::time::advance;
use tower_cassandra_layers::classify::Stop;
use tower_cassandra_layers::{Advice, Applied};
use tower_service::Service;

use crate::Cell::{self, Kept};
use crate::by_hand::Task;
use crate::probe::{Act, Probe, Readiness};
use crate::subject::{Boxed, Called, DELAY, Subject};
use crate::support::{Error, Kind, fails, ms, read, send};

pub(crate) fn poll_ready(service: &mut Boxed) -> Poll<Result<(), Error>> {
    service.poll_ready(&mut Context::from_waker(Waker::noop()))
}

/// Ready, and called.
pub(crate) fn call(service: &mut Boxed) -> Called {
    assert!(matches!(poll_ready(service), Poll::Ready(Ok(()))), "not ready");
    Task::new(service.call(read()))
}

/// A failure after which a pause is made and any node may be asked.
pub(crate) fn back_off() -> Act {
    Act::Fail(fails(Applied::No, Advice::Backoff))
}

pub(crate) async fn only_what_was_polled_ready_is_called(subject: Subject) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    for _ in 0..3 {
        send(&mut service, read()).await.unwrap();
        send(&mut service.clone(), read()).await.unwrap();
    }
    if subject.retries() {
        probe.next([back_off(), back_off()]);
        send(&mut service, read()).await.unwrap();
        assert_eq!(probe.calls(), 9);
    }
    if subject.hedges() {
        probe.next([Act::Hold]);
        let mut called = call(&mut service);
        assert!(called.poll().is_pending());
        advance(DELAY).await;
        assert!(
            matches!(called.poll(), Poll::Ready(Ok(_))),
            "the second one answers"
        );
        assert_eq!(probe.calls(), 8);
    }
    value.assert_usable(&mut service, &probe).await;
    Kept
}

pub(crate) async fn the_clone_is_not_called_for_the_original(subject: Subject) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let mut original = value.lay(&probe);
    assert!(poll_ready(&mut original).is_ready());
    let mut copy = original.clone();
    assert!(Task::new(original.call(read())).poll().is_ready());
    advance(ms(100)).await;
    assert!(call(&mut copy).poll().is_ready());
    advance(ms(100)).await;
    assert!(call(&mut original).poll().is_ready());
    drop((original, copy));
    value.assert_at_rest(&probe);
    Kept
}

pub(crate) async fn readiness_is_given_back_when_it_is_not_used(subject: Subject) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    assert!(poll_ready(&mut service).is_ready());
    assert!(poll_ready(&mut service).is_ready());
    let idle = usize::from(!subject.waits());
    assert_eq!(
        probe.reserved(),
        idle,
        "an idle handle of a layer that waits holds nothing"
    );
    let copy = service.clone();
    assert_eq!(
        probe.reserved(),
        idle,
        "a clone is not ready because the original is"
    );
    drop(service);
    value.assert_at_rest(&probe);
    // Taken over by a call that is dropped.
    let mut copy = copy;
    drop(call(&mut copy));
    value.assert_usable(&mut copy, &probe).await;
    Kept
}

pub(crate) async fn an_error_of_poll_ready_is_passed_on(subject: Subject) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    let broken = || fails(Applied::No, Advice::Never);
    probe.next_ready([Readiness::Fails(broken())]);
    let error = if subject.waits() {
        let mut called = call(&mut service);
        match called.poll() {
            Poll::Ready(result) => result.unwrap_err(),
            Poll::Pending => panic!("it waits for a service that has failed"),
        }
    } else {
        match poll_ready(&mut service) {
            Poll::Ready(result) => result.unwrap_err(),
            Poll::Pending => panic!("it waits for a service that has failed"),
        }
    };
    assert!(matches!(error.kind, Kind::Scripted(..)), "{error:?}");
    assert_eq!(probe.calls(), 0);
    if subject.retries() {
        // Between two attempts: the call ends with it, and with the history of the attempt that was made.
        probe.next([back_off()]);
        probe.next_ready([Readiness::Yes, Readiness::Fails(broken())]);
        let error = send(&mut service, read()).await.unwrap_err();
        assert_eq!((error.history.len(), error.finished, probe.calls()), (2, 1, 1));
        assert_eq!(error.stop, Some(Stop::NotRetryable));
    }
    if subject.hedges() {
        // The first attempt goes on.
        probe.next([Act::Hold]);
        let mut called = call(&mut service);
        assert!(called.poll().is_pending());
        probe.next_ready([Readiness::Fails(broken())]);
        advance(DELAY).await;
        assert!(called.poll().is_pending());
        assert_eq!(probe.calls(), 1);
        probe.release(0, Ok(()));
        assert!(matches!(called.poll(), Poll::Ready(Ok(_))));
    }
    // The rate of the one that failed is used.
    advance(ms(100)).await;
    // What failed before it was called is no attempt.
    value.assert_usable(&mut service, &probe).await;
    Kept
}

pub(crate) async fn poll_ready_has_no_errors_of_its_own(subject: Subject) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let service = value.lay(&probe);
    // More than any limit, queue or node takes.
    probe.usually(Act::Hold);
    let (mut waiting, mut refused) = (Vec::new(), 0);
    for _ in 0..20 {
        let mut service = service.clone();
        // Asserts that it is ready.
        let mut called = call(&mut service);
        match called.poll() {
            Poll::Pending => waiting.push(called),
            Poll::Ready(result) => {
                let error = result.unwrap_err();
                assert!(matches!(error.kind, Kind::Rejected(_)), "{error:?}");
                refused += 1;
            }
        }
    }
    assert_eq!(
        refused,
        match subject {
            Subject::Concurrency | Subject::Rate | Subject::Stack => 17,
            Subject::Balance => 4,
            _ => 0,
        }
    );
    drop(waiting);
    value.assert_at_rest(&probe);
    if subject == Subject::Retry {
        // The budget allows two.
        probe.usually(back_off());
        for (calls, stop) in [(3, Stop::BudgetExhausted), (1, Stop::BudgetExhausted)] {
            let before = probe.calls();
            let error = send(&mut service.clone(), read()).await.unwrap_err();
            assert_eq!((probe.calls() - before, error.stop), (calls, Some(stop)));
        }
        assert!(poll_ready(&mut service.clone()).is_ready());
    }
    Kept
}

pub(crate) async fn an_inner_service_that_is_never_ready_is_waited_for(subject: Subject) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    probe.usually_ready(Readiness::Never);
    if !subject.waits() {
        let mut asked = Task::new(std::future::poll_fn(|cx| service.poll_ready(cx)));
        assert!(asked.poll().is_pending());
        advance(ms(10_000)).await;
        assert_eq!(
            (asked.wakes(), probe.asked()),
            (0, 1),
            "there was nothing to ask for"
        );
        probe.usually_ready(Readiness::Yes);
        assert_eq!(asked.wakes(), 1, "its waker reached the inner service");
        assert!(matches!(asked.poll(), Poll::Ready(Ok(()))));
        drop(asked);
        drop(service);
        value.assert_at_rest(&probe);
        return Kept;
    }
    let mut called = call(&mut service);
    assert!(called.poll().is_pending());
    advance(ms(10)).await;
    // Once when it was called, and once by the task that waits.
    assert_eq!((called.wakes(), probe.asked(), probe.calls()), (0, 2, 0));
    probe.usually_ready(Readiness::Yes);
    assert_eq!(called.wakes(), 1, "its waker reached the inner service");
    assert!(matches!(called.poll(), Poll::Ready(Ok(_))));
    // Like those of tower, a future that has ended may keep the inner one until it is dropped.
    drop(called);
    advance(ms(100)).await;
    value.assert_usable(&mut service, &probe).await;
    Kept
}
