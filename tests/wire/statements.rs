//! What is bound and prepared, seen from the server.

use std::collections::HashMap;

use local_cassandra::testing::chain;
use scripted_cassandra::{ErrorFrame, Match, Opcode, Type};
use tokio::time::Instant;
use tower_cassandra::scylla::value::CqlValue;
use tower_cassandra::{Batch, ClusterBuilder, ErrorKind, PrepareAllError, Query, Statement};
use uuid::Uuid;

use crate::support::{Bed, INSERT, SELECT, ms};

#[tokio::test]
async fn typ_14_a_value_of_a_wrong_type_is_refused_with_its_column_and_type() {
    let cluster = crate::support::server(1)
        .table(
            scripted_cassandra::Table::new("ks", "typed")
                .partition_key("id", Type::Int)
                .column("flag", Type::Boolean)
                .column("key", Type::Uuid),
        )
        .start()
        .await
        .unwrap();
    let session = crate::support::client(&cluster).connect().await.unwrap();
    let text = "INSERT INTO ks.typed (id, flag, key) VALUES (?, ?, ?)";
    let insert = session.prepare(text).await.unwrap();
    cluster.ledger().clear();
    let key = Uuid::from_u128(7);
    let refused = [
        (insert.bind(("not_a_number", true, key)), "id", "Int"),
        (insert.bind((1, "not_a_boolean", key)), "flag", "Boolean"),
        (insert.bind((1, true, "not_a_uuid")), "key", "Uuid"),
    ];
    for (result, column, typ) in refused {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Serialization);
        let text = chain(&error);
        assert!(text.contains(column) && text.contains(typ), "{text}");
        assert!(!text.contains("not_a_"), "{text}");
    }
    // The same for text with values, alone and in a batch.
    let wrong = || Statement::with_values(text, ("not_a_number", true, key));
    for statement in [wrong(), Batch::logged().with(wrong()).into()] {
        let error = session.execute(statement).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Serialization);
        assert!(chain(&error).contains("id"), "{}", chain(&error));
    }
    assert_eq!(cluster.ledger().count(Opcode::Execute, ""), 0);
    assert_eq!(cluster.ledger().count(Opcode::Batch, ""), 0);
    session
        .execute(insert.bind((1, true, key)).unwrap())
        .await
        .unwrap();
    assert_eq!(cluster.ledger().count(Opcode::Execute, ""), 1);
}

#[tokio::test]
async fn pre_03_a_thousand_requests_prepare_once_per_node() {
    for nodes in [1, 3] {
        let bed = Bed::make(nodes).await;
        let prepared = bed.prepare(SELECT).await;
        let start = Instant::now();
        for id in 0..1_000 {
            // An endpoint that keeps its handle, one that asks for it each time, and one that has only the text.
            let statement = match id % 3 {
                0 => prepared.bind((id,)).unwrap(),
                1 => bed.prepare(SELECT).await.bind((id,)).unwrap(),
                _ => Statement::with_values(SELECT, (id,)),
            };
            bed.session.execute(statement).await.unwrap();
        }
        let mean = start.elapsed() / 1_000;
        println!("pre_03: {nodes} nodes, {mean:?} per request");
        assert!(mean < ms(10), "{mean:?}");
        for node in 0..nodes {
            let prepares = bed.cluster.ledger().count_at(node, Opcode::Prepare, "");
            assert_eq!(prepares, 1, "node {node} of {nodes}");
        }
        assert_eq!(bed.frames().len(), 1_000);
        bed.at_rest().await;
    }
}

#[tokio::test]
async fn pre_04_values_stay_values_and_names_are_checked() {
    let cluster = crate::support::server(1)
        .keyspace("app", 1)
        .start()
        .await
        .unwrap();
    let session = crate::support::client(&cluster)
        .keyspace("app")
        .connect()
        .await
        .unwrap();
    cluster.ledger().clear();
    let evil = "'; DROP TABLE users; --";
    session.query(INSERT, (1, evil)).await.unwrap();
    let frames = cluster.ledger().filter(|frame| frame.opcode != Opcode::Prepare);
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].opcode, Opcode::Execute);
    assert_eq!(frames[0].values()[1].bytes(), Some(evil.as_bytes()));
    let response = session.query(SELECT, (1,)).await.unwrap();
    assert_eq!(response.one::<(i32, &str)>().unwrap(), Some((1, evil)));

    cluster.ledger().clear();
    for name in ["", "a b", "a-b", "ks;drop", "ключ", &"x".repeat(49)] {
        let error = session.set_keyspace(name, false).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        assert_eq!(session.keyspace().as_deref(), Some("app"));
    }
    assert!(cluster.ledger().filter(|_| true).is_empty());
    session.query(SELECT, (1,)).await.unwrap();
}

