use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::permits::Permits;
use crate::limit::Rejected;
use crate::limit::admitted::Admitted;
use crate::request::Request;
use crate::timeout::Elapsed;

pin_project! {
    /// The call of a [`ConcurrencyLimited`](super::ConcurrencyLimited): waits for its permits, gets the service ready,
    /// calls it and gives the permits back when that call has ended.
    ///
    /// Dropping it leaves the queue, or drops the inner call and then gives the permits back.
    pub struct ResponseFuture<S, Req>
    where
        S: Service<Req>,
    {
        #[pin]
        call: Admitted<Permits, S, Req>,
    }
}

impl<S, Req> ResponseFuture<S, Req>
where
    S: Service<Req> + Clone,
    S::Error: From<Rejected> + From<Elapsed>,
    Req: Request,
{
    #[inline]
    pub(super) fn call(permits: &Arc<Permits>, inner: &mut S, request: Req) -> Self {
        Admitted::call(permits, inner, request, |call| Self { call })
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
