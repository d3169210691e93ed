//! A panic below becomes an error, wherever it happens, and nothing else is harmed.

use std::future::Future;
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use ::metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cassandra_layers::metrics::Metrics;
use tower_cassandra_layers::panic::{CatchPanicLayer, Panicked};

#[derive(Clone, Copy)]
enum Play {
    Answer,
    PanicInCall,
    PanicWhenPolled,
}

#[derive(Clone, Default)]
struct Leaf {
    panic_in_ready: bool,
    asked: Arc<AtomicUsize>,
}

impl Service<Play> for Leaf {
    type Response = &'static str;
    type Error = Panicked;
    type Future = Pin<Box<dyn Future<Output = Result<&'static str, Panicked>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Panicked>> {
        assert!(!std::mem::take(&mut self.panic_in_ready), "in poll_ready");
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, play: Play) -> Self::Future {
        self.asked.fetch_add(1, Ordering::SeqCst);
        assert!(!matches!(play, Play::PanicInCall), "in call");
        Box::pin(async move {
            tokio::task::yield_now().await;
            assert!(!matches!(play, Play::PanicWhenPolled), "in {}", "poll");
            Ok("rows")
        })
    }
}

#[tokio::test]
async fn a_panic_in_call_or_in_polling_is_an_error_with_its_text_and_the_service_goes_on() {
    let mut service = CatchPanicLayer::new().layer(Leaf::default());
    for (play, text) in [(Play::PanicInCall, "in call"), (Play::PanicWhenPolled, "in poll")] {
        let error = service.ready().await.unwrap().call(play).await.unwrap_err();
        assert_eq!(error.message(), text);
        assert_eq!(error.to_string(), format!("panicked: {text}"));
        let after = service.ready().await.unwrap().call(Play::Answer).await;
        assert_eq!(after, Ok("rows"));
    }
}

#[tokio::test]
async fn a_panic_in_poll_ready_is_an_error_of_the_next_call_only() {
    let leaf = Leaf {
        panic_in_ready: true,
        ..Leaf::default()
    };
    let asked = leaf.asked.clone();
    let mut service = CatchPanicLayer::new().layer(leaf);
    let error = service
        .ready()
        .await
        .unwrap()
        .call(Play::Answer)
        .await
        .unwrap_err();
    assert_eq!(error.message(), "in poll_ready");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert_eq!(
        service.ready().await.unwrap().call(Play::Answer).await,
        Ok("rows")
    );
}

#[tokio::test]
async fn a_clone_does_not_inherit_a_panic_in_poll_ready() {
    let mut service = CatchPanicLayer::new().layer(Leaf {
        panic_in_ready: true,
        ..Leaf::default()
    });
    service.ready().await.unwrap();
    assert_eq!(service.clone().oneshot(Play::Answer).await, Ok("rows"));
    assert!(service.call(Play::Answer).await.is_err());
}

/// A payload whose destructor panics, with a payload whose destructor panics.
struct Nasty(u32);

impl Drop for Nasty {
    fn drop(&mut self) {
        if self.0 > 0 {
            panic_any(Nasty(self.0 - 1));
        }
    }
}

#[tokio::test]
async fn a_payload_that_panics_when_dropped_is_contained() {
    let service = CatchPanicLayer::new().layer(service_fn(|(): ()| async {
        if true {
            panic_any(Nasty(5));
        }
        Ok::<(), Panicked>(())
    }));
    let error = service.oneshot(()).await.unwrap_err();
    assert_eq!(error.message(), "a panic without text");
}

/// Panics when dropped, and when polled if asked to.
struct Mine {
    result: Option<Poll<Result<&'static str, Panicked>>>,
}

impl Future for Mine {
    type Output = Result<&'static str, Panicked>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.result.clone().expect("no result")
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        panic!("in drop");
    }
}

fn mined(
    result: Option<Poll<Result<&'static str, Panicked>>>,
) -> (impl Future<Output = Result<&'static str, Panicked>>, Arc<Panics>) {
    let panics = Arc::new(Panics::default());
    let layer = CatchPanicLayer::new().with_metrics(Metrics::on(panics.clone()));
    let mut service = layer.layer(service_fn(move |(): ()| Mine {
        result: result.clone(),
    }));
    (service.call(()), panics)
}

#[tokio::test]
async fn a_future_that_panics_when_dropped_after_its_panic_is_contained() {
    let (response, panics) = mined(None);
    assert_eq!(response.await.unwrap_err().message(), "no result");
    assert_eq!(panics.count(), 2);
}

#[tokio::test]
async fn a_future_that_panics_when_dropped_after_its_result_gives_the_result() {
    let (response, panics) = mined(Some(Poll::Ready(Ok("rows"))));
    assert_eq!(response.await, Ok("rows"));
    assert_eq!(panics.count(), 1);
}

#[tokio::test]
async fn a_future_that_panics_when_cancelled_is_contained() {
    let (response, panics) = mined(Some(Poll::Pending));
    let mut response = Box::pin(response);
    assert!(
        response
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    drop(response);
    assert_eq!(panics.count(), 1);
}

#[tokio::test]
async fn polling_after_the_end_is_an_error_and_neither_hangs_nor_panics() {
    let mut response = Box::pin(CatchPanicLayer::new().layer(Leaf::default()).call(Play::Answer));
    assert_eq!(response.as_mut().await, Ok("rows"));
    let error = response.as_mut().await.unwrap_err();
    assert_eq!(error.message(), "the response was polled after it had ended");
}

#[tokio::test]
async fn the_accessors_reach_the_inner_service() {
    let mut service = CatchPanicLayer::new().layer(Leaf::default());
    service.get_mut().panic_in_ready = true;
    assert!(service.get_ref().panic_in_ready);
    assert!(service.into_inner().panic_in_ready);
}

/// Knows one counter.
#[derive(Default)]
struct Panics(Arc<AtomicU64>);

impl Panics {
    fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Recorder for Panics {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match key.name() {
            "cassandra_panics_total" => Counter::from_arc(self.0.clone()),
            _ => Counter::noop(),
        }
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
