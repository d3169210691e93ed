//! Profiles: ours, those of the driver, and what of the driver may be configured beside our layers.

use std::sync::Arc;

use scripted_cassandra::{Action, Consistency as Sent, ErrorFrame, Match, Opcode};
use tokio::time::Instant;
use tower_cassandra::scylla::client::SelfIdentity;
use tower_cassandra::scylla::client::execution_profile::ExecutionProfile;
use tower_cassandra::scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use tower_cassandra::scylla::policies::retry::DefaultRetryPolicy;
use tower_cassandra::scylla::statement::{Consistency, SerialConsistency};
use tower_cassandra::{ErrorKind, PageState, Profile, Statement};

use crate::support::{Bed, PATIENCE, client, ms, requests, server, until};

const SELECT: &str = "SELECT v FROM ks.t WHERE id = 1";

#[tokio::test]
async fn a_profile_sets_what_its_statements_do_not() {
    let profile = Profile::new()
        .consistency(Consistency::Two)
        .serial_consistency(SerialConsistency::Serial)
        .page_size(7)
        .no_retry();
    let patient = Profile::new().max_retries(1).timeout(ms(3_000));
    let bed = Bed::with(3, |client| {
        let client = client.timeout(PATIENCE).attempt_timeout(None);
        client.profile("p", profile).profile("patient", patient)
    })
    .await;
    let session = &bed.session;
    let sent = async |statement: Statement| {
        bed.cluster.ledger().clear();
        let result = session.execute(statement).await;
        (bed.frames(), result)
    };
    let select = || Statement::new(SELECT);

    let (frames, _) = sent(select()).await;
    assert_eq!(
        (frames[0].consistency, frames[0].page_size),
        (Some(Sent::LOCAL_QUORUM), Some(5_000))
    );
    let (frames, _) = sent(select().profile("p")).await;
    let frame = &frames[0];
    assert_eq!((frame.consistency, frame.page_size), (Some(Sent::TWO), Some(7)));
    assert_eq!(frame.serial_consistency, Some(Sent::SERIAL));
    let (frames, _) = sent(select().profile("p").page_size(8).consistency(Consistency::One)).await;
    assert_eq!(
        (frames[0].consistency, frames[0].page_size),
        (Some(Sent::ONE), Some(8))
    );

    // A page by itself and a stream take it as well; the profile wins over the stream's own default.
    bed.cluster.ledger().clear();
    session
        .execute_page(select().profile("p"), PageState::start())
        .await
        .unwrap();
    let mut pages = session.pages(select().profile("p"));
    while pages.next().await.is_some() {}
    let sizes: Vec<_> = bed
        .frames()
        .iter()
        .map(|frame| (frame.consistency, frame.page_size))
        .collect();
    assert_eq!(sizes, [(Some(Sent::TWO), Some(7)); 2]);
    let error = session
        .execute_page(select().profile("q"), PageState::start())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);

    let (frames, result) = sent(select().profile("q")).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), frames.len()), (ErrorKind::Config, 0));
    assert!(error.to_string().contains("patient"), "{error}");

    // Retries: three by default, none, and one.
    bed.cluster.on(requests()).then(ErrorFrame::bootstrapping("soon"));
    for (statement, frames) in [
        (select(), 4),
        (select().profile("p"), 1),
        (select().profile("patient"), 2),
    ] {
        let (sent, result) = sent(statement).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Bootstrapping);
        assert_eq!(sent.len(), frames);
    }
    bed.cluster.clear_rules();
    bed.cluster.on(requests()).then(Action::Silence);
    let start = Instant::now();
    let error = session.execute(select().profile("patient")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(start.elapsed() < PATIENCE / 2, "{:?}", start.elapsed());
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn configure_changes_the_driver_but_not_who_retries() {
    // Retries and a consistency of the driver's own: attempts would multiply.
    let profile = ExecutionProfile::builder()
        .retry_policy(Arc::new(DefaultRetryPolicy::new()))
        .consistency(Consistency::All)
        .build()
        .into_handle();
    let identity = SelfIdentity::new().with_application_name("the name of the test");
    let bed = Bed::with(2, |client| {
        client.no_retry().configure(move |driver| {
            driver
                .default_execution_profile_handle(profile.clone())
                .custom_identity(identity.clone())
        })
    })
    .await;
    let startup = Match::opcode(Opcode::Startup).including_driver();
    let named = bed
        .cluster
        .on(startup.body_contains("the name of the test"))
        .then(Action::delay(ms(1)));
    assert!(bed.cluster.node(0).close_connections() > 0);
    until("it connects under its name", || named.applied() > 0).await;
    bed.connected().await;
    bed.cluster.on(requests()).then(ErrorFrame::bootstrapping("soon"));
    let error = bed.fails(SELECT).await;
    assert_eq!(error.kind(), ErrorKind::Bootstrapping, "{error:?}");
    let frames = bed.frames();
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].consistency, Some(Sent::LOCAL_QUORUM));
    bed.at_rest().await;
}

#[tokio::test]
async fn the_driver_may_choose_the_nodes() {
    let cluster = server(3).start().await.unwrap();
    let only = cluster.node(1).host_id();
    let policy = SingleTargetLoadBalancingPolicy::new(NodeIdentifier::HostId(only), None);
    let session = client(&cluster)
        .driver_load_balancing(policy)
        .connect()
        .await
        .unwrap();
    until("all nodes are connected", || {
        let state = session.cluster_state().unwrap();
        state.get_nodes_info().iter().all(|node| node.is_connected())
    })
    .await;
    cluster.ledger().clear();
    for _ in 0..10 {
        session.execute(SELECT).await.unwrap();
    }
    let frames = cluster.ledger().filter(|frame| frame.opcode == Opcode::Query);
    assert_eq!(frames.len(), 10);
    assert!(frames.iter().all(|frame| frame.node == 1));
    session.close(PATIENCE).await.unwrap();
}
