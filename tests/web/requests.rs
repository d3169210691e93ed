//! The session of a request: deadline, consistency, figures.

use std::convert::Infallible;
use std::time::Duration;

use axum_core::extract::{FromRef, FromRequestParts};
use http::{Request, Response};
use scripted_cassandra::{Consistency as Sent, Opcode, ScriptedCluster};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cassandra::axum::{QueryFigures, RequestLayer, RequestOptions, RequestSession};
use tower_cassandra::scylla::statement::Consistency;
use tower_cassandra::test_util::{Answer, Expect, Reply, Script};
use tower_cassandra::{ClusterBuilder, ErrorKind, Limit, PageState, Session, Statement, StreamOptions};

const SELECT: &str = "SELECT v FROM t";
const SERVER_TIMING: &str = "server-timing";

#[derive(Clone)]
struct App {
    session: Session,
}

impl FromRef<App> for Session {
    fn from_ref(app: &App) -> Self {
        app.session.clone()
    }
}

/// A service whose handler does this with the session of its request.
fn service<F>(
    session: &Session,
    options: RequestOptions,
    handler: impl Fn(RequestSession) -> F + Clone,
) -> impl Service<Request<()>, Response = Response<()>, Error = Infallible> + Clone
where
    F: Future<Output = ()>,
{
    let app = App {
        session: session.clone(),
    };
    RequestLayer::new(options)
        .unwrap()
        .layer(service_fn(move |request: Request<()>| {
            let (app, handler) = (app.clone(), handler.clone());
            async move {
                let (mut parts, ()) = request.into_parts();
                let session = RequestSession::from_request_parts(&mut parts, &app)
                    .await
                    .unwrap();
                handler(session).await;
                Ok(Response::new(()))
            }
        }))
}

fn with(name: &'static str, value: &'static str) -> Request<()> {
    Request::builder().header(name, value).body(()).unwrap()
}

fn row() -> Reply {
    Reply::rows([("v", "int")]).row((1,))
}

#[tokio::test(start_paused = true)]
async fn all_that_a_request_runs_ends_at_its_deadline() {
    let script = Script::new().expect(Expect::text(SELECT).reply(Answer::never()).any_times());
    let session = script.session_under(ClusterBuilder::new().no_metrics()).unwrap();
    let handler = async |session: RequestSession| {
        let began = Instant::now();
        // Half of the time is gone before the first statement.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let error = session.execute(SELECT).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.timeout()),
            (ErrorKind::Timeout, Some(Limit::Deadline))
        );
        assert_eq!(began.elapsed(), Duration::from_millis(100));
        // What comes later is not sent at all.
        let error = session
            .stream::<(i32,)>(SELECT)
            .next()
            .await
            .unwrap()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        let error = session
            .execute_page(SELECT, PageState::start())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        let item = session.execute_many([SELECT]).next().await.unwrap();
        assert_eq!(item.result.unwrap_err().kind(), ErrorKind::Timeout);
        let mut pages = session.pages_with(SELECT, StreamOptions::new());
        assert_eq!(
            pages.next().await.unwrap().unwrap_err().kind(),
            ErrorKind::Timeout
        );
        assert_eq!(session.remaining(), Some(Duration::ZERO));
        assert_eq!(began.elapsed(), Duration::from_millis(100));
    };
    let service = service(&session, RequestOptions::new(), handler);
    service.oneshot(with("x-request-timeout", "0.1")).await.unwrap();
    assert_eq!(script.count(SELECT), 1);
}

