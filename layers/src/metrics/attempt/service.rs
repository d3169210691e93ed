use std::task::{Context, Poll};

use tower_service::Service;

use super::node::node_metrics;
use crate::metrics::guard::Guard;
use crate::metrics::{NodeMetrics, ResponseFuture};
use crate::{Classify, Request};

/// Measures attempts, node by node. See the [module](crate::metrics).
#[derive(Clone, Debug)]
pub struct AttemptMetricsService<S, C> {
    inner: S,
    classifier: C,
    only_node: Option<NodeMetrics>,
}

impl<S, C> AttemptMetricsService<S, C> {
    /// Wraps a service; the node is for attempts that carry none.
    pub const fn new(inner: S, classifier: C, only_node: Option<NodeMetrics>) -> Self {
        Self {
            inner,
            classifier,
            only_node,
        }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, to change.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, without this one.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, C, Req> Service<Req> for AttemptMetricsService<S, C>
where
    S: Service<Req>,
    C: Classify<Req, S::Response, S::Error> + Clone,
    Req: Request,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, C, C::Facts, Req>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let judge = || (self.classifier.clone(), self.classifier.facts(&request));
        let node = node_metrics(&request).or(self.only_node.as_ref());
        let guard = Guard::attempt(node, judge);
        ResponseFuture::call(guard, || self.inner.call(request))
    }
}
