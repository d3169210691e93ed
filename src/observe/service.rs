use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_cassandra_layers::{Applied, Request};
use tower_service::Service;

use super::layer::Observers;
use super::{QueryOutcome, QueryRecord};
use crate::error::Error;
use crate::response::Response;
use crate::statement::{Statement, Subject};
use crate::timings::Timings;

/// The service of an [`ObserveLayer`](super::ObserveLayer).
#[derive(Clone)]
pub struct Observed<S> {
    inner: S,
    observers: Observers,
}

impl<S> Observed<S> {
    pub(super) const fn new(inner: S, observers: Observers) -> Self {
        Self { inner, observers }
    }
}

impl<S: fmt::Debug> fmt::Debug for Observed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed")
            .field("inner", &self.inner)
            .field("collectors", &self.observers.collectors)
            .finish_non_exhaustive()
    }
}

/// What is known of a request when it begins.
struct About {
    observers: Observers,
    subject: Subject,
    kind: &'static str,
    operation: &'static str,
    label: Option<&'static str>,
    parameters: usize,
    prepare_wait: std::time::Duration,
    began: Instant,
}

pin_project! {
    /// The response of [`Observed`].
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        about: Option<Box<About>>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(about) = this.project().about.take() {
                about.cancelled();
            }
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<S> Service<Statement> for Observed<S>
where
    S: Service<Statement, Response = Response, Error = Error>,
{
    type Response = Response;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, statement: Statement) -> Self::Future {
        let observers = &self.observers;
        let listens = observers.collectors.listen() || observers.log.is_some();
        let about = listens.then(|| {
            Box::new(About {
                observers: observers.clone(),
                subject: statement.subject(),
                kind: statement.class(),
                operation: statement.operation(),
                label: statement.options.label,
                parameters: statement.parameters(),
                prepare_wait: statement.options.prepare_wait.get(),
                began: Instant::now(),
            })
        });
        ResponseFuture {
            inner: self.inner.call(statement),
            about,
        }
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        if let Some(about) = this.about.take() {
            about.ended(&result);
        }
        Poll::Ready(result)
    }
}

impl About {
    fn ended(&self, result: &Result<Response, Error>) {
        match result {
            Ok(response) => {
                let timings = response.timings();
                self.tell(QueryRecord {
                    attempts: response.attempts(),
                    host: response.coordinator(),
                    rows: response.len(),
                    bytes: response.byte_len(),
                    pages: 1,
                    ..self.record(QueryOutcome::Success, Applied::Yes, timings)
                });
            }
            Err(error) => {
                // The session adds that only when the error has left the stack.
                let timings = error.clone().after_prepare(self.prepare_wait).timings();
                self.tell(QueryRecord {
                    attempts: timings.attempt_count(),
                    host: error.node(),
                    ..self.record(QueryOutcome::Failure(error.kind()), error.applied(), timings)
                });
            }
        }
    }

    fn cancelled(&self) {
        let mut timings = Timings::default();
        timings.wait(self.prepare_wait, std::time::Duration::ZERO);
        self.tell(QueryRecord {
            attempts: 0,
            ..self.record(QueryOutcome::Cancelled, Applied::Maybe, timings)
        });
    }

    fn record(&self, outcome: QueryOutcome, applied: Applied, timings: Timings) -> QueryRecord {
        let ended = Instant::now();
        QueryRecord {
            fingerprint: self.subject.fingerprint(),
            kind: self.kind,
            operation: self.operation,
            label: self.label,
            duration: ended.saturating_duration_since(self.began),
            outcome,
            applied,
            attempts: 0,
            timings,
            host: None,
            parameters: self.parameters,
            rows: 0,
            bytes: 0,
            pages: 0,
            at: SystemTime::now(),
            ended,
        }
    }

    fn tell(&self, record: QueryRecord) {
        if let Some(log) = &self.observers.log {
            log.see(&record);
        }
        if self.observers.collectors.listen() {
            self.observers.collectors.query(record);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use tokio::time::timeout;
    use tower::{Layer, ServiceExt, service_fn};

    use super::*;
    use crate::observe::{ObserveLayer, SlowLog};
    use crate::trace::heard::Heard;

    #[tokio::test(start_paused = true)]
    async fn what_nobody_knows_of_a_cancelled_request_is_not_logged_as_zero() {
        let (heard, _guard) = Heard::with_spans();
        let layer = ObserveLayer::new()
            .slow_log(SlowLog::above(Duration::ZERO))
            .unwrap();
        let silent = service_fn(|_: Statement| pending::<Result<Response, Error>>());
        let call = layer.layer(silent).oneshot(Statement::new("SELECT a FROM t"));
        timeout(Duration::from_millis(20), call).await.unwrap_err();
        let [line] = &heard.take()[..] else {
            panic!("one line")
        };
        for there in ["cancelled=true", "duration_ms=20.0", "prepare_wait_ms=0.0"] {
            assert!(line.contains(there), "{there}: {line}");
        }
        for unknown in ["attempts", "nodes", "queue_wait", "back_off", "rows", "bytes"] {
            assert!(!line.contains(unknown), "{unknown}: {line}");
        }
        // And of one that ended they are there.
        let answering = service_fn(|_: Statement| async { Ok::<_, Error>(Response::empty()) });
        let call = layer.layer(answering).oneshot(Statement::new("SELECT a FROM t"));
        call.await.unwrap();
        let line = heard.take().concat();
        for there in ["cancelled=false", "attempts=", "rows=0", "bytes=0", "nodes="] {
            assert!(line.contains(there), "{there}: {line}");
        }
    }
}
