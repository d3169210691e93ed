//! The service under the layers: it does nothing, at once or at the second poll. And what the layers need to know of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_cassandra_layers::balance::{NoCandidate, Ticket};
use tower_cassandra_layers::limit::Rejected;
use tower_cassandra_layers::panic::Panicked;
use tower_cassandra_layers::timeout::Elapsed;
use tower_cassandra_layers::{Advice, Applied, Call, Classify, Failure, Fault, Outcome, Request as _};
use tower_service::Service;

pub(crate) type Request = Call<u32>;

/// Any failure of any layer. Small, as an error should be that every result has room for.
#[derive(Debug)]
pub(crate) enum Error {
    Elapsed(Box<Elapsed>),
    Rejected(Rejected),
    NoCandidate(NoCandidate),
    Panicked(Box<Panicked>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elapsed(error) => error.fmt(f),
            Self::Rejected(error) => error.fmt(f),
            Self::NoCandidate(error) => error.fmt(f),
            Self::Panicked(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

macro_rules! from {
    ($($name:ident)*) => {$(
        impl From<$name> for Error {
            fn from(error: $name) -> Self {
                Self::$name(error.into())
            }
        }
    )*};
}

from!(Elapsed Rejected NoCandidate Panicked);

/// Judges as a classifier of real errors does: by a match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge;

impl Classify<Request, u32, Error> for Judge {
    type Facts = ();

    fn facts(&self, _: &Request) {}

    fn classify(&self, (): &(), result: Result<&u32, &Error>) -> Outcome {
        let (applied, advice, fault, label) = match result {
            Ok(_) => return Outcome::Success,
            Err(Error::Elapsed(error)) => (error.applied(), Advice::Next, Fault::Node, "elapsed"),
            Err(Error::Rejected(_)) => (Applied::No, Advice::Never, Fault::Load, "rejected"),
            Err(Error::NoCandidate(_)) => (Applied::No, Advice::Backoff, Fault::Client, "no_candidate"),
            Err(Error::Panicked(_)) => (Applied::Maybe, Advice::Never, Fault::Client, "panic"),
        };
        Outcome::Failure(Failure {
            applied,
            advice,
            fault,
            label,
        })
    }
}

/// Takes the ticket of a request, where there is one, and answers it as it ends.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) pending: bool,
}

impl Service<Request> for Leaf {
    type Response = u32;
    type Error = Error;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Answering {
        Answering {
            pending: self.pending,
            value: request.value,
            ticket: request.context_mut().take_ticket(),
        }
    }
}

/// The same once more, so that the compiler makes two stacks of it and neither of them is inlined less because there are two.
#[derive(Clone, Debug)]
pub(crate) struct OtherLeaf(pub(crate) Leaf);

impl Service<Request> for OtherLeaf {
    type Response = u32;
    type Error = Error;
    type Future = OtherAnswering;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> OtherAnswering {
        OtherAnswering(self.0.call(request))
    }
}

pub(crate) struct OtherAnswering(Answering);

impl Future for OtherAnswering {
    type Output = Result<u32, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

pub(crate) struct Answering {
    pending: bool,
    value: u32,
    ticket: Option<Ticket>,
}

impl Future for Answering {
    type Output = Result<u32, Error>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::take(&mut self.pending) {
            return Poll::Pending;
        }
        if let Some(ticket) = self.ticket.take() {
            ticket.answered(&Outcome::Success);
        }
        Poll::Ready(Ok(self.value))
    }
}
