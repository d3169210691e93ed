use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::turns::Turns;
use crate::limit::Rejected;
use crate::limit::admitted::Admitted;
use crate::request::Request;
use crate::timeout::Elapsed;

pin_project! {
    /// The call of a [`RateLimited`](super::RateLimited): waits for its turn, gets the service ready and calls it.
    ///
    /// Dropping it leaves the queue, and those behind move up. What was admitted has used its part of the rate.
    pub struct ResponseFuture<S, Req>
    where
        S: Service<Req>,
    {
        #[pin]
        call: Admitted<Turns, S, Req>,
    }
}

impl<S, Req> ResponseFuture<S, Req>
where
    S: Service<Req> + Clone,
    S::Error: From<Rejected> + From<Elapsed>,
    Req: Request,
{
    #[inline]
    pub(super) fn call(turns: &Arc<Turns>, inner: &mut S, request: Req) -> Self {
        Admitted::call(turns, inner, request, |call| Self { call })
    }
}

impl<S, Req> Future for ResponseFuture<S, Req>
where
    S: Service<Req>,
    S::Error: From<Rejected> + From<Elapsed>,
    Req: Request,
{
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().call.poll(cx)
    }
}

impl<S, Req> fmt::Debug for ResponseFuture<S, Req>
where
    S: Service<Req>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
