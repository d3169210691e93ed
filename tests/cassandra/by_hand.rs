//! Sessions as services, and sessions over services that were put together by hand.

use std::sync::Arc;

use scylla::client::session_builder::SessionBuilder;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_cassandra::cluster::{defaults, leaf_profile};
use tower_cassandra::layers::balance::{AllNodes, BalanceLayer};
use tower_cassandra::layers::health::Table;
use tower_cassandra::layers::metrics::MetricsLayer;
use tower_cassandra::layers::request::NodeId;
use tower_cassandra::layers::retry::RetryLayer;
use tower_cassandra::layers::timeout::TimeoutLayer;
use tower_cassandra::prometheus::Exporter;
use tower_cassandra::{
    CqlClassifier, Error, ErrorKind, HealthSettings, Response, RetryPolicy, Session, SessionService,
    Statement, scylla,
};

use crate::support::{PATIENCE, at_rest, builder, eventually, one_node};

const QUERY: &str = "SELECT key FROM system.local";

async fn driver(points: &[String]) -> Arc<scylla::client::session::Session> {
    let profile = leaf_profile(defaults::CONSISTENCY, defaults::SERIAL_CONSISTENCY);
    let driver = SessionBuilder::new()
        .known_nodes(points)
        .default_execution_profile_handle(profile.into_handle());
    Arc::new(driver.build().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_a_service() {
    let Some(cluster) = one_node("a_session_is_a_service").await else {
        return;
    };
    let session = builder(&cluster).connect().await.unwrap();
    let response = session.clone().oneshot(Statement::new(QUERY)).await.unwrap();
    assert_eq!(response.len(), 1);
    let mut limited = ServiceBuilder::new()
        .concurrency_limit(1)
        .timeout(PATIENCE)
        .service(session.clone());
    let ready: Result<_, BoxError> = limited.ready().await;
    let response = ready.unwrap().call(Statement::new(QUERY)).await.unwrap();
    assert_eq!(response.one::<(String,)>().unwrap(), Some(("local".to_owned(),)));
    at_rest(&session).await;

    session.close(PATIENCE).await.unwrap();
    let error = session.oneshot(Statement::new(QUERY)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_composed_by_hand_works_without_a_balancer() {
    let Some(cluster) = one_node("by_hand").await else {
        return;
    };
    let driver = driver(&cluster.contact_points()).await;
    let classifier = CqlClassifier::new();
    let exporter = Exporter::new();
    let service = ServiceBuilder::new()
        .layer(MetricsLayer::new(exporter.metrics(), classifier.clone()))
        .layer(TimeoutLayer::call(PATIENCE).unwrap())
        .layer(RetryLayer::new(RetryPolicy::default(), classifier).unwrap())
        .layer(TimeoutLayer::attempt(PATIENCE / 2).unwrap())
        .service(SessionService::new(driver));
    let session = Session::from_service(service);
    assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
    let prepared = session
        .prepare("SELECT key FROM system.local WHERE key = ?")
        .await
        .unwrap();
    let response = session.execute(prepared.bind(("local",)).unwrap()).await.unwrap();
    assert_eq!((response.len(), response.attempts()), (1, 1));
    let response = session
        .query("SELECT key FROM system.local WHERE key = ?", ("local",))
        .await
        .unwrap();
    assert_eq!(response.len(), 1);
    let error = session.execute("SELEKT").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Syntax);
    let text = exporter.render();
    let line = r#"cassandra_queries_total{query_type="prepared",success="success"} 2"#;
    assert!(text.contains(line), "{text}");
    assert!(session.health().nodes.is_empty());
    assert_eq!(session.driver().unwrap_err().kind(), ErrorKind::Unsupported);
    let error = session.set_keyspace("system", false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(session.running(), 0);
    session.close(PATIENCE).await.unwrap();
    assert_eq!(
        session.execute(QUERY).await.unwrap_err().kind(),
        ErrorKind::Closed
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_composed_by_hand_works_with_a_balancer() {
    let Some(cluster) = one_node("by_hand_balanced").await else {
        return;
    };
    let driver = driver(&cluster.contact_points()).await;
    let table = Table::new(HealthSettings::default()).unwrap();
    let state = driver.get_cluster_state();
    table.replace(state.get_nodes_info().iter().map(|node| {
        let id = NodeId(node.host_id.as_u128());
        table.endpoint(id, &node.address.to_string(), ())
    }));
    let classifier = CqlClassifier::with_table(table.clone());
    let service = ServiceBuilder::new()
        .layer(TimeoutLayer::call(PATIENCE).unwrap())
        .layer(RetryLayer::new(RetryPolicy::default(), classifier.clone()).unwrap())
        .layer(BalanceLayer::new(
            table.clone(),
            AllNodes::new(table.clone()),
            classifier,
        ))
        .layer(TimeoutLayer::attempt(PATIENCE / 2).unwrap())
        .service(SessionService::new(driver));
    let session = Session::from_service(service);
    for _ in 0..20 {
        assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
    }
    let nodes = table.snapshot();
    assert_eq!((nodes.len(), nodes[0].in_flight), (1, 0));
    assert!(nodes[0].mean_latency.is_some());

    // What is given up is kept until the node has answered.
    let dropped = tokio::time::timeout(std::time::Duration::from_micros(1), session.execute(QUERY)).await;
    assert!(dropped.is_err() || dropped.unwrap().is_ok());
    eventually(PATIENCE, "the node has answered", || {
        let node = &table.snapshot()[0];
        (node.in_flight, node.abandoned) == (0, 0)
    })
    .await;
    session.close(PATIENCE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mock_is_enough_for_a_test() {
    let mock = service_fn(|statement: Statement| async move {
        if statement.nature().is_read() {
            Ok(Response::empty())
        } else {
            Err(BoxError::from("only reads"))
        }
    });
    let session = Session::from_service(mock);
    let response = session.execute("SELECT a FROM t").await.unwrap();
    assert_eq!((response.len(), response.rows::<(i32,)>().unwrap()), (0, vec![]));
    let error: Error = session.execute("DELETE FROM t WHERE a = 1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    let error = session.prepare("SELECT a FROM t").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    session.close(PATIENCE).await.unwrap();
}
