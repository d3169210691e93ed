//! Layers of the user at both places in the stack.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::time::Instant;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::util::MapRequestLayer;
use tower::{BoxError, Layer, Service, ServiceBuilder};
use tower_cassandra::{Applied, BoxService, ErrorKind, Limit, Nature, Response, Statement};

use crate::support::{Bed, PATIENCE, at_rest, builder, chain, one_node};

const QUERY: &str = "SELECT key FROM system.local";

/// Does what it is told: 0 pass, 1 error, 2 panic in the future, 3 panic in the call, 4 wait for a second, 5 wait for ever.
#[derive(Clone)]
struct Trouble<S>(S, Arc<AtomicU32>);

impl<S> Service<Statement> for Trouble<S>
where
    S: Service<Statement, Response = Response, Error: Into<BoxError>, Future: Send + 'static>,
{
    type Response = Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, statement: Statement) -> Self::Future {
        let trouble = self.1.load(Relaxed);
        assert_ne!(trouble, 3, "a panic in the call");
        let inner = self.0.call(statement);
        Box::pin(async move {
            match trouble {
                1 => return Err("an error of a layer".into()),
                2 => panic!("a panic in the future"),
                4 => tokio::time::sleep(Duration::from_secs(1)).await,
                5 => std::future::pending().await,
                _ => {}
            }
            inner.await.map_err(Into::into)
        })
    }
}

fn trouble() -> (
    impl Layer<BoxService, Service = Trouble<BoxService>> + Clone + Send + Sync,
    Arc<AtomicU32>,
) {
    let switch = Arc::new(AtomicU32::new(0));
    let shared = Arc::clone(&switch);
    let layer = tower::layer::layer_fn(move |inner| Trouble(inner, Arc::clone(&shared)));
    (layer, switch)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn err_05_trouble_in_a_layer_is_an_error_like_any_other() {
    let Some(cluster) = one_node("err_05").await else {
        return;
    };
    for inside in [false, true] {
        let (layer, switch) = trouble();
        let builder = builder(&cluster);
        let builder = if inside {
            builder.attempt_layer(layer)
        } else {
            builder.layer(layer)
        };
        let session = builder.connect().await.unwrap();
        for (what, text) in [
            (1, "an error of a layer"),
            (2, "a panic in the future"),
            (3, "a panic in the call"),
        ] {
            switch.store(what, Relaxed);
            let error = session.execute(QUERY).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal, "{error:?}");
            assert!(chain(&error).contains(text), "{}", chain(&error));
            assert!(!error.may_retry(true) && error.attempts().len() <= 1, "{error:?}");
            switch.store(0, Relaxed);
            session.execute(QUERY).await.unwrap();
        }
        at_rest(&session).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_one_added_is_the_outermost_and_attempts_are_seen_inside() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let seen = Arc::clone(&seen);
        MapRequestLayer::new(move |statement: Statement| {
            if statement.nature() != Nature::Prepare {
                seen.lock().unwrap().push(name);
            }
            statement
        })
    };
    let (fails, switch) = trouble();
    let Some(bed) = Bed::make_with("layer_order", |builder| {
        builder
            .layer(note("outer"))
            .layer(note("inner"))
            .attempt_layer(note("outer attempt"))
            .attempt_layer(note("inner attempt"))
            .attempt_layer(fails)
    })
    .await
    else {
        return;
    };
    seen.lock().unwrap().clear();
    bed.session.execute(QUERY).await.unwrap();
    let once = ["outer", "inner", "outer attempt", "inner attempt"];
    assert_eq!(*std::mem::take(&mut *seen.lock().unwrap()), once);

    // Three pages are three calls; a retry is a further attempt of the same call.
    bed.run("CREATE TABLE t (id int PRIMARY KEY)").await;
    for id in 0..5 {
        bed.run(&format!("INSERT INTO t (id) VALUES ({id})")).await;
    }
    seen.lock().unwrap().clear();
    let scan = Statement::new("SELECT id FROM t").page_size(2);
    assert_eq!(bed.session.execute(scan).await.unwrap().page_count(), 3);
    assert_eq!(*std::mem::take(&mut *seen.lock().unwrap()), once.repeat(3));

    // The layer looks at its attempt again only when that is overdue.
    seen.lock().unwrap().clear();
    switch.store(4, Relaxed);
    let hasty = Statement::new(QUERY).attempt_timeout(Duration::from_millis(100));
    let error = bed.session.execute(hasty).await.unwrap_err();
    switch.store(0, Relaxed);
    assert_eq!(error.timeout(), Some(Limit::Attempt));
    assert_eq!(error.attempts().len(), 4);
    let attempts = once[2..].repeat(4);
    let all: Vec<_> = once[..2].iter().copied().chain(attempts).collect();
    assert_eq!(*std::mem::take(&mut *seen.lock().unwrap()), all);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn layers_of_tower_fit_in_both_places() {
    let Some(cluster) = one_node("tower_layers").await else {
        return;
    };
    for inside in [false, true] {
        let (slow, switch) = trouble();
        let place = |layer| {
            let builder = builder(&cluster);
            if inside {
                builder.attempt_layer(layer)
            } else {
                builder.layer(layer)
            }
        };
        let limits = ServiceBuilder::new()
            .map_request(|statement: Statement| statement)
            .layer(LoadShedLayer::new())
            .layer(ConcurrencyLimitLayer::new(1))
            .layer(TimeoutLayer::new(Duration::from_secs(1)))
            .layer(slow)
            .into_inner();
        let session = place(limits).connect().await.unwrap();
        // On a busy machine more than one may take too long.
        let succeeds = async || {
            let started = Instant::now();
            while let Err(error) = session.execute(QUERY).await {
                assert!(started.elapsed() < PATIENCE, "{error:?}");
            }
        };
        succeeds().await;

        switch.store(5, Relaxed);
        let error = session.execute(QUERY).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.timeout()),
            (ErrorKind::Timeout, Some(Limit::Call))
        );
        assert!(error.attempts().len() <= 1, "{error:?}");

        let results = join_all((0..5).map(|_| session.execute(QUERY))).await;
        let kinds: Vec<ErrorKind> = results.into_iter().map(|it| it.unwrap_err().kind()).collect();
        let count = |kind| kinds.iter().filter(|it| **it == kind).count();
        assert_eq!(
            (count(ErrorKind::Timeout), count(ErrorKind::Rejected)),
            (1, 4),
            "{kinds:?}"
        );
        switch.store(0, Relaxed);
        succeeds().await;
        at_rest(&session).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shedding_load_says_that_nothing_was_sent() {
    let Some(cluster) = one_node("shed").await else {
        return;
    };
    let (slow, switch) = trouble();
    let limits = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1))
        .layer(slow)
        .into_inner();
    let session = builder(&cluster).layer(limits).connect().await.unwrap();
    switch.store(4, Relaxed);
    let (first, second) = tokio::join!(session.execute(QUERY), session.execute(QUERY));
    first.unwrap();
    let error = second.unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Rejected, Applied::No)
    );
}
