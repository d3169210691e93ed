//! Options of connecting: logins, contact points, profiles, metadata.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use local_cassandra::forward::Forward;
use scripted_cassandra::{Action, Consistency as Sent, ErrorFrame, Match, Opcode};
use tokio::time::Instant;
use tower_cassandra::scylla::client::SelfIdentity;
use tower_cassandra::scylla::client::execution_profile::ExecutionProfile;
use tower_cassandra::scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use tower_cassandra::scylla::policies::retry::DefaultRetryPolicy;
use tower_cassandra::scylla::statement::{Consistency, SerialConsistency};
use tower_cassandra::{ErrorKind, PageState, Profile, Statement};

use crate::support::{Bed, PATIENCE, client, ms, requests, server, until};

const QUERY: &str = "SELECT key FROM system.local";
const SELECT: &str = "SELECT v FROM ks.t WHERE id = 1";

#[tokio::test]
async fn a_refused_login_is_sent_to_one_of_three_nodes() {
    let cluster = server(3).login("me", "secret").start().await.unwrap();
    let error = client(&cluster)
        .credentials("me", "guess")
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error:?}");
    let logins = cluster.logins();
    assert_eq!((logins.accepted, logins.refused), (0, 1));

    // Accepted once, it is sent to all.
    let session = client(&cluster)
        .credentials("me", "secret")
        .connect()
        .await
        .unwrap();
    until("all nodes are connected", || session.health().healthy == 3).await;
    let logins = cluster.logins();
    assert_eq!((logins.accepted, logins.refused), (4, 1));
    session.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn net_03_one_contact_point_of_three_may_be_away() {
    let cluster = server(3).start().await.unwrap();
    cluster.node(0).stop_listening().await.unwrap();
    let start = Instant::now();
    let session = client(&cluster).connect().await.unwrap();
    assert!(start.elapsed() < ms(5_000), "{:?}", start.elapsed());
    for _ in 0..10 {
        assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
    }
    session.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn contact_names_are_resolved_anew_when_all_known_nodes_are_gone() {
    let cluster = server(2).start().await.unwrap();
    let (old, new) = (cluster.node(0), cluster.node(1));
    new.set_member(false);
    let gate = Forward::at("127.0.0.1:0", &old.address().to_string())
        .await
        .unwrap();
    // The driver takes the port of the contact point for all nodes, so the nodes' own addresses are translated.
    let port = gate.address().port();
    let rule = |node: SocketAddr| (SocketAddr::new(node.ip(), port), node);
    let rules = HashMap::from([rule(old.address()), rule(new.address())]);
    let session = client(&cluster)
        .contact_points([format!("localhost:{port}")])
        .address_translator(Arc::new(rules))
        .connect()
        .await
        .unwrap();
    assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
    let known = || {
        session
            .health()
            .nodes
            .into_iter()
            .map(|node| node.host_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(known(), [old.host_id()]);
    // All that was known is gone, and the name leads to where the data are now.
    new.set_member(true);
    old.set_member(false);
    gate.redirect(&new.address().to_string());
    old.crash().await.unwrap();
    let start = Instant::now();
    while session.execute(QUERY).await.is_err() {
        assert!(
            start.elapsed() < ms(20_000),
            "not found again: {:?}",
            session.health()
        );
        tokio::time::sleep(ms(20)).await;
    }
    println!("found at the new address after {:?}", start.elapsed());
    assert_eq!(known(), [new.host_id()]);
    session.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_profile_sets_what_its_statements_do_not() {
    let profile = Profile::new()
        .consistency(Consistency::Two)
        .serial_consistency(SerialConsistency::Serial)
        .page_size(7)
        .no_retry();
    let patient = Profile::new().max_retries(1).timeout(ms(150));
    let bed = Bed::with(3, |client| {
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
    assert!(start.elapsed() < ms(1_500), "{:?}", start.elapsed());
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

#[tokio::test]
async fn metadata_are_read_when_asked_for() {
    let cluster = server(2).start().await.unwrap();
    // The node that is asked must not be the one that leaves: it would still count itself.
    let points = cluster.contact_points().into_iter().take(1);
    let session = client(&cluster).contact_points(points).connect().await.unwrap();
    assert_eq!(session.protocol_version(), 4);
    assert_eq!(session.cluster_state().unwrap().cluster_name(), "scripted");
    assert_eq!(session.health().nodes.len(), 2);
    cluster.node(1).set_member(false);
    session.refresh_metadata().await.unwrap();
    // At once, and not when the session looks by itself.
    assert_eq!(session.health().nodes.len(), 1);
    cluster.node(1).set_member(true);
    session.refresh_metadata().await.unwrap();
    assert_eq!(session.cluster_state().unwrap().get_nodes_info().len(), 2);
    session.close(PATIENCE).await.unwrap();
    for error in [
        session.refresh_metadata().await.unwrap_err(),
        session.cluster_state().map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Closed);
    }
}

#[tokio::test]
async fn ddl_is_sent_once_and_waits_for_agreement_as_a_step_of_its_own() {
    let bed = Bed::with(2, |client| client.schema_agreement_timeout(ms(400))).await;
    bed.cluster.node(1).disagree_on_schema(true);
    bed.cluster.ledger().clear();
    let ddl = "CREATE TABLE ks.later (id int PRIMARY KEY, v text)";
    let error = bed.session.execute(ddl).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaAgreement, "{error:?}");
    assert_eq!(error.applied(), tower_cassandra::Applied::Yes);
    let sent = |opcode| {
        bed.frames()
            .iter()
            .filter(|frame| frame.opcode == opcode && frame.text() == ddl)
            .count()
    };
    assert_eq!(sent(Opcode::Query), 1);
    // The deadline of the whole is over before that.
    let started = Instant::now();
    let ddl = Statement::new("CREATE TABLE ks.soon (id int PRIMARY KEY)").deadline(ms(100));
    let error = bed.session.execute(ddl).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaAgreement, "{error:?}");
    assert_eq!(error.applied(), tower_cassandra::Applied::Yes);
    assert!(
        (ms(100)..ms(350)).contains(&started.elapsed()),
        "{:?}",
        started.elapsed()
    );
    bed.cluster.node(1).disagree_on_schema(false);
    bed.at_rest().await;
}
