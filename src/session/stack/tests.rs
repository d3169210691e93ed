use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;

use super::*;

/// Counts its clones; does on a call, or when asked whether it is ready, what it was told.
struct Counting<R, C> {
    clones: Arc<AtomicUsize>,
    ready: R,
    call: C,
}

impl<R: Clone, C: Clone> Clone for Counting<R, C> {
    fn clone(&self) -> Self {
        self.clones.fetch_add(1, SeqCst);
        Self {
            clones: Arc::clone(&self.clones),
            ready: self.ready.clone(),
            call: self.call.clone(),
        }
    }
}

impl<R, C> Service<Statement> for Counting<R, C>
where
    R: FnMut(&mut Context<'_>) -> Poll<Result<(), Error>>,
    C: FnMut(),
{
    type Response = Response;
    type Error = Error;
    type Future = std::future::Ready<Result<Response, Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        (self.ready)(cx)
    }

    fn call(&mut self, _: Statement) -> Self::Future {
        (self.call)();
        std::future::ready(Ok(Response::empty()))
    }
}

fn reused<R, C>(ready: R, call: C) -> (Arc<AtomicUsize>, Reused<Counting<R, C>>)
where
    R: Clone,
    C: Clone,
{
    let clones = Arc::<AtomicUsize>::default();
    let service = Counting {
        clones: Arc::clone(&clones),
        ready,
        call,
    };
    (clones, Reused::new(service))
}

/// Answers by how often it, or a clone of it, was asked before.
fn asked<T>(
    answer: impl Fn(usize, &mut Context<'_>) -> T + Clone,
) -> impl FnMut(&mut Context<'_>) -> T + Clone {
    let asked = Arc::<AtomicUsize>::default();
    move |cx| answer(asked.fetch_add(1, SeqCst), cx)
}

const READY: fn(&mut Context<'_>) -> Poll<Result<(), Error>> = |_| Poll::Ready(Ok(()));

fn call(stack: &impl Stack) -> ResponseBox {
    stack.call(Statement::new("SELECT a FROM t"), SpanSlot::NONE)
}

#[tokio::test]
async fn a_thread_calls_its_service_again_and_again() {
    let (clones, stack) = reused(READY, || {});
    for _ in 0..10 {
        call(&stack).await.unwrap();
    }
    assert_eq!(clones.load(SeqCst), 1);
}

#[tokio::test]
async fn a_service_that_lets_wait_is_left_to_the_call_that_waits() {
    let ready = asked(|before, cx| {
        // Ready with the fourth question: the third is that of another call.
        if before < 3 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    });
    let (clones, stack) = reused(ready, || {});
    let mut first = call(&stack);
    assert!(futures_util::poll!(&mut first).is_pending());
    let second = call(&stack);
    assert_eq!(clones.load(SeqCst), 2);
    first.await.unwrap();
    second.await.unwrap();
}

#[tokio::test]
async fn what_is_not_ready_for_good_fails_its_call_and_is_not_asked_again() {
    let ready = asked(|before, _| {
        Poll::Ready(match before {
            0 => Err(Error::closed(tower_cassandra_layers::classify::Applied::No)),
            _ => Ok(()),
        })
    });
    let (clones, stack) = reused(ready, || {});
    call(&stack).await.unwrap_err();
    call(&stack).await.unwrap();
    assert_eq!(clones.load(SeqCst), 2);
}

#[tokio::test]
async fn after_a_panic_the_next_call_has_another_service() {
    let called = Arc::<AtomicUsize>::default();
    let panics_once = {
        let called = Arc::clone(&called);
        move || assert!(called.fetch_add(1, SeqCst) > 0, "as it should")
    };
    let (clones, stack) = reused(READY, panics_once);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(call(&stack))));
    assert!(panicked.is_err());
    for _ in 0..3 {
        call(&stack).await.unwrap();
    }
    assert_eq!(clones.load(SeqCst), 2);
}

#[tokio::test]
async fn a_service_may_call_its_own_stack_while_it_is_called() {
    let own = Arc::<OnceLock<Arc<dyn Stack>>>::default();
    let inside = Arc::<AtomicUsize>::default();
    let calls_itself = {
        let (own, inside) = (Arc::clone(&own), Arc::clone(&inside));
        move || {
            if inside.fetch_add(1, SeqCst) == 0 {
                let stack = own.get().expect("it was put there");
                let answer = stack.call(Statement::new("SELECT b FROM t"), SpanSlot::NONE);
                answer.now_or_never().expect("it answers at once").unwrap();
            }
        }
    };
    let (_, stack) = reused(READY, calls_itself);
    let stack: Arc<dyn Stack> = Arc::new(stack);
    assert!(own.set(Arc::clone(&stack)).is_ok());
    stack
        .call(Statement::new("SELECT a FROM t"), SpanSlot::NONE)
        .await
        .unwrap();
    assert_eq!(inside.load(SeqCst), 2);
}
