//! The whole stack behind one pointer: the one box above the leaf.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, TryLockError};
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;
use tower_cassandra_layers::trace::{SpanSlot, Traced};
use tower_service::Service;

use crate::counted::Counted;
use crate::error::{BoxError, Error};
use crate::nature::Nature;
use crate::response::Response;
use crate::statement::Statement;
use crate::striped::Striped;

pub(crate) type ResponseBox = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// A stack of any type, called by reference.
pub(crate) trait Stack: Send + Sync {
    /// Makes one call inside of a span: drives a service to ready, and calls that very one.
    fn call(&self, statement: Statement, span: SpanSlot) -> ResponseBox;
}

/// A stack over a service of any type.
pub(crate) fn stack_of<S>(service: S) -> Arc<dyn Stack>
where
    S: Service<Statement, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    Arc::new(Reused::new(service))
}

/// A service that is called again and again.
///
/// A clone of a stack counts up and down what all clones share, a dozen counters or so. Therefore each thread keeps one as long as it is ready at
/// once; one that lets wait is left to the call that waits.
struct Reused<S> {
    service: S,
    kept: Striped<Mutex<Option<S>>>,
}

impl<S: Clone> Reused<S> {
    fn new(service: S) -> Self {
        Self {
            service,
            kept: Striped::new(Mutex::default),
        }
    }

    /// Hands out the service of this thread, and keeps what is handed back: nothing after a panic.
    #[inline]
    fn lend<T>(&self, call: impl FnOnce(S) -> (T, Option<S>)) -> T {
        let place = self.kept.mine();
        let mut kept = match place.try_lock() {
            Ok(kept) => kept,
            // It is empty: what panicked had been taken out.
            Err(TryLockError::Poisoned(broken)) => {
                place.clear_poison();
                broken.into_inner()
            }
            // Another thread of the same place, or a service that calls the session while it is called itself.
            Err(TryLockError::WouldBlock) => return call(self.service.clone()).0,
        };
        let service = kept.take().unwrap_or_else(|| self.service.clone());
        let (result, back) = call(service);
        *kept = back;
        result
    }
}

impl<S> Stack for Reused<S>
where
    S: Service<Statement, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn call(&self, statement: Statement, span: SpanSlot) -> ResponseBox {
        let nature = statement.nature();
        let counted = Counted::begin(&statement);
        // The room first: what is made after it is made where it stays, as far as the compiler can see to that.
        let room = Box::new_uninit();
        let state = span.in_scope(|| self.lend(|service| State::begin(service, statement, nature)));
        let call = Call {
            nature,
            counted,
            state,
        };
        let call = Box::write(room, Traced::new(call, span));
        Box::into_pin(call)
    }
}

pin_project! {
    /// One call. By hand, as an `async` block would keep the room for the service and the statement while it waits for the answer.
    struct Call<S, F> {
        nature: Nature,
        // Ends with the future, also when that is dropped.
        counted: Counted,
        #[pin]
        state: State<S, F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, F> {
        // Boxed: few calls have to wait for a service, and no other one should have the room for it.
        Waiting { waiting: Option<Box<(S, Statement)>> },
        Unready { error: Option<Error> },
        Called { #[pin] answer: F },
    }
}

impl<S> State<S, S::Future>
where
    S: Service<Statement>,
    S::Error: Into<BoxError>,
{
    /// Begins a call, and gives the service back if it can be called again.
    #[inline]
    fn begin(mut service: S, statement: Statement, nature: Nature) -> (Self, Option<S>) {
        // Whoever is not ready is asked again by the task that waits.
        match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => {
                let answer = service.call(statement);
                (Self::Called { answer }, Some(service))
            }
            Poll::Ready(Err(error)) => {
                let error = Some(failed(error, false, nature));
                (Self::Unready { error }, None)
            }
            Poll::Pending => {
                let waiting = Some(Box::new((service, statement)));
                (Self::Waiting { waiting }, None)
            }
        }
    }
}

fn failed(error: impl Into<BoxError>, called: bool, nature: Nature) -> Error {
    Error::from_boxed(error.into(), called).judged(nature)
}

impl<S> Future for Call<S, S::Future>
where
    S: Service<Statement, Response = Response>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response, Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let nature = *this.nature;
        loop {
            let answer = match this.state.as_mut().project() {
                StateProj::Called { answer } => {
                    return answer.poll(cx).map_err(|error| failed(error, true, nature));
                }
                StateProj::Unready { error } => {
                    return match error.take() {
                        Some(error) => Poll::Ready(Err(error)),
                        None => Poll::Pending,
                    };
                }
                StateProj::Waiting { waiting } => {
                    if let Some(waiting) = waiting {
                        ready!(waiting.0.poll_ready(cx)).map_err(|error| failed(error, false, nature))?;
                    }
                    match waiting.take().map(|waiting| *waiting) {
                        Some((mut service, statement)) => service.call(statement),
                        None => return Poll::Pending,
                    }
                }
            };
            this.state.set(State::Called { answer });
        }
    }
}

#[cfg(test)]
mod tests;
