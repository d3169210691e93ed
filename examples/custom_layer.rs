//! A layer of your own at both places of the stack, without touching the library; and the generic layers around a service that has
//! nothing to do with Cassandra.
//!
//! What you will see: how often the layer ran outside of retry (per call) and inside (per attempt), then a flaky in-process service
//! that the generic retry and timeout layers make reliable.
//!
//! ```sh
//! cargo run --release --example custom_layer
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use local_cassandra::LocalCluster;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_cassandra::layers::classify::classify_fn;
use tower_cassandra::layers::retry::RetryLayer;
use tower_cassandra::layers::timeout::{Elapsed, TimeoutLayer};
use tower_cassandra::layers::{Advice, Applied, Call, Failure, Fault, Outcome, Request};
use tower_cassandra::{ClusterBuilder, RetryPolicy};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Counts what passes. Any service, any request: that is all a tower layer is.
#[derive(Clone, Default)]
struct CountLayer {
    seen: Arc<AtomicU32>,
}

impl<S> Layer<S> for CountLayer {
    type Service = Count<S>;

    fn layer(&self, inner: S) -> Count<S> {
        Count {
            inner,
            seen: Arc::clone(&self.seen),
        }
    }
}

#[derive(Clone)]
struct Count<S> {
    inner: S,
    seen: Arc<AtomicU32>,
}

impl<S, R> Service<R> for Count<S>
where
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.seen.fetch_add(1, Relaxed);
        self.inner.call(request)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match around_cassandra().await {
        Ok(()) => around_anything().await,
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => {
            println!("custom_layer: ok");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("custom_layer: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn around_cassandra() -> Result<()> {
    let cluster = LocalCluster::builder().start().await?;
    let (calls, attempts) = (CountLayer::default(), CountLayer::default());
    let session = ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .layer(calls.clone())
        .attempt_layer(attempts.clone())
        .connect()
        .await?;
    for _ in 0..100 {
        session
            .execute("SELECT release_version FROM system.local")
            .await?;
    }
    println!(
        "100 statements: {} calls, {} attempts",
        calls.seen.load(Relaxed),
        attempts.seen.load(Relaxed)
    );
    session.close(Duration::from_secs(5)).await?;
    cluster.stop().await;
    if calls.seen.load(Relaxed) != 100 || attempts.seen.load(Relaxed) < 100 {
        return Err("the layers did not see every call".into());
    }
    Ok(())
}

/// The error of the foreign service. The layers add theirs by `From`.
#[derive(Debug)]
enum OracleError {
    Moody,
    TooLate(Elapsed),
}

impl From<Elapsed> for OracleError {
    fn from(error: Elapsed) -> Self {
        Self::TooLate(error)
    }
}

impl std::fmt::Display for OracleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Moody => f.write_str("not in the mood"),
            Self::TooLate(elapsed) => elapsed.fmt(f),
        }
    }
}

impl std::error::Error for OracleError {}

async fn around_anything() -> Result<()> {
    let questions = Arc::new(AtomicU32::new(0));
    let oracle = tower::service_fn({
        let questions = Arc::clone(&questions);
        move |question: Call<&'static str>| {
            let number = questions.fetch_add(1, Relaxed);
            async move {
                // Two of three times it refuses.
                if number % 3 == 2 {
                    Ok(question.value.len())
                } else {
                    Err(OracleError::Moody)
                }
            }
        }
    });
    // One judgement for all layers: refusing has no effect, so it may always be asked again.
    let judge = classify_fn(|result: std::result::Result<&usize, &OracleError>| match result {
        Ok(_) => Outcome::Success,
        Err(error) => Outcome::Failure(Failure {
            applied: Applied::No,
            advice: match error {
                OracleError::Moody => Advice::Backoff,
                OracleError::TooLate(_) => Advice::Never,
            },
            fault: Fault::Node,
            label: "moody",
        }),
    });
    let counted = CountLayer::default();
    let mut service = ServiceBuilder::new()
        .layer(TimeoutLayer::call(Duration::from_secs(1))?)
        .layer(RetryLayer::new(RetryPolicy::default(), judge)?)
        .layer(counted.clone())
        .layer(TimeoutLayer::attempt(Duration::from_millis(100))?)
        .service(oracle);
    for question in ["why?", "how?", "when?"] {
        let call = Call::new(question).idempotent(true);
        assert_eq!(call.class(), "request");
        let answer = service.ready().await?.call(call).await?;
        println!("{question} {answer}");
    }
    println!("3 questions, {} attempts", counted.seen.load(Relaxed));
    if counted.seen.load(Relaxed) != 9 {
        return Err("each question takes three attempts".into());
    }
    Ok(())
}
