//! Waits have an end, and cost nothing while they last.

use std::future::Future;
use std::task::Poll;

use tokio::time::{Instant, advance, sleep};
use tower_cassandra_layers::classify::Stop;
use tower_cassandra_layers::request::OwnLimit;
use tower_cassandra_layers::{Applied, Limit};
use tower_service::Service;

use crate::Cell::{self, Beside, Kept};
use crate::by_hand::Task;
use crate::probe::{Act, Probe, Readiness};
use crate::readiness::{back_off, call};
use crate::subject::{Boxed, DELAY, Subject, Value};
use crate::support::{ms, read, send, start};

pub(crate) async fn a_wait_ends_at_the_deadline(subject: Subject) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    let soon = || read().with_deadline(Instant::now() + ms(50));
    if matches!(subject, Subject::Call | Subject::Attempt | Subject::Stack) {
        probe.next([Act::Hold]);
        let started = Instant::now();
        let error = send(&mut service, soon()).await.unwrap_err();
        assert_eq!(
            (error.elapsed().limit(), error.elapsed().applied()),
            (Limit::Deadline, Applied::Maybe)
        );
        assert_eq!(started.elapsed(), ms(50));
    }
    if subject.waits() {
        probe.next([Act::Hold]);
        let mut first = call(&mut service);
        assert!(first.poll().is_pending());
        let (started, calls) = (Instant::now(), probe.calls());
        let error = send(&mut service, soon()).await.unwrap_err();
        assert_eq!(error.elapsed().applied(), Applied::No);
        assert!(started.elapsed() <= ms(50));
        assert_eq!(probe.calls(), calls);
        drop(first);
        never_ready(&value, &mut service, &probe).await;
    }
    if subject.retries() {
        // No pause is begun that ends too late.
        probe.next([back_off()]);
        let request = read().with_deadline(Instant::now() + ms(10));
        let started = Instant::now();
        let error = send(&mut service, request).await.unwrap_err();
        assert_eq!(
            (error.stop, started.elapsed()),
            (Some(Stop::NoTimeLeft(Limit::Deadline)), ms(0))
        );
        // Getting ready for the next attempt is a wait, too.
        probe.next([back_off()]);
        let mut called = Box::pin(start(&mut service, soon()).await);
        assert!(crate::support::poll_once(&mut called).is_pending());
        probe.usually_ready(Readiness::Never);
        let started = Instant::now();
        let error = called.await.unwrap_err();
        assert_eq!(
            (error.stop, error.history.len(), error.finished),
            (Some(Stop::NoTimeLeft(Limit::Deadline)), 1, 1)
        );
        assert_eq!(started.elapsed(), ms(50));
        probe.usually_ready(Readiness::Yes);
    }
    if matches!(
        subject,
        Subject::Hedge | Subject::Balance | Subject::Metrics | Subject::AttemptMetrics | Subject::CatchPanic
    ) {
        return Beside;
    }
    advance(ms(100)).await;
    value.assert_usable(&mut service, &probe).await;
    Kept
}

/// Waiting for the inner service, after admission, is a wait, too.
async fn never_ready(value: &Value, service: &mut Boxed, probe: &Probe) {
    let soon = || read().with_deadline(Instant::now() + ms(50));
    advance(ms(100)).await;
    let calls = probe.calls();
    probe.usually_ready(Readiness::Never);
    let started = Instant::now();
    let error = send(service, soon()).await.unwrap_err();
    let elapsed = error.elapsed();
    assert_eq!(
        (elapsed.limit(), elapsed.applied()),
        (Limit::Deadline, Applied::No)
    );
    assert_eq!((started.elapsed(), probe.calls()), (ms(50), calls));
    assert_eq!(elapsed.waited(), ms(50));
    value.assert_at_rest(probe);
    // It gets ready when nobody would wait for the answer any more.
    advance(ms(100)).await;
    let mut late = Task::new(service.call(soon()));
    assert!(late.poll().is_pending());
    advance(ms(60)).await;
    probe.usually_ready(Readiness::Yes);
    match late.poll() {
        Poll::Ready(result) => assert_eq!(result.unwrap_err().elapsed().applied(), Applied::No),
        Poll::Pending => panic!("it waits on"),
    }
    assert_eq!(probe.calls(), calls);
}

