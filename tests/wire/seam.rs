//! The errors of a user's layer say whether anything was sent, and what it leaves on a request is seen further inside.

use std::future::{Ready, ready};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, Either};
use scripted_cassandra::{ErrorFrame, Match};
use tower::util::{MapRequestLayer, option_layer};
use tower::{BoxError, Service};
use tower_cassandra::layers::Request;
use tower_cassandra::{Applied, BoxService, ClusterBuilder, ErrorKind, Response, Statement};

use crate::support::{Bed, INSERT, SELECT};

/// What the layer does with writes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Refuse,
    NotReady,
    FailAfterwards,
    /// Sends a statement that it makes itself, and fails.
    SendAnother,
}

#[derive(Clone)]
struct Own {
    inner: BoxService,
    way: Way,
    on: Arc<AtomicBool>,
}

impl Service<Statement> for Own {
    type Response = Response;
    type Error = BoxError;
    type Future = Either<Ready<Result<Response, BoxError>>, BoxFuture<'static, Result<Response, BoxError>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.on.load(Relaxed) && self.way == Way::NotReady {
            return Poll::Ready(Err("not ready".into()));
        }
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, statement: Statement) -> Self::Future {
        let on = self.on.load(Relaxed);
        if on && self.way == Way::Refuse {
            return Either::Left(ready(Err("refused".into())));
        }
        let statement = if on && self.way == Way::SendAnother {
            Statement::new("INSERT INTO ks.t (id, v) VALUES (9, 'own')")
        } else {
            statement
        };
        let sent = self.inner.call(statement);
        Either::Right(Box::pin(async move {
            let response = sent.await?;
            if on {
                Err("afterwards".into())
            } else {
                Ok(response)
            }
        }))
    }
}

fn laid(client: ClusterBuilder, way: Way, inside: bool, on: &Arc<AtomicBool>) -> ClusterBuilder {
    let on = Arc::clone(on);
    let layer = tower::layer::layer_fn(move |inner| Own {
        inner,
        way,
        on: Arc::clone(&on),
    });
    if inside {
        client.attempt_layer(layer)
    } else {
        client.layer(layer)
    }
}

#[tokio::test]
async fn an_error_of_a_layer_says_whether_the_request_had_passed_it() {
    for inside in [false, true] {
        for (way, applied, frames) in [
            (Way::Refuse, Applied::No, 0),
            (Way::NotReady, Applied::No, 0),
            (Way::FailAfterwards, Applied::Maybe, 1),
            (Way::SendAnother, Applied::Maybe, 1),
        ] {
            let on = Arc::new(AtomicBool::new(false));
            let bed = Bed::with(1, |client| laid(client, way, inside, &on)).await;
            let insert = bed.prepare(INSERT).await.bind((1, "v")).unwrap();
            bed.session.execute(&insert).await.unwrap();
            on.store(true, Relaxed);
            let error = bed.fails(&insert).await;
            assert_eq!(
                (error.kind(), error.applied()),
                (ErrorKind::Internal, applied),
                "{way:?}"
            );
            assert_eq!(bed.frames().len(), frames, "{way:?}");
            assert!(!error.may_retry(true), "{way:?}");
            on.store(false, Relaxed);
            bed.at_rest().await;
        }
    }
}

#[derive(Debug, PartialEq)]
struct Tenant(&'static str);

#[tokio::test]
async fn what_a_layer_leaves_on_a_request_comes_with_each_attempt_and_each_page() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    let leave = MapRequestLayer::new(|mut statement: Statement| {
        statement.context_mut().set_extension(Tenant("blue"));
        statement
    });
    let look = MapRequestLayer::new(move |statement: Statement| {
        let context = statement.context();
        let tenant = context.extension::<Tenant>().map(|tenant| tenant.0);
        let note = (tenant, context.extension::<u32>().copied());
        notes.lock().unwrap().push(note);
        statement
    });
    let bed = Bed::with(1, |client| client.layer(leave).attempt_layer(look)).await;
    let insert = bed.prepare(INSERT).await;
    for id in 0..3 {
        bed.session
            .execute(insert.bind((id, "v")).unwrap())
            .await
            .unwrap();
    }
    seen.lock().unwrap().clear();
    let unavailable = ErrorFrame::server_error("once");
    bed.cluster.on(Match::any()).times(1).then(unavailable);
    let all = Statement::new("SELECT id, v FROM ks.t")
        .page_size(2)
        .extension(7_u32);
    assert_eq!(all.get_extension(), Some(&7_u32));
    assert_eq!(bed.session.execute(all).await.unwrap().len(), 3);
    // The first page was repeated once.
    assert_eq!(*seen.lock().unwrap(), [(Some("blue"), Some(7)); 3]);
    bed.at_rest().await;
}

#[tokio::test]
async fn a_layer_that_may_be_there_or_not_fits_at_both_places() {
    for there in [false, true] {
        let count = Arc::new(Mutex::new(0));
        let layer = || {
            let count = Arc::clone(&count);
            let layer = MapRequestLayer::new(move |statement: Statement| {
                *count.lock().unwrap() += 1;
                statement
            });
            option_layer(there.then_some(layer))
        };
        let bed = Bed::with(1, |client| client.layer(layer()).attempt_layer(layer())).await;
        let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
        let before = *count.lock().unwrap();
        bed.session.execute(select).await.unwrap();
        assert_eq!(*count.lock().unwrap() - before, if there { 2 } else { 0 });
        bed.at_rest().await;
    }
}