#[tokio::test(start_paused = true)]
async fn preparing_ends_at_the_deadline_too() {
    // A service that never answers a PREPARE.
    let session = Session::from_service(service_fn(|_: Statement| {
        std::future::pending::<Result<tower_cassandra::Response, tower_cassandra::Error>>()
    }));
    let handler = async |session: RequestSession| {
        let error = session.prepare(SELECT).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.timeout()),
            (ErrorKind::Timeout, Some(Limit::Deadline))
        );
        assert!(!error.is_ambiguous());
    };
    let began = Instant::now();
    let service = service(&session, RequestOptions::new(), handler);
    service.oneshot(with("x-request-timeout", "0.25")).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn what_a_request_asked_is_counted_and_told() {
    let second = Duration::from_secs(1);
    let script = Script::new()
        .expect(
            Expect::text(SELECT)
                .reply(Answer::from(row()).after(second))
                .any_times(),
        )
        .expect(Expect::text("SELECT v FROM pages").pages([row(), row(), row()]));
    let session = script.session();
    let handler = async |session: RequestSession| {
        // Two at the same time count both.
        let (a, b) = tokio::join!(session.execute(SELECT), session.execute(SELECT));
        assert!(a.is_ok() && b.is_ok());
        let mut rows = session.stream::<(i32,)>("SELECT v FROM pages");
        while let Some(row) = rows.next().await {
            row.unwrap();
        }
        // Who gives up has asked all the same.
        let gave_up = tokio::time::timeout(second / 2, session.execute(SELECT)).await;
        assert!(gave_up.is_err());
        // The session itself is not counted.
        session.session().execute(SELECT).await.unwrap();
        assert_eq!(session.figures().queries, 6);
    };
    let service = service(&session, RequestOptions::new(), handler);
    let response = service.clone().oneshot(Request::new(())).await.unwrap();
    let figures: &QueryFigures = response.extensions().get().unwrap();
    assert_eq!((figures.queries, figures.time), (6, second * 5 / 2));
    assert_eq!(
        response.headers()[SERVER_TIMING],
        r#"db;dur=2500.0;desc="6 queries""#
    );
}

#[tokio::test]
async fn the_innermost_options_count_and_the_outermost_layer_measures() {
    let script = Script::new().expect(Expect::text(SELECT).reply(row()).any_times());
    let handler = async |session: RequestSession| {
        session.execute(SELECT).await.unwrap();
        assert_eq!(
            session
                .deadline()
                .unwrap()
                .duration_since(Instant::now())
                .as_secs(),
            4
        );
    };
    let session = script.session();
    let inner = RequestOptions::new()
        .default_timeout(Duration::from_secs(5))
        .server_timing(false);
    let inner = service(&session, inner, handler);
    let response = RequestLayer::default()
        .layer(inner.clone())
        .oneshot(Request::new(()))
        .await
        .unwrap();
    let headers: Vec<_> = response.headers().get_all(SERVER_TIMING).iter().collect();
    assert_eq!(headers.len(), 1);
    assert!(headers[0].to_str().unwrap().ends_with(r#"desc="1 query""#));

    let response = inner.oneshot(Request::new(())).await.unwrap();
    assert!(response.headers().get(SERVER_TIMING).is_none());
    assert_eq!(response.extensions().get::<QueryFigures>().unwrap().queries, 1);
}

/// The frames tell, not our own types.
#[tokio::test]
async fn web_15_a_level_of_the_caller_is_sent_with_every_statement() {
    let table = scripted_cassandra::Table::new("ks", "t").partition_key("id", scripted_cassandra::Type::Int);
    let cluster = ScriptedCluster::builder()
        .keyspace("ks", 1)
        .table(table.column("v", scripted_cassandra::Type::Text))
        .start()
        .await
        .unwrap();
    let session = ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .no_health_check()
        .connect()
        .await
        .unwrap();
    let handler = async |session: RequestSession| {
        session
            .query("INSERT INTO ks.t (id, v) VALUES (?, ?)", (1, "v"))
            .await
            .unwrap();
        // Its own level gives way.
        let own = Statement::new("SELECT v FROM ks.t WHERE id = 1").consistency(Consistency::Two);
        session.execute(own).await.unwrap();
    };
    let options =
        RequestOptions::new().allow_consistency([Consistency::One, Consistency::Quorum, Consistency::All]);
    let service = service(&session, options, handler);
    for (level, sent) in [("ONE", Sent::ONE), ("QUORUM", Sent::QUORUM), ("ALL", Sent::ALL)] {
        cluster.ledger().clear();
        service
            .clone()
            .oneshot(with("x-consistency-level", level))
            .await
            .unwrap();
        let frames = cluster.ledger().filter(|frame| frame.opcode != Opcode::Prepare);
        let levels: Vec<_> = frames.iter().map(|frame| frame.consistency).collect();
        assert_eq!(levels, [Some(sent), Some(sent)], "{level}");
    }
    session.close(Duration::from_secs(60)).await.unwrap();
}
