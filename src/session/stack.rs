//! The whole stack behind one pointer: the one box above the leaf.

use std::future::Future;
use std::pin::Pin;

use tower::ServiceExt;
use tower_service::Service;
use tracing::Instrument;

use crate::error::{BoxError, Error};
use crate::response::Response;
use crate::statement::Statement;

pub(crate) type ResponseBox = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// A stack of any type, called by reference. Every cloneable service is one.
pub(crate) trait Stack: Send + Sync {
    /// Makes one call: clones the service, drives the clone to ready, and calls that very clone.
    fn call(&self, statement: Statement) -> ResponseBox;
}

impl<S> Stack for S
where
    S: Service<Statement, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn call(&self, statement: Statement) -> ResponseBox {
        let mut service = self.clone();
        let nature = statement.nature();
        let span = tracing::debug_span!("cql", nature = ?nature);
        Box::pin(
            async move {
                let ready = match service.ready().await {
                    Ok(ready) => ready,
                    Err(error) => return Err(Error::from_boxed(error.into(), false).judged(nature)),
                };
                let called = ready.call(statement);
                called
                    .await
                    .map_err(|error| Error::from_boxed(error.into(), true).judged(nature))
            }
            .instrument(span),
        )
    }
}
