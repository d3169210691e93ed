//! The token of a statement is the one that the driver would give it, whatever its key looks like.

use scylla::serialize::row::SerializeRow;

use super::*;

const NODES: usize = 6;

/// With one copy of everything, the node that is asked tells which token it was.
async fn one_copy() -> Bed {
    let items = Table::new("ks", "items")
        .partition_key("id", Type::Text)
        .column("v", Type::Int);
    let pairs = Table::new("ks", "pairs")
        .partition_key("a", Type::Int)
        .partition_key("b", Type::Text)
        .column("v", Type::Int);
    let builder = ScriptedCluster::builder().nodes(NODES).keyspace("ks", 1);
    bed(builder.table(items).table(pairs), |builder| builder).await
}

/// The node that the driver would ask.
async fn by_driver(bed: &Bed, text: &str, values: &impl SerializeRow) -> usize {
    let driver = bed.session.driver().unwrap();
    let prepared = driver.prepare(text).await.unwrap();
    let token = prepared.calculate_token(values).unwrap().unwrap();
    let table = prepared.get_table_name().unwrap();
    let state = driver.get_cluster_state();
    let replicas = state.get_token_endpoints("ks", table, token);
    let [(replica, _)] = &replicas[..] else {
        panic!("one copy: {replicas:?}")
    };
    (0..NODES)
        .find(|node| bed.cluster.node(*node).host_id() == replica.host_id)
        .unwrap()
}

async fn agree(bed: &Bed, text: &str, all: impl Iterator<Item = impl SerializeRow>) {
    let prepared = bed.session.prepare(text).await.unwrap();
    let mut nodes = BTreeSet::new();
    for values in all {
        let expected = by_driver(bed, text, &values).await;
        let asked = node_of(bed, prepared.bind(values).unwrap()).await;
        assert_eq!(asked, expected, "{text}");
        nodes.insert(asked);
    }
    assert!(nodes.len() > NODES / 2, "{nodes:?}");
}

#[tokio::test]
async fn of_one_column_that_stands_first_or_last_and_is_short_or_long() {
    let bed = one_copy().await;
    let ids = || (0..24).map(|length| "key".repeat(length));
    agree(
        &bed,
        "INSERT INTO ks.items (id, v) VALUES (?, ?)",
        ids().map(|id| (id, 1)),
    )
    .await;
    agree(
        &bed,
        "UPDATE ks.items SET v = ? WHERE id = ?",
        ids().map(|id| (1, id)),
    )
    .await;
}

#[tokio::test]
async fn of_two_columns_in_any_order() {
    let bed = one_copy().await;
    let keys = || (0..24).map(|number| (number, format!("b{number}")));
    agree(&bed, "SELECT v FROM ks.pairs WHERE a = ? AND b = ?", keys()).await;
    let turned = keys().map(|(a, b)| (b, a));
    agree(&bed, "SELECT v FROM ks.pairs WHERE b = ? AND a = ?", turned).await;
}
