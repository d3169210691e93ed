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

    /// Shows the service of this thread to `call`, which takes it out if it is not to be called again.
    #[inline]
    fn lend(&self, call: impl FnOnce(&mut Option<S>)) {
        let place = self.kept.mine();
        let (mut kept, mut other);
        let service = match place.try_lock() {
            Ok(free) => {
                kept = free;
                &mut *kept
            }
            Err(TryLockError::Poisoned(broken)) => {
                place.clear_poison();
                kept = broken.into_inner();
                // What panicked is not called again.
                drop(kept.take());
                &mut *kept
            }
            // Another thread of the same place, or a service that calls the session while it is called itself.
            Err(TryLockError::WouldBlock) => {
                other = None;
                &mut other
            }
        };
        service.get_or_insert_with(|| self.service.clone());
        call(service);
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
        let call = Call {
            nature,
            counted: Counted::begin(&statement),
            state: State::Unready { error: None },
        };
        // Boxed first: an answer that is put into its place need not be moved there.
        let mut call = Box::new(Traced::new(call, span.clone()));
        let state = &mut call.get_mut().state;
        span.in_scope(|| self.lend(|service| state.begin(service, statement, nature)));
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
    /// Begins a call. The service is taken out unless it can be called again.
    #[inline]
    fn begin(&mut self, place: &mut Option<S>, statement: Statement, nature: Nature) {
        let Some(service) = place else {
            return;
        };
        // Whoever is not ready is asked again by the task that waits.
        match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => {
                *self = Self::Called {
                    answer: service.call(statement),
                };
            }
            Poll::Ready(Err(error)) => {
                *place = None;
                *self = Self::Unready {
                    error: Some(failed(error, false, nature)),
                };
            }
            Poll::Pending => {
                let service = place.take();
                *self = Self::Waiting {
                    waiting: service.map(|service| Box::new((service, statement))),
                };
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
