use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

use tower_cassandra_layers::classify::Applied;

use super::*;
use crate::error::ErrorKind;
use crate::statement::Statement;

/// An attempt that ends at once: there is no driver.
fn order() -> Order {
    Order {
        driver: None,
        statement: Statement::new("SELECT a FROM t"),
        ticket: None,
    }
}

fn kept() -> usize {
    EMPTY.with_borrow(Vec::len)
}

fn poll<F: Future + Unpin>(mut future: F) -> Poll<F::Output> {
    Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop()))
}

fn in_room<F>(make: impl Fn(Order) -> F + Send + 'static) -> Housed
where
    F: Future<Output = Result<Response, Error>> + Send + 'static,
{
    let mut room = build(make);
    room.as_mut().begin(order());
    Housed(Some(room))
}

#[test]
fn the_next_attempt_has_the_room_of_the_last_one() {
    for _ in 0..3 {
        let mut attempt = Housed::begin(order());
        assert_eq!(kept(), 0);
        let Poll::Ready(Err(error)) = poll(&mut attempt) else {
            panic!("without a driver it fails at once");
        };
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Closed, Applied::No));
        drop(attempt);
        assert_eq!(kept(), 1);
    }
}

#[test]
fn a_thread_keeps_no_more_rooms_than_it_may() {
    let attempts: Vec<_> = (0..2 * KEPT).map(|_| Housed::begin(order())).collect();
    drop(attempts);
    assert_eq!(kept(), KEPT);
}

#[test]
fn what_was_dropped_before_its_end_leaves_nothing_in_the_room() {
    let held = Arc::new(());
    let attempt = in_room({
        let held = Arc::clone(&held);
        move |_| {
            let held = Arc::clone(&held);
            async move {
                std::future::pending::<()>().await;
                drop(held);
                Ok(Response::empty())
            }
        }
    });
    // The maker has one as well.
    assert_eq!(Arc::strong_count(&held), 3);
    drop(attempt);
    assert_eq!((Arc::strong_count(&held), kept()), (2, 1));
}

#[test]
fn a_panic_of_an_attempt_leaves_a_room_that_can_be_used() {
    let panics = in_room(|order| async move {
        assert!(order.ticket.is_some(), "as it should");
        Ok(Response::empty())
    });
    assert!(catch_unwind(AssertUnwindSafe(|| poll(panics))).is_err());
    assert_eq!(kept(), 1);
    let mut again = Housed::begin(order());
    assert_eq!(kept(), 0);
    assert!(
        catch_unwind(AssertUnwindSafe(|| poll(&mut again))).is_err(),
        "it is the same one"
    );
}

#[test]
fn an_attempt_may_begin_another_one_while_it_is_dropped() {
    struct Begins;
    impl Drop for Begins {
        fn drop(&mut self) {
            drop(Housed::begin(order()));
        }
    }
    let mut attempt = in_room(|_| async {
        let _begins = Begins;
        std::future::pending().await
    });
    assert!(poll(&mut attempt).is_pending());
    drop(attempt);
    assert_eq!(kept(), 2);
}
