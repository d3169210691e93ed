use std::future::pending;
use std::time::Duration;

use tokio::time::timeout;
use tower::service_fn;

use super::heard::Heard;
use crate::error::Error;
use crate::response::Response;
use crate::session::Session;
use crate::statement::Statement;

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_waits_for_any_more_says_so_and_others_do_not() {
    let silent = service_fn(|_: Statement| pending::<Result<Response, Error>>());
    let silent = Session::from_service(silent);
    let (heard, _guard) = Heard::listen();
    let call = silent.execute("SELECT a FROM t");
    timeout(Duration::from_millis(10), call).await.unwrap_err();
    let said = heard.take();
    assert!(said[0].starts_with("request "), "{said:?}");
    assert_eq!(said[1..], [r#"record error.type="cancelled""#]);

    let mut pages = silent.pages("SELECT a FROM t");
    timeout(Duration::from_millis(10), pages.next())
        .await
        .unwrap_err();
    drop(pages);
    let said = heard.take();
    let is_cancelled = |line: &&String| line.contains("cancelled");
    assert_eq!(said.iter().filter(is_cancelled).count(), 1, "{said:?}");

    let answering = service_fn(|_: Statement| async { Ok::<_, Error>(Response::empty()) });
    let answering = Session::from_service(answering);
    answering.execute("SELECT a FROM t").await.unwrap();
    let mut pages = answering.pages("SELECT a FROM t");
    pages.next().await.unwrap().unwrap();
    drop(pages);
    let said = heard.take();
    assert!(!said.iter().any(|line| line.contains("cancelled")), "{said:?}");

    let closing = silent.clone();
    let (call, ()) = tokio::join!(silent.execute("SELECT a FROM t"), async {
        let _ = closing.close(Duration::from_millis(10)).await;
    });
    call.unwrap_err();
    let said = heard.take();
    assert!(
        said.iter().any(|line| line.contains(r#"error.type="closed""#)),
        "{said:?}"
    );
    assert!(!said.iter().any(|line| line.contains("cancelled")), "{said:?}");
}
