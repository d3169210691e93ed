//! Rows are CQL: what a server sends for them is what is decoded here.

use std::collections::BTreeMap;

use tower_cassandra::scylla::value::{Counter, CqlDate, CqlDuration, CqlTimestamp, CqlValue, Row};
use tower_cassandra::scylla::{DeserializeRow, SerializeRow};
use tower_cassandra::test_util::{Reply, prepared};
use tower_cassandra::{ErrorKind, scylla};
use uuid::Uuid;

#[test]
fn all_kinds_of_types_are_read_as_they_were_written() {
    let id = Uuid::from_u128(0xcafe);
    let duration = CqlDuration {
        months: 1,
        days: -2,
        nanoseconds: 3,
    };
    let map = BTreeMap::from([("a".to_owned(), vec![1, 2])]);
    let reply = Reply::rows([
        ("i", "int"),
        ("t", "text"),
        ("u", "uuid"),
        ("m", "map<text, frozen<list<int>>>"),
        ("p", "tuple<int, text>"),
        ("v", "vector<float, 2>"),
        ("d", "duration"),
        ("b", "blob"),
    ]);
    let reply = reply
        .row((
            -1,
            "Ada",
            id,
            &map,
            (1, None::<String>),
            vec![1.5_f32, -2.0],
            duration,
            vec![0_u8, 255],
        ))
        .row((
            None::<i32>,
            "",
            id,
            &map,
            (2, Some("x")),
            vec![0.0_f32, 0.0],
            duration,
            Vec::<u8>::new(),
        ));
    type All<'a> = (
        Option<i32>,
        &'a str,
        Uuid,
        BTreeMap<String, Vec<i32>>,
        (i32, Option<String>),
        Vec<f32>,
        CqlDuration,
        &'a [u8],
    );
    let response = reply.response().unwrap();
    let rows: Vec<All<'_>> = response.iter().unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(
        rows[0],
        (
            Some(-1),
            "Ada",
            id,
            map.clone(),
            (1, None),
            vec![1.5, -2.0],
            duration,
            &[0, 255][..]
        )
    );
    assert_eq!(rows[1].0, None);
    assert_eq!((response.len(), response.columns().unwrap().len()), (2, 8));
    let row: Row = response.one().unwrap().unwrap();
    assert_eq!(row.columns[1], Some(CqlValue::Text("Ada".to_owned())));
    // Another type than the column has is an error, as over a server.
    assert_eq!(
        response.rows::<(String,)>().unwrap_err().kind(),
        ErrorKind::Decode
    );
}

#[derive(Debug, PartialEq, SerializeRow, DeserializeRow)]
#[scylla(crate = scylla)]
struct Event {
    id: i64,
    at: CqlTimestamp,
    day: CqlDate,
    note: Option<String>,
}

#[test]
fn structs_are_matched_by_name() {
    let event = |id| Event {
        id,
        at: CqlTimestamp(7),
        day: CqlDate(5),
        note: None,
    };
    let columns = [
        ("note", "text"),
        ("day", "date"),
        ("id", "bigint"),
        ("at", "timestamp"),
    ];
    let response = Reply::rows(columns)
        .with_rows([event(1), event(2)])
        .response()
        .unwrap();
    assert_eq!(response.rows::<Event>().unwrap(), [event(1), event(2)]);
    let insert = prepared(
        "INSERT INTO e (id, at, day, note) VALUES (:id, :at, :day, :note)",
        columns,
    )
    .unwrap();
    assert!(insert.bind(event(1)).is_ok());
}

#[test]
fn a_reply_has_all_that_a_server_says_beside_the_rows() {
    let id = Uuid::from_u128(1);
    for reply in [Reply::empty(), Reply::rows([("a", "int")]).row((1,))] {
        let reply = reply.warning("one").warning("two").tracing_id(id).coordinator(id);
        let response = reply.more([1, 2, 3]).attempts(2).response().unwrap();
        assert_eq!(response.warnings().collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(
            (response.tracing_id(), response.coordinator()),
            (Some(id), Some(id))
        );
        assert_eq!(response.attempts(), 2);
        let state = response.paging_state().unwrap().as_bytes_slice().unwrap();
        assert_eq!(&**state, [1, 2, 3]);
        // A page that has a successor is not taken for the whole.
        assert_eq!(
            response.rows::<(i32,)>().unwrap_err().kind(),
            ErrorKind::Unsupported
        );
    }
    assert_eq!(Reply::applied(true).response().unwrap().was_applied(), Some(true));
    assert_eq!(Reply::empty().response().unwrap().was_applied(), None);
    assert!(Reply::empty().response().unwrap().is_empty());
}

#[test]
fn a_handle_checks_the_values_it_is_given() {
    let add = prepared(
        "UPDATE c SET n = n + ? WHERE k = ?",
        [("n", "counter"), ("k", "int")],
    )
    .unwrap();
    assert_eq!(add.nature(), tower_cassandra::Nature::Counter);
    assert!(add.bind((Counter(1), 1)).is_ok());
    for error in [add.bind((1,)), add.bind(("x", 1)), add.bind((Counter(1), 1, 2))] {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Serialization);
    }
    assert_eq!(
        prepared("SELECT", [("k", "nothing")]).unwrap_err().kind(),
        ErrorKind::Config
    );
}
