use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use tower_service::Service;

use super::Exporter;

/// The endpoint as a service, made by [`Exporter::service`]. It looks at no request; whoever routes requests to it has to see to method, path and permission. Where the response has to be of
/// another type than `String`, map it.
#[derive(Clone, Debug)]
pub struct ExporterService {
    exporter: Exporter,
}

impl ExporterService {
    pub(super) const fn new(exporter: Exporter) -> Self {
        Self { exporter }
    }
}

impl<Request> Service<Request> for ExporterService {
    type Response = String;
    type Error = Infallible;
    type Future = Ready<Result<String, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request) -> Self::Future {
        ready(Ok(self.exporter.render()))
    }
}
