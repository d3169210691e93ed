//! The end of a service.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::process::Stdio;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower_cassandra::ErrorKind;
use tower_cassandra::axum::Shutdown;
use tower_cassandra::test_util::{Answer, Expect, Reply, Script};

const SECOND: Duration = Duration::from_secs(1);
const SELECT: &str = "SELECT v FROM t";

#[tokio::test(start_paused = true)]
async fn requests_drain_before_the_session_and_both_within_the_limit() {
    let reply = Answer::from(Reply::empty()).after(SECOND * 3);
    let script = Script::new().expect(Expect::text(SELECT).reply(reply));
    let session = script.session();
    let shutdown = Shutdown::new(session.clone(), SECOND * 10);
    let began = Instant::now();
    let server = {
        let (requested, session) = (shutdown.requested(), session.clone());
        async move {
            requested.await;
            assert_eq!(began.elapsed(), SECOND);
            // A request that was accepted before still gets its answer.
            session.execute(SELECT).await.unwrap();
            Ok::<_, Infallible>(())
        }
    };
    let begin = async {
        sleep(SECOND).await;
        shutdown.begin();
        shutdown.begin();
    };
    let (report, ()) = tokio::join!(shutdown.run(server), begin);
    let report = report.unwrap();
    assert!(report.is_clean() && !report.forced, "{report}");
    assert_eq!(report.took, SECOND * 3);
    assert_eq!(
        session.execute(SELECT).await.unwrap_err().kind(),
        ErrorKind::Closed
    );
    script.finish().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_than_the_limit_is_cut_off() {
    let script = Script::new().expect(Expect::text(SELECT).reply(Answer::never()).any_times());
    let session = script.session();
    let shutdown = Shutdown::new(session.clone(), SECOND * 10);
    shutdown.begin();
    let running = tokio::spawn({
        let session = session.clone();
        async move { session.execute(SELECT).await }
    });
    tokio::task::yield_now().await;
    let began = Instant::now();
    let report = shutdown.run(pending::<Result<(), Infallible>>()).await.unwrap();
    assert_eq!(began.elapsed(), SECOND * 10);
    assert!(!report.is_clean() && !report.server_ended, "{report}");
    assert_eq!(report.calls_cut_off, 1);
    assert_eq!(running.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);

    // A server that ends in time leaves the rest of it to the session.
    let session = script.session();
    let shutdown = Shutdown::new(session.clone(), SECOND * 10);
    shutdown.begin();
    let running = tokio::spawn(async move { session.execute(SELECT).await });
    tokio::task::yield_now().await;
    let began = Instant::now();
    let server = async {
        sleep(SECOND * 4).await;
        Ok::<_, Infallible>(())
    };
    let report = shutdown.run(server).await.unwrap();
    assert_eq!(began.elapsed(), SECOND * 10);
    assert!(report.server_ended && report.calls_cut_off == 1, "{report}");
    assert_eq!(running.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_server_lingers_where_it_is_asked_to() {
    let shutdown = Shutdown::new(Script::new().session(), SECOND * 10).linger(SECOND * 5);
    let requested = shutdown.requested();
    shutdown.begin();
    let began = Instant::now();
    requested.await;
    assert_eq!(began.elapsed(), SECOND * 5);
    // Never longer than all of it.
    let shutdown = Shutdown::new(Script::new().session(), SECOND).linger(SECOND * 5);
    shutdown.begin();
    shutdown.requested().await;
    assert_eq!(began.elapsed(), SECOND * 6);
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_server_comes_out_and_the_session_is_closed() {
    let session = Script::new().session();
    let shutdown = Shutdown::new(session.clone(), SECOND);
    let error = shutdown.run(ready(Err::<(), _>("no port"))).await.unwrap_err();
    assert_eq!(error, "no port");
    assert!(session.is_closed());
}

/// The process that the test below sends signals to.
#[tokio::test]
#[ignore = "it is started by another test"]
async fn child() {
    let script = Script::new().expect(Expect::text(SELECT).reply(Answer::never()).any_times());
    let session = script.session();
    let shutdown = Shutdown::new(session.clone(), Duration::from_secs(600));
    let server = async {
        let requested = shutdown.requested();
        println!("listening");
        requested.await;
        println!("draining");
        pending::<Result<(), Infallible>>().await
    };
    let _running = tokio::spawn(async move { session.execute(SELECT).await });
    let report = shutdown.run(server).await.unwrap();
    println!("report: {report} forced={}", report.forced);
}

/// In a process of its own: signals go to all of a process.
#[cfg(unix)]
#[tokio::test]
async fn a_signal_begins_it_and_a_second_one_ends_it_at_once() {
    use tokio::io::{AsyncBufReadExt, BufReader};
    for signals in [["TERM", "TERM"], ["INT", "TERM"]] {
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "shutdown::child", "--ignored", "--nocapture"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let id = child.id().unwrap().to_string();
        let kill = async |signal: &str| {
            let sent = tokio::process::Command::new("kill")
                .args(["-s", signal, &id])
                .status()
                .await;
            assert!(sent.unwrap().success());
        };
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = async |what: &str| loop {
            let line = lines
                .next_line()
                .await
                .unwrap()
                .unwrap_or_else(|| panic!("it ended before {what}"));
            if line.contains(what) {
                return line;
            }
        };
        said("listening").await;
        kill(signals[0]).await;
        said("draining").await;
        kill(signals[1]).await;
        let report = said("report:").await;
        assert!(
            report.contains("forced=true") && report.contains("calls cut off: 1"),
            "{report}"
        );
        assert!(child.wait().await.unwrap().success());
    }
}
