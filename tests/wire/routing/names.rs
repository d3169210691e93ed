//! Data centres and racks that nobody knows.

use scripted_cassandra::ScriptedCluster;
use tower_cassandra::{ClusterBuilder, Error, ErrorKind, Session};
use tracing::Level;

use super::{small, three_racks};
use crate::heard::Heard;
use crate::support::{SELECT, client};

async fn two_centres() -> ScriptedCluster {
    let server = ScriptedCluster::builder().datacenters([("near", 2), ("far", 2)]);
    small(server.keyspace("ks", 1)).start().await.unwrap()
}

/// Connects, and says what was warned of.
async fn connect(builder: ClusterBuilder) -> (Result<Session, Error>, Vec<String>) {
    // The warnings of this crate.
    let (warnings, guard) = Heard::listen(|metadata| {
        *metadata.level() == Level::WARN && metadata.target().starts_with("tower_cassandra")
    });
    let session = builder.connect().await;
    if let Ok(session) = &session {
        for id in 0..20 {
            session.query(SELECT, (id,)).await.unwrap();
        }
    }
    drop(guard);
    (session, warnings.lines())
}

#[tokio::test]
async fn an_unknown_data_centre_is_warned_of_once_with_those_that_there_are() {
    let cluster = two_centres().await;
    let (session, warnings) = connect(client(&cluster).prefer_datacenter("nowhere")).await;
    let session = session.unwrap();
    let [warning] = &warnings[..] else {
        panic!("one warning: {warnings:?}")
    };
    for word in ["nowhere", "far, near", "prefer_datacenter"] {
        assert!(warning.contains(word), "{warning}");
    }
    // That of the first contact point takes its place.
    cluster.ledger().clear();
    for _ in 0..20 {
        session.execute("SELECT key FROM system.local").await.unwrap();
    }
    let nodes = cluster.ledger().filter(|_| true);
    assert!(nodes.iter().all(|frame| frame.node < 2));
}

#[tokio::test]
async fn where_places_are_strict_an_unknown_one_is_an_error_that_names_those_that_there_are() {
    let cluster = two_centres().await;
    let (session, _) = connect(
        client(&cluster)
            .prefer_datacenter("nowhere")
            .strict_locality(true),
    )
    .await;
    let error = session.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    for word in ["prefer_datacenter", "nowhere", "far, near"] {
        assert!(text.contains(word), "{text}");
    }
    let cluster = three_racks().start().await.unwrap();
    let (session, _) = connect(client(&cluster).prefer_rack("rack9").strict_locality(true)).await;
    let text = session.unwrap_err().to_string();
    for word in ["prefer_rack", "rack9", "rack1, rack2, rack3"] {
        assert!(text.contains(word), "{text}");
    }
}

#[tokio::test]
async fn an_unknown_rack_is_warned_of_once_and_all_replicas_are_alike() {
    let cluster = three_racks().start().await.unwrap();
    let (session, warnings) = connect(client(&cluster).prefer_rack("rack9")).await;
    session.unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("rack9") && warnings[0].contains("rack1, rack2, rack3"),
        "{warnings:?}"
    );
    let (session, warnings) = connect(client(&cluster).prefer_rack("rack1").strict_locality(true)).await;
    session.unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
}
