//! A client over layers around the leaf. It takes no part in works of many rows: layers that see single attempts do not page.

use tower::{BoxError, ServiceExt};
use tower_cassandra::scylla::response::query_result::QueryResult;
use tower_service::Service;

use super::leaf::Request;
use super::{Client, check};
use crate::Result;

#[derive(Clone)]
pub(crate) struct Layered<S> {
    service: S,
}

impl<S> Layered<S> {
    pub(crate) const fn new(service: S) -> Self {
        Self { service }
    }
}

impl<S> Client for Layered<S>
where
    S: Service<Request, Response = QueryResult> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    async fn read(&self, id: i32) -> Result<()> {
        let answer = self.service.clone().oneshot(Request::Read(id)).await;
        let result = answer.map_err(Into::into)?;
        check(id, result.into_rows_result()?.maybe_first_row::<(i32, String)>()?)
    }

    async fn write(&self, id: i32) -> Result<()> {
        let answer = self.service.clone().oneshot(Request::Write(id)).await;
        answer.map_err(Into::into)?;
        Ok(())
    }

    async fn rows(&self, _: Option<i32>) -> Result<u64> {
        Err("layers around single attempts do not page".into())
    }
}
