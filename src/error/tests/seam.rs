use std::error::Error as _;
use std::time::Duration;

use tower::{Layer as _, Service as _, ServiceExt as _};
use tower_cassandra_layers::{Advice, Applied, InvalidConfig, Limit};

use super::*;
use crate::error::ErrorKind;
use crate::error::create::BoxError;

#[test]
fn our_own_error_comes_out_as_it_went_in() {
    let error = error(db(unavailable()));
    let out = Error::from_boxed(BoxError::from(error.clone()), true);
    assert!(Arc::ptr_eq(&error.0, &out.0));
    let out = Error::from_boxed(InvalidConfig::new("size", 0, "one or more").into(), false);
    assert_eq!(out.kind(), ErrorKind::Config);
    assert_eq!(out.invalid_config().map(InvalidConfig::option), Some("size"));
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_tower_is_a_timeout() {
    let never = tower::service_fn(|()| std::future::pending::<Result<(), BoxError>>());
    let mut service = tower::timeout::TimeoutLayer::new(Duration::from_secs(1)).layer(never);
    let error = service.ready().await.unwrap().call(()).await.unwrap_err();
    let error = Error::from_boxed(error, true);
    assert_eq!(
        (error.kind(), error.timeout()),
        (ErrorKind::Timeout, Some(Limit::Call))
    );
    assert_eq!((error.applied(), error.advice()), (Applied::Maybe, Advice::Never));
    let error = Error::from_boxed(Box::new(tower::timeout::error::Elapsed::new()), false);
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Timeout, Applied::No));
}

#[test]
fn the_load_shedding_of_tower_is_a_refusal() {
    for called in [false, true] {
        let error = Error::from_boxed(Box::new(tower::load_shed::error::Overloaded::new()), called);
        assert_eq!((error.kind(), error.rejection()), (ErrorKind::Rejected, None));
        assert_eq!((error.applied(), error.advice()), (Applied::No, Advice::Never));
    }
}

#[test]
fn anything_else_is_internal_and_never_repeated() {
    for (called, applied) in [(false, Applied::No), (true, Applied::Maybe)] {
        let error = Error::from_boxed(SECRET.into(), called);
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Internal, applied));
        assert!(!error.may_retry(true));
        assert_eq!(error.source().unwrap().to_string(), SECRET);
        assert!(!format!("{error} {error:?}").contains(SECRET));
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_patience_says_nothing_of_the_node() {
    use tower::ServiceBuilder;
    use tower_cassandra_layers::Fault;
    use tower_cassandra_layers::timeout::TimeoutLayer;

    let late = async |limit: u64| {
        let service = ServiceBuilder::new()
            .layer(TimeoutLayer::call(Duration::from_millis(limit)).unwrap())
            .service_fn(async |_: crate::Statement| -> Result<crate::Response, Error> {
                std::future::pending().await
            });
        let error = service
            .oneshot(crate::Statement::new("INSERT INTO t (a) VALUES (1)"))
            .await;
        error.unwrap_err().judge(crate::Nature::Write)
    };
    let (short, long) = (late(999).await, late(1_000).await);
    assert_eq!((short.fault, long.fault), (Fault::Client, Fault::Node));
    for failure in [short, long] {
        assert_eq!((failure.applied, failure.advice), (Applied::Maybe, Advice::Never));
    }
}
