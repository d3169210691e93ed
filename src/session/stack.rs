//! The whole stack behind one pointer: the one box above the leaf.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_cassandra_layers::trace::{SpanSlot, Traced};
use tower_service::Service;

use crate::counted::Counted;
use crate::error::{BoxError, Error};
use crate::nature::Nature;
use crate::response::Response;
use crate::statement::Statement;

pub(crate) type ResponseBox = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// A stack of any type, called by reference. Every cloneable service is one.
pub(crate) trait Stack: Send + Sync {
    /// Makes one call inside of a span: clones the service, drives the clone to ready, and calls that very clone.
    fn call(&self, statement: Statement, span: SpanSlot) -> ResponseBox;
}

impl<S> Stack for S
where
    S: Service<Statement, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn call(&self, statement: Statement, span: SpanSlot) -> ResponseBox {
        let nature = statement.nature();
        let (counted, service) = (Counted::begin(&statement), self.clone());
        // The room first: with nothing left that may panic in between, the call is made where it stays and not moved there.
        let room = Box::new_uninit();
        let state = State::Waiting {
            service,
            statement: Some(statement),
        };
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
        Waiting { service: S, statement: Option<Statement> },
        Called { #[pin] answer: F },
    }
}

impl<S> Future for Call<S, S::Future>
where
    S: Service<Statement, Response = Response>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let nature = *this.nature;
        let failed = |error: S::Error, called| Error::from_boxed(error.into(), called).judged(nature);
        loop {
            let answer = match this.state.as_mut().project() {
                StateProj::Waiting { service, statement } => {
                    ready!(service.poll_ready(cx)).map_err(|error| failed(error, false))?;
                    match statement.take() {
                        Some(statement) => service.call(statement),
                        None => return Poll::Pending,
                    }
                }
                StateProj::Called { answer } => {
                    return answer.poll(cx).map_err(|error| failed(error, true));
                }
            };
            this.state.set(State::Called { answer });
        }
    }
}
