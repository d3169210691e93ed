//! Tower's contract, as one matrix: every layer, and the stack of all of them, in every case.
//!
//! ```text
//! cargo test -p tower-cassandra-layers --test contract -- --nocapture
//! ```
//! prints it. That each case can fail is shown by `layers/tests/mutants.sh`.

mod differential;
mod dropping;
mod failing;
mod readiness;
mod sharing;
mod subject;
mod waiting;

#[path = "../limit/support.rs"]
#[allow(dead_code, reason = "the task and the random numbers are used here")]
mod by_hand;
#[path = "../support/probe/mod.rs"]
mod probe;
#[path = "../metrics/support.rs"]
#[allow(dead_code, reason = "only the recorder is used here")]
mod recorder;
#[path = "../support/stack.rs"]
mod stack;
#[path = "../support/mod.rs"]
mod support;

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use subject::Subject;
use tokio::time::timeout;

/// What became of a case. Broken ones panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Kept,
    /// The layer has nothing to which the case applies.
    Beside,
}

/// On a paused clock: nothing in a case takes so long.
const HANGS: Duration = Duration::from_secs(3_600);

/// Runs on a paused clock.
type Case = fn(Subject) -> Pin<Box<dyn Future<Output = Cell>>>;

macro_rules! cases {
    ($($module:ident::$case:ident)*) => {
        &[$((stringify!($case), |subject| Box::pin($module::$case(subject)))),*]
    };
}

const CASES: &[(&str, Case)] = cases![
    readiness::only_what_was_polled_ready_is_called
    readiness::the_clone_is_not_called_for_the_original
    readiness::readiness_is_given_back_when_it_is_not_used
    readiness::an_error_of_poll_ready_is_passed_on
    readiness::poll_ready_has_no_errors_of_its_own
    readiness::an_inner_service_that_is_never_ready_is_waited_for
    dropping::before_the_first_poll
    dropping::after_the_first_poll
    dropping::in_the_queue
    dropping::in_the_back_off
    dropping::while_getting_ready
    failing::a_panic_in_call
    failing::a_panic_in_polling
    failing::a_panic_in_poll_ready
    waiting::a_wait_ends_at_the_deadline
    waiting::what_is_late_is_not_sent
    waiting::pending_is_not_polled_in_a_loop
    waiting::the_newest_waker_is_woken
    sharing::one_value_shares_and_two_do_not
    sharing::service_and_future_go_anywhere
];

static BROKEN: Mutex<String> = Mutex::new(String::new());

/// The text of a panic and its place are kept for the end; planned ones are not shown. Those of other tests are.
fn keep_panics() {
    let (this, usual) = (std::thread::current().id(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() != this {
            return usual(info);
        }
        let text = info
            .payload()
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| info.payload().downcast_ref::<&str>().map(|&text| text.into()))
            .unwrap_or_default();
        if !text.starts_with("planned") {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            *BROKEN.lock().unwrap_or_else(PoisonError::into_inner) = format!("{text} ({place})");
        }
    }));
}

fn run(case: Case, subject: Subject) -> Result<Cell, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(async {
                let mut case = std::pin::pin!(timeout(HANGS, case(subject)));
                let mut polls = 0;
                let ended = std::future::poll_fn(|cx| {
                    polls += 1;
                    assert!(polls < 10_000, "it is polled in a loop");
                    case.as_mut().poll(cx)
                });
                ended.await.expect("it hangs")
            })
    }))
}

#[test]
fn every_layer_keeps_the_contract_in_every_case() {
    keep_panics();
    let mut broken = Vec::new();
    let mut page = format!("{:50}", "");
    for subject in Subject::ALL {
        page += &format!("{:>17}", subject.name());
    }
    for (name, case) in CASES {
        page += &format!("\n{:50}", name.replace('_', " "));
        for subject in Subject::ALL {
            let cell = match run(*case, subject) {
                Ok(Cell::Kept) => "ok",
                Ok(Cell::Beside) => "-",
                Err(_) => {
                    let why = BROKEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    broken.push(format!("{name}, {}: {why}", subject.name()));
                    "BROKEN"
                }
            };
            page += &format!("{cell:>17}");
        }
    }
    let _ = std::panic::take_hook();
    println!("{page}");
    assert!(broken.is_empty(), "\n{page}\n\n{}", broken.join("\n"));
}
