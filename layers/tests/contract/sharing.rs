//! What one value of a layer shares, and two do not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use crate::Cell::{self, Kept};
use crate::probe::{Act, Probe, Readiness};
use crate::readiness::{back_off, call, poll_ready};
use crate::subject::{Called, DELAY, Subject, Value};
use crate::support::{read, send};

/// Sends eight calls through two services of one value and through a clone of each; none of them is answered, as if all
/// stood at a barrier. How many have come so far?
fn at_the_barrier(value: &Value, probe: &Probe) -> (usize, Vec<Called>) {
    probe.usually(Act::Hold);
    let (mut one, mut two) = (value.lay(probe), value.lay(probe));
    let (mut three, mut four) = (one.clone(), two.clone());
    let before = probe.alive();
    let mut calls: Vec<Called> = Vec::new();
    for service in [&mut one, &mut two, &mut three, &mut four] {
        for _ in 0..2 {
            let mut called = call(service);
            let _ = called.poll();
            calls.push(called);
        }
    }
    (probe.alive() - before, calls)
}

pub(crate) async fn one_value_shares_and_two_do_not(subject: Subject) -> Cell {
    let (value, other, probe) = (subject.value(), subject.value(), Probe::new());
    let expected = if subject.waits() { 1 } else { 8 };
    let (through, mut calls) = at_the_barrier(&value, &probe);
    assert_eq!(through, expected, "one value is one limit");
    match subject {
        Subject::Metrics => assert_eq!(value.level(&probe), 16.0),
        Subject::Balance => assert_eq!(value.level(&probe), 8.0),
        _ => {}
    }
    let apart = Probe::new();
    other.assert_at_rest(&apart);
    let (through, mut others) = at_the_barrier(&other, &apart);
    assert_eq!(through, expected, "another value is another limit");
    if subject.hedges() {
        // All eight are due, and three are saved, whichever service they go through.
        tokio::time::advance(DELAY).await;
        for (calls, probe) in [(&mut calls, &probe), (&mut others, &apart)] {
            assert!(calls.iter_mut().all(|called| called.poll().is_pending()));
            assert_eq!(probe.alive(), 8 + 3);
        }
    }
    drop((calls, others));
    value.assert_at_rest(&probe);
    other.assert_at_rest(&apart);
    if subject == Subject::Retry {
        // The budget allows two retries, whichever service makes them.
        probe.usually(back_off());
        let before = probe.calls();
        for mut service in [value.lay(&probe), value.lay(&probe), value.lay(&probe).clone()] {
            send(&mut service, read()).await.unwrap_err();
        }
        assert_eq!(probe.calls() - before, 3 + 2);
        apart.usually(back_off());
        let before = apart.calls();
        send(&mut other.lay(&apart), read()).await.unwrap_err();
        assert_eq!(apart.calls() - before, 1 + 2);
    }
    if subject == Subject::CatchPanic {
        // A panic in getting ready is that of one instance.
        probe.usually(Act::Answer).next_ready([Readiness::Panics]);
        let mut service = value.lay(&probe);
        assert!(poll_ready(&mut service).is_ready());
        let mut copy = service.clone();
        assert!(matches!(call(&mut copy).poll(), Poll::Ready(Ok(_))));
        assert!(matches!(call(&mut service).poll(), Poll::Ready(Err(_))));
        value.assert_usable(&mut service, &probe).await;
    }
    Kept
}

/// That it compiles is the better part of it: a `Value` is made only of what is `Send`, `Sync` and `'static`, and so are
/// its futures, around a response that is not `Sync`.
pub(crate) async fn service_and_future_go_anywhere(subject: Subject) -> Cell {
    let (value, probe) = (subject.value(), Probe::new());
    let mut service = value.lay(&probe);
    let thread = std::thread::spawn(move || {
        let mut called = call(&mut service);
        // Some waits need the runtime's timer; these calls do not wait.
        let result = catch_unwind(AssertUnwindSafe(|| called.poll()));
        (service, matches!(result, Ok(Poll::Ready(Ok(_)))))
    });
    let (mut service, answered) = thread.join().unwrap();
    assert!(answered);
    tokio::time::advance(crate::support::ms(100)).await;
    value.assert_usable(&mut service, &probe).await;
    Kept
}
