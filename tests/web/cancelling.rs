//! A caller that goes away.

use std::time::Duration;

use tower_cassandra::axum::RequestSession;
use tower_cassandra::test_util::{Answer, Expect, Script};
use tower_cassandra::{ClusterBuilder, ConcurrencyLimit};

const SELECT: &str = "SELECT v FROM t";

/// A handler that is dropped leaves no permit, no place in the queue, no running call and no task behind.
#[tokio::test(start_paused = true)]
async fn a_dropped_handler_gives_everything_back_at_once() {
    let script = Script::new().expect(Expect::text(SELECT).reply(Answer::never()).any_times());
    let limit = ConcurrencyLimit::new(4).queue(100);
    let builder = ClusterBuilder::new().no_metrics().concurrency_limit(limit);
    let session = script.session_under(builder).unwrap();
    let limit = session.limits().concurrency.unwrap();
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let mut handlers = Vec::new();
    for _ in 0..50 {
        let request = RequestSession::new(session.clone());
        handlers.push(Box::pin(async move {
            let mut rows = request.stream::<(i32,)>(SELECT);
            tokio::join!(request.execute(SELECT), rows.next()).0
        }));
    }
    let all = futures_util::future::select_all(handlers);
    assert!(
        tokio::time::timeout(Duration::from_millis(10), all)
            .await
            .is_err()
    );
    // They are dropped with the timeout.
    assert_eq!((limit.active(), limit.queued(), session.running()), (0, 0, 0));
    assert_eq!(limit.admitted(), 4);
    assert_eq!(
        tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        tasks
    );
}
