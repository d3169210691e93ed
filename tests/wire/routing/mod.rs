//! Where statements go: near before far, replicas before others, and what happens when the cluster changes.

mod changes;
mod names;
mod places;
mod tokens;

use std::collections::BTreeSet;

use scripted_cassandra::{Builder, Frame, Opcode, ScriptedCluster, Table, Type};
use tokio::time::Instant;
use tower_cassandra::{ClusterBuilder, Prepared, Session, Statement};

use crate::support::{Bed, PATIENCE, client};

/// Six nodes in three racks, two of them in each, and three copies of everything.
fn three_racks() -> Builder {
    small(ScriptedCluster::builder().nodes(6).racks(3).keyspace("ks", 3))
}

fn small(builder: Builder) -> Builder {
    builder.table(
        Table::new("ks", "t")
            .partition_key("id", Type::Int)
            .column("v", Type::Text),
    )
}

async fn bed(server: Builder, change: impl FnOnce(ClusterBuilder) -> ClusterBuilder) -> Bed {
    let cluster = server.start().await.unwrap();
    let session = change(client(&cluster)).connect().await.unwrap();
    let bed = Bed { cluster, session };
    bed.connected().await;
    bed.cluster.ledger().clear();
    bed
}

/// The nodes that got what was executed for these ids, in order.
async fn nodes_of(bed: &Bed, prepared: &Prepared, ids: impl Iterator<Item = i32>) -> Vec<usize> {
    bed.cluster.ledger().clear();
    for id in ids {
        bed.session.execute(prepared.bind((id,)).unwrap()).await.unwrap();
    }
    bed.nodes()
}

/// The node that got the one frame of this statement.
async fn node_of(bed: &Bed, statement: impl Into<Statement>) -> usize {
    bed.cluster.ledger().clear();
    bed.session.execute(statement).await.unwrap();
    let frames: Vec<Frame> = bed.frames();
    let sent = frames
        .iter()
        .filter(|frame| matches!(frame.opcode, Opcode::Execute | Opcode::Batch | Opcode::Query));
    let nodes: Vec<usize> = sent.map(|frame| frame.node).collect();
    let [node] = nodes[..] else {
        panic!("one frame: {nodes:?}")
    };
    node
}

/// Exactly these nodes are asked for a statement without a token. One that was slow for a moment, for whatever reason, is passed over until
/// that is forgotten, so it may take more than a few.
async fn are_asked<const N: usize>(bed: &Bed, expected: [usize; N]) {
    let (mut nodes, started, mut asked) = (BTreeSet::new(), Instant::now(), 0);
    while asked < 60 || (nodes.len() < N && started.elapsed() < PATIENCE) {
        nodes.insert(node_of(bed, "SELECT key FROM system.local").await);
        asked += 1;
    }
    assert_eq!(nodes, BTreeSet::from(expected));
}

async fn second_session(bed: &Bed, change: impl FnOnce(ClusterBuilder) -> ClusterBuilder) -> Session {
    change(client(&bed.cluster)).connect().await.unwrap()
}
