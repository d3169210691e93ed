//! TMO: time limits.

use scripted_cassandra::Action;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tower_cassandra::{ClusterBuilder, ErrorKind, Limit, Session, Statement};

use crate::support::{Bed, INSERT, SELECT, ms, requests};

/// Ends at its call limit, within 100 ms. A timer of the same length beside it takes what a busy machine adds.
async fn timed_out(session: &Session, statement: Statement, limit: u64) {
    let start = Instant::now();
    let call = async {
        let error = session.execute(statement).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.timeout()),
            (ErrorKind::Timeout, Some(Limit::Call))
        );
        start.elapsed()
    };
    let timer = async {
        sleep(ms(limit)).await;
        start.elapsed()
    };
    let (call, timer) = tokio::join!(call, timer);
    assert!(call >= ms(limit), "{call:?} of {limit} ms");
    assert!(call < timer + ms(100), "{call:?}, and the timer {timer:?}");
}

#[tokio::test]
async fn tmo_02_each_call_has_its_own_limit() {
    let bed = Bed::with(1, |client| client.no_retry().attempt_timeout(None)).await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    bed.cluster.on(requests()).then(Action::Silence);
    let session = &bed.session;
    tokio::join!(
        timed_out(session, select.clone().timeout(ms(1_000)), 1_000),
        timed_out(session, select.clone().timeout(ms(5_000)), 5_000),
        timed_out(session, select.clone(), 10_000),
    );
    // The node answered the keepalives: it is the same connection.
    assert_eq!(bed.cluster.node(0).accepted(), 2);
    assert_eq!(bed.frames().len(), 3);
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn tmo_03_five_that_are_swallowed_leave_the_session_open() {
    let bed = Bed::with(1, |client| client.no_retry()).await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap().timeout(ms(100));
    bed.cluster.on(requests()).times(5).then(Action::Silence);
    for _ in 0..5 {
        timed_out(&bed.session, select.clone(), 100).await;
    }
    bed.session.execute(select).await.unwrap();
    assert!(!bed.session.is_closed());
    assert_eq!(bed.frames().len(), 6);
    assert_eq!(bed.health(0).abandoned, 5);
    bed.hang_up().await;
    bed.at_rest().await;
}

/// A port on which nobody listens.
async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test]
async fn tmo_04_connecting_ends_at_its_limit() {
    // Connections are made by the operating system; nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = (silent.local_addr().unwrap().to_string(), silent);
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    for point in [silent.0, closed_port().await] {
        let start = Instant::now();
        let client = ClusterBuilder::new().contact_points([point.clone()]).no_metrics();
        let error = client.connect_timeout(ms(2_000)).connect().await.unwrap_err();
        assert!(start.elapsed() < ms(4_000), "{point}: {:?}", start.elapsed());
        assert!(
            matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout),
            "{error:?}"
        );
        println!("TMO-04 {point}: {error} after {:?}", start.elapsed());
    }
    crate::support::until("nothing is left running", || {
        tokio::runtime::Handle::current().metrics().num_alive_tasks() == tasks
    })
    .await;
}

#[tokio::test]
async fn the_call_limit_bounds_each_page_and_the_deadline_all_of_them() {
    let bed = Bed::make(1).await;
    let insert = bed.prepare(INSERT).await;
    for id in 0..8 {
        bed.session
            .execute(insert.bind((id, "v")).unwrap())
            .await
            .unwrap();
    }
    bed.cluster.on(requests()).then(Action::delay(ms(100)));
    // Eight pages of 100 ms each.
    let all = || {
        Statement::new("SELECT id, v FROM ks.t")
            .page_size(1)
            .timeout(ms(400))
    };
    let started = Instant::now();
    assert_eq!(bed.session.execute(all()).await.unwrap().len(), 8);
    assert!(started.elapsed() >= ms(800), "{:?}", started.elapsed());
    let started = Instant::now();
    let error = bed.fails(all().deadline(ms(350))).await;
    assert_eq!(
        (error.kind(), error.timeout()),
        (ErrorKind::Timeout, Some(Limit::Deadline))
    );
    assert!(started.elapsed() >= ms(350), "{:?}", started.elapsed());
    assert!(bed.frames().len() < 8);
    bed.at_rest().await;
}
