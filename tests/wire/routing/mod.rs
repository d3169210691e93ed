//! Where statements go: near before far, replicas before others, and what happens when the cluster changes.

mod changes;
mod names;
mod places;

use scripted_cassandra::{Builder, Frame, Opcode, ScriptedCluster, Table, Type};
use tower_cassandra::{ClusterBuilder, Prepared, Session, Statement};

use crate::support::{Bed, client};

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

async fn second_session(bed: &Bed, change: impl FnOnce(ClusterBuilder) -> ClusterBuilder) -> Session {
    change(client(&bed.cluster)).connect().await.unwrap()
}
