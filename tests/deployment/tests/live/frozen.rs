//! A node that is frozen is connected to by its kernel, and never answers a handshake.

use std::time::Duration;

use local_cassandra::{LocalCluster, testing};
use tokio::time::Instant;
use tower_cassandra::ClusterBuilder;

use crate::certificates::SERVER_NAME;
use crate::support::{PATIENCE, QUERY, right_files, with_tls};
use crate::tls::libraries;

fn client(cluster: &LocalCluster) -> ClusterBuilder {
    ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .no_metrics()
        .tcp_connect_timeout(Duration::from_secs(3))
        .connect_timeout(PATIENCE / 2)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_that_answers_is_enough_also_with_tls() {
    let test = "one_node_that_answers_is_enough_also_with_tls";
    // Not beside others: a machine that stands still for them stands still for this one's limits.
    let _alone = testing::alone().await;
    let nodes = with_tls(testing::patient_node().nodes(2));
    let Some(cluster) = testing::start(test, nodes).await else {
        return;
    };
    for library in libraries() {
        let files = right_files(library);
        let files = match library {
            // The certificate is that of one node.
            tower_cassandra::TlsLibrary::Rustls => files.server_name(SERVER_NAME),
            _ => files,
        };
        for frozen in [0, 1] {
            cluster.node(frozen).freeze().unwrap();
            let started = Instant::now();
            let session = client(&cluster).tls_files(files.clone()).connect().await;
            let took = started.elapsed();
            println!("{library:?}: without node {frozen} after {took:?}");
            let session = session.unwrap();
            assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
            cluster.node(frozen).resume().unwrap();
            session.close(PATIENCE).await.unwrap();
        }
        // With all of them awake nobody waits for a limit.
        let started = Instant::now();
        let session = client(&cluster).tls_files(files).connect().await.unwrap();
        println!("{library:?}: with both after {:?}", started.elapsed());
        session.close(PATIENCE).await.unwrap();
    }
    cluster.stop().await;
}
