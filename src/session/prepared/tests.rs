use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::runtime::Builder;

use crate::cluster::defaults;
use crate::{Applied, Error, ErrorKind, Response, Session, Statement};

#[tokio::test(start_paused = true)]
async fn a_service_that_never_answers_does_not_hold_up_a_prepare_for_ever() {
    let service = tower::service_fn(|_: Statement| pending::<Result<Response, Error>>());
    let session = Session::from_service(service);
    let started = tokio::time::Instant::now();
    let error = session.prepare("SELECT a FROM t").await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Timeout, Applied::No));
    assert_eq!(started.elapsed(), defaults::PREPARE_TIMEOUT);
    assert_eq!(session.prepared_cache().in_flight, 0);
}

#[test]
fn a_runtime_that_ends_before_its_prepare_began_does_not_spoil_the_text() {
    let service = tower::service_fn(|_: Statement| async { Ok::<_, Error>(Response::empty()) });
    let session = Session::from_service(service);
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    first.block_on(async {
        // Polled once: the task is there and was not run.
        let prepare = session.prepare("SELECT a FROM t");
        let mut prepare = pin!(prepare);
        poll_fn(|cx| Poll::Ready(prepare.as_mut().poll(cx).is_pending()))
            .await
            .then_some(())
            .unwrap();
    });
    drop(first);
    let error = runtime()
        .block_on(session.prepare("SELECT a FROM t"))
        .unwrap_err();
    // This service prepares nothing, and says so.
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}
