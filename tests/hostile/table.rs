//! The server before it is hostile, and what it answers then.

use scripted_cassandra::{Rows, ScriptedCluster, Table, Type, Value};

/// One column of each kind of type.
pub(crate) const WIDE: &str = "SELECT everything FROM ks.wide";

/// Three nodes that answer [`WIDE`], before they are told otherwise.
pub(crate) async fn server() -> ScriptedCluster {
    let cluster = ScriptedCluster::builder()
        .nodes(3)
        .keyspace("ks", 3)
        .table(
            Table::new("ks", "t")
                .partition_key("id", Type::Int)
                .column("v", Type::Text),
        )
        .start()
        .await
        .unwrap();
    cluster.answer_rows(WIDE, wide());
    cluster
}

fn wide() -> Rows {
    let columns = [
        ("ascii", Type::Ascii, Value::from("ab")),
        ("bigint", Type::BigInt, Value::from(1_i64)),
        ("blob", Type::Blob, Value::from(vec![1, 2, 3])),
        ("boolean", Type::Boolean, Value::from(true)),
        ("date", Type::Date, Value(Some(vec![0x80, 0, 0, 0]))),
        ("decimal", Type::Decimal, Value(Some(vec![0, 0, 0, 2, 1, 2]))),
        ("double", Type::Double, Value(Some(vec![0; 8]))),
        ("duration", Type::Duration, Value(Some(vec![2, 4, 6]))),
        ("inet", Type::Inet, Value(Some(vec![127, 0, 0, 1]))),
        ("text", Type::Text, Value::from("größe")),
        ("time", Type::Time, Value(Some(vec![0; 8]))),
        ("timestamp", Type::Timestamp, Value(Some(vec![0; 8]))),
        ("timeuuid", Type::Timeuuid, Value(Some(vec![0x11; 16]))),
        ("varint", Type::Varint, Value(Some(vec![1, 0]))),
        ("list", Type::Int.list(), Value::list([1, 2, 3])),
        ("set", Type::Text.set(), Value::list(["a", "b"])),
        (
            "map",
            Type::Text.map_to(Type::Int.list()),
            Value::map([("k", Value::list([1]))]),
        ),
        (
            "tuple",
            Type::Tuple(vec![Type::Int, Type::Text]),
            Value(Some(vec![0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0])),
        ),
        ("null", Type::Int, Value::NULL),
    ];
    let names = columns.iter().map(|(name, of, _)| (*name, of.clone()));
    let mut rows = Rows::new(names);
    for _ in 0..5 {
        rows = rows.row(columns.iter().map(|(_, _, value)| value.clone()));
    }
    rows
}