pub(crate) async fn what_is_late_is_not_sent(subject: Subject) -> Cell {
    if !subject.waits() && !matches!(subject, Subject::Call | Subject::Attempt) {
        return Beside;
    }
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    let now = Instant::now();
    let mut late = vec![read().with_deadline(now)];
    match subject {
        Subject::Call | Subject::Stack => late.push(read().with_call_limit(OwnLimit::Of(ms(0)))),
        Subject::Attempt => late.push(read().with_attempt_limit(OwnLimit::Of(ms(0)))),
        _ => {}
    }
    for request in late {
        let error = send(&mut service, request).await.unwrap_err();
        assert_eq!(error.elapsed().applied(), Applied::No);
        assert_eq!(probe.calls(), 0);
    }
    // A layer that passes readiness on still has it.
    assert_eq!(probe.reserved(), usize::from(!subject.waits()));
    send(&mut service, read()).await.unwrap();
    value.assert_at_rest(&probe);
    Kept
}

pub(crate) async fn pending_is_not_polled_in_a_loop(subject: Subject) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let service = value.lay(&probe);
    // Long enough for a timer that fires over and over, and within every limit.
    let later = |probe: &Probe| {
        let probe = probe.clone();
        tokio::spawn(async move {
            sleep(ms(400)).await;
            while probe.release(0, Ok(())) {}
        })
    };
    // On the leaf, and where there is a queue, there.
    let holders = if subject.waits() { 2 } else { 1 };
    probe.next(vec![Act::Hold; holders]);
    let releasing = later(&probe);
    let mut tasks = Vec::new();
    for _ in 0..holders {
        let mut called = service.clone();
        let called = start(&mut called, read()).await;
        tasks.push(tokio::spawn(counted(called)));
    }
    releasing.await.unwrap();
    if subject.waits() {
        sleep(ms(1)).await;
        while probe.release(0, Ok(())) {}
    }
    let mut polls = Vec::new();
    for task in tasks {
        let (count, result) = task.await.unwrap();
        result.unwrap();
        polls.push(count);
    }
    assert!(polls.iter().all(|polls| *polls <= 4), "{polls:?} polls");
    if subject.retries() {
        probe.next([back_off(), back_off()]);
        let mut service = service.clone();
        let (polls, result) = counted(start(&mut service, read()).await).await;
        result.unwrap();
        assert!(polls <= 4, "{polls} polls for two pauses");
    }
    assert!(probe.polls() <= 10, "{} polls of the leaf", probe.polls());
    value.assert_at_rest(&probe);
    Kept
}

/// How often it was polled, with its result.
pub(crate) async fn counted<F: Future>(future: F) -> (usize, F::Output) {
    let mut future = std::pin::pin!(future);
    let mut polls = 0;
    let result = std::future::poll_fn(|cx| {
        polls += 1;
        assert!(polls < 1_000, "it is polled in a loop");
        future.as_mut().poll(cx)
    })
    .await;
    (polls, result)
}

pub(crate) async fn the_newest_waker_is_woken(subject: Subject) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    probe.usually(Act::Hold);
    let mut first = call(&mut service);
    assert!(first.poll().is_pending());
    let mut first = first.moved();
    assert!(first.poll().is_pending());
    if subject.waits() {
        let mut second = call(&mut service);
        assert!(second.poll().is_pending());
        let mut second = second.moved();
        assert!(second.poll().is_pending());
        probe.release(0, Ok(()));
        assert!(first.wakes() > 0, "the leaf");
        assert!(first.poll().is_ready());
        advance(ms(100)).await;
        assert!(second.wakes() > 0, "the queue");
        assert!(second.poll().is_pending());
        probe.release(0, Ok(()));
        assert!(matches!(second.poll(), Poll::Ready(Ok(_))));
        advance(ms(100)).await;
    } else if subject.hedges() {
        advance(DELAY).await;
        assert!(first.wakes() > 0, "the delay");
        assert!(first.poll().is_pending());
        let mut moved = first.moved();
        assert!(moved.poll().is_pending());
        probe.release(1, Ok(()));
        assert!(moved.wakes() > 0, "the second leaf");
        assert!(matches!(moved.poll(), Poll::Ready(Ok(_))));
        first = moved;
    } else {
        probe.release(0, Ok(()));
        assert!(first.wakes() > 0, "the leaf");
        assert!(matches!(first.poll(), Poll::Ready(Ok(_))));
    }
    drop(first);
    probe.usually(Act::Answer);
    value.assert_usable(&mut service, &probe).await;
    Kept
}
