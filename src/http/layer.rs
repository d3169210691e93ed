use std::fmt;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

use ::http::{Extensions, Request, Response};
use tokio::time::Instant;
use tower_cassandra_layers::InvalidConfig;
use tower_layer::Layer;
use tower_service::Service;

use super::{RequestFuture, RequestOptions};
use crate::counted::Counter;

/// Notes for every request when it came, what its caller may say ([`RequestOptions`]), and what it asks of the database. Around routes of axum and services
/// of tonic alike.
///
/// [`RequestSession`](super::RequestSession) finds that on the request. The response gets [`QueryFigures`](super::QueryFigures) as an extension, and the
/// header `Server-Timing` unless that is off. Both tell what happened up to the head of the response: rows that are streamed in the body come later.
///
/// Of several around each other the innermost one's options count, so that a route may have its own, and the outermost one measures. It starts no
/// task, never waits and adds no error.
#[derive(Clone, Debug)]
pub struct RequestLayer {
    options: Arc<RequestOptions>,
}

impl RequestLayer {
    /// A layer with these options.
    ///
    /// # Errors
    /// `InvalidConfig` for a `max_timeout` of zero or above a day, a `default_timeout` of zero or above `max_timeout`, or one name for both headers.
    pub fn new(options: RequestOptions) -> Result<Self, InvalidConfig> {
        options.check()?;
        Ok(Self {
            options: Arc::new(options),
        })
    }
}

impl Default for RequestLayer {
    /// With the options by default.
    fn default() -> Self {
        Self {
            options: Arc::clone(&DEFAULT),
        }
    }
}

impl<S> Layer<S> for RequestLayer {
    type Service = RequestService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestService {
            inner,
            options: Arc::clone(&self.options),
        }
    }
}

/// The service of [`RequestLayer`].
#[derive(Clone)]
pub struct RequestService<S> {
    inner: S,
    options: Arc<RequestOptions>,
}

impl<S: fmt::Debug> fmt::Debug for RequestService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestService")
            .field("inner", &self.inner)
            .field("options", &self.options)
            .finish()
    }
}

impl<S, B, R> Service<Request<B>> for RequestService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = RequestFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let (noted, is_outermost) = match request.extensions().get::<Noted>() {
            Some(outer) => (outer.under(&self.options), false),
            None => (Noted::new(&self.options), true),
        };
        request.extensions_mut().insert(noted.clone());
        RequestFuture::new(self.inner.call(request), is_outermost.then_some(noted))
    }
}

static DEFAULT: LazyLock<Arc<RequestOptions>> = LazyLock::new(Arc::default);

/// What travels with a request.
#[derive(Clone, Debug)]
pub(super) struct Noted {
    pub(super) options: Arc<RequestOptions>,
    pub(super) began: Instant,
    pub(super) counter: Arc<Counter>,
}

impl Noted {
    fn new(options: &Arc<RequestOptions>) -> Self {
        Self {
            options: Arc::clone(options),
            began: Instant::now(),
            counter: Arc::default(),
        }
    }

    fn under(&self, options: &Arc<RequestOptions>) -> Self {
        Self {
            options: Arc::clone(options),
            ..self.clone()
        }
    }

    /// What a layer noted, or, where there is none, what one by default would note now.
    pub(super) fn of(extensions: &Extensions) -> Self {
        extensions
            .get::<Self>()
            .map_or_else(|| Self::new(&DEFAULT), Self::clone)
    }
}
