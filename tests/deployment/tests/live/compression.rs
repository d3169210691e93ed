//! Compression, seen on the wire.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tower_cassandra::scylla::client::Compression;

use crate::support::{PATIENCE, count, shared};

const LENGTH: usize = 100_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_value_comes_back_and_takes_little_room_on_the_wire() {
    let Some(node) = shared("compression").await else {
        return;
    };
    let real: SocketAddr = node.address().parse().unwrap();
    for (compression, name) in [
        (None, ""),
        (Some(Compression::Lz4), "lz4"),
        (Some(Compression::Snappy), "snappy"),
    ] {
        let forward = node.forward().await;
        let translator = HashMap::from([(real, forward.address())]);
        let session = node
            .client()
            .contact_points([forward.address().to_string()])
            .address_translator(Arc::new(translator))
            .compression(compression)
            .connect()
            .await
            .unwrap();
        let keyspace = format!("compression_{name}");
        session
            .execute(format!(
                "CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}"
            ))
            .await
            .unwrap();
        session
            .execute(format!("CREATE TABLE {keyspace}.t (id int PRIMARY KEY, v text)"))
            .await
            .unwrap();
        let (sent, received) = (forward.sent().len(), forward.received().len());
        let value = "large ".repeat(LENGTH / 6);
        let insert = format!("INSERT INTO {keyspace}.t (id, v) VALUES (?, ?)");
        session.query(insert, (1, value.clone())).await.unwrap();
        let select = format!("SELECT v FROM {keyspace}.t WHERE id = ?");
        let row = session
            .query(select, (1,))
            .await
            .unwrap()
            .one::<(String,)>()
            .unwrap()
            .unwrap();
        assert!(row.0 == value, "{name}: the value came back otherwise");
        let sent = forward.sent().len() - sent;
        let received = forward.received().len() - received;
        println!("{name:>6}: sent {sent} B, received {received} B");
        let asked_for = count(&forward.sent(), b"\x00\x0bCOMPRESSION");
        if compression.is_some() {
            assert!(asked_for >= 2, "{name}: {asked_for}");
            assert!(count(&forward.sent(), name.as_bytes()) >= 2);
            assert!(
                sent < LENGTH / 4 && received < LENGTH / 4,
                "{name}: {sent}, {received}"
            );
        } else {
            assert_eq!(asked_for, 0);
            assert!(
                sent >= value.len() && received >= value.len(),
                "{sent}, {received}"
            );
        }
        session
            .execute(format!("DROP KEYSPACE {keyspace}"))
            .await
            .unwrap();
        session.close(PATIENCE).await.unwrap();
    }
}