#[tokio::test]
async fn values_by_name_have_to_name_every_marker_and_no_other() {
    let bed = Bed::make(1).await;
    let named = bed.prepare("INSERT INTO ks.t (id, v) VALUES (:id, :v)").await;
    bed.cluster.ledger().clear();
    let map = |pairs: &[(&'static str, CqlValue)]| -> HashMap<&'static str, CqlValue> {
        pairs.iter().cloned().collect()
    };
    let (id, v) = (("id", CqlValue::Int(1)), ("v", CqlValue::Text("a".to_owned())));
    for (what, values) in [
        ("missing", map(std::slice::from_ref(&id))),
        ("unknown", map(&[id.clone(), v.clone(), ("w", CqlValue::Int(1))])),
        ("misspelt", map(&[id.clone(), ("V", CqlValue::Int(1))])),
    ] {
        let error = named.bind(values).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Serialization, "{what}");
    }
    assert!(bed.frames().is_empty());
    bed.session
        .execute(named.bind(map(&[id, v])).unwrap())
        .await
        .unwrap();
    let frames = bed.frames();
    assert_eq!(frames[0].values()[1].bytes(), Some(b"a".as_slice()));
    bed.at_rest().await;
}

const BY_ID: Query<(i32,), (i32, String)> = Query::new(SELECT).label("by id");
const WRONG: Query<(i32,), (String, String)> = Query::new(SELECT);
const WRITE: Query<(i32, String)> = Query::new(INSERT).idempotent(true);

#[tokio::test]
async fn all_statements_of_a_program_are_checked_at_once() {
    let bed = Bed::make(3).await;
    let [insert, select] = bed.session.prepare_all([INSERT, SELECT]).await.unwrap();
    assert_eq!((insert.text(), select.text()), (INSERT, SELECT));

    bed.cluster
        .on(Match::opcode(Opcode::Prepare).statement_contains("missing"))
        .then(ErrorFrame::invalid("no such table"));
    let many: Vec<String> = (0..40)
        .map(|n| match n {
            7 | 33 => format!("SELECT v FROM ks.missing WHERE id = {n}"),
            _ => format!("SELECT v FROM ks.t WHERE id = {n}"),
        })
        .collect();
    let list: Vec<&String> = many.iter().collect();
    let error: PrepareAllError = bed.session.prepare_list(&list).await.unwrap_err();
    let places: Vec<usize> = error.failures().iter().map(|failure| failure.index()).collect();
    assert_eq!(places, [7, 33]);
    for failure in error.failures() {
        assert_eq!(failure.text(), many[failure.index()]);
        assert_eq!(failure.error().kind(), ErrorKind::Invalid);
        assert_eq!(failure.error().message(), Some("no such table"));
    }
    let shown = format!("{error} {error:?}");
    assert!(shown.starts_with("2 of 40 statements could not be prepared: #7 invalid request, #33"));
    assert!(!shown.contains("missing"), "{shown}");

    // Constants with types: the rows are checked against what the server says of the columns.
    let good = [BY_ID.definition(), WRITE.definition(), &SELECT];
    bed.session.prepare_all(good).await.unwrap();
    let error = bed
        .session
        .prepare_all([BY_ID.definition(), WRONG.definition()])
        .await
        .unwrap_err();
    let failure = &error.failures()[0];
    assert_eq!((failure.index(), failure.error().kind()), (1, ErrorKind::Decode));
    assert_eq!(failure.error().applied(), tower_cassandra::Applied::No);

    bed.session
        .execute(WRITE.bind((1, "one".to_owned())))
        .await
        .unwrap();
    let response = bed.session.execute(BY_ID.bind((1,))).await.unwrap();
    assert_eq!(BY_ID.one(&response).unwrap(), Some((1, "one".to_owned())));
    assert_eq!(BY_ID.rows(&response).unwrap().len(), 1);
    bed.at_rest().await;
}

#[tokio::test]
async fn strict_sessions_take_no_definition_with_values() {
    let bed = Bed::with(1, |client: ClusterBuilder| client.strict_prepared(true)).await;
    let error = bed.fails(BY_ID.bind((1,))).await;
    assert_eq!(error.kind(), ErrorKind::ParametersNeedPrepare);
    bed.at_rest().await;
}
