//! Tuples, vectors, frozen collections and keys made of them.

use local_cassandra::testing;
use std::collections::{BTreeMap, BTreeSet};

use scylla::value::CqlValue;
use tower_cassandra::scylla;

use super::{round_trip, stored};
use crate::support::Bed;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_10_tuples_keep_the_null_inside() {
    let Some(bed) = Bed::make("typ_10").await else {
        return;
    };
    round_trip(&bed, "tuple<double, double>", vec![(37.7749, -122.4194)]).await;
    round_trip(&bed, "tuple<int, int, int>", vec![(1, 2, 3)]).await;
    let bob = (Some("Bob".to_owned()), None::<i32>, Some(false));
    round_trip(&bed, "tuple<text, int, boolean>", vec![bob, (None, None, None)]).await;
    let null = stored::<Option<(i32, i32)>, (i32, i32)>(&bed, "tuple<int, int>", vec![None]).await;
    assert_eq!(null, [None]);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nested_and_frozen_collections() {
    let Some(bed) = Bed::make("nested").await else {
        return;
    };
    // An empty one is not NULL where it is frozen.
    let lists = vec![vec![vec![1, 2], vec![]], vec![], vec![vec![3]]];
    round_trip(&bed, "frozen<list<frozen<list<int>>>>", lists).await;
    let sets = vec![BTreeSet::from(["b".to_owned(), "a".to_owned()]), BTreeSet::new()];
    round_trip(&bed, "frozen<set<text>>", sets).await;
    let map = BTreeMap::from([(
        "a".to_owned(),
        vec![(1, Some("one".to_owned())), (2, None::<String>)],
    )]);
    let typ = "map<text, frozen<list<frozen<tuple<int, text>>>>>";
    round_trip(&bed, typ, vec![map]).await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_frozen_collections_find_their_rows() {
    let Some(bed) = Bed::make("frozen_keys").await else {
        return;
    };
    bed.run(
        "CREATE TABLE keyed (l frozen<list<int>>, s frozen<set<text>>, m frozen<map<text, int>>, t tuple<int, text>, v int, \
         PRIMARY KEY ((l, s), m, t))",
    )
    .await;
    let insert = bed
        .prepare("INSERT INTO keyed (l, s, m, t, v) VALUES (?, ?, ?, ?, ?)")
        .await;
    let select = bed
        .prepare("SELECT v FROM keyed WHERE l = ? AND s = ? AND m = ? AND t = ?")
        .await;
    let key = |n: i32| {
        let words = BTreeSet::from([format!("word {n}"), "other".to_owned()]);
        let map = BTreeMap::from([("a".to_owned(), n)]);
        (vec![n, n + 1], words, map, (n, format!("text {n}")))
    };
    for n in 0..20 {
        let (l, s, m, t) = key(n);
        let row = (l, s, m, t, n * 10);
        bed.session.execute(insert.bind(row).unwrap()).await.unwrap();
    }
    for n in 0..20 {
        let response = bed.session.execute(select.bind(key(n)).unwrap()).await.unwrap();
        assert_eq!(response.rows::<(i32,)>().unwrap(), [(n * 10,)]);
    }
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vectors_of_fixed_and_of_variable_elements() {
    let Some(bed) = Bed::make("vectors").await else {
        return;
    };
    let version = bed
        .session
        .execute("SELECT release_version FROM system.local")
        .await
        .unwrap();
    let (version,) = version.one::<(String,)>().unwrap().unwrap();
    if version.starts_with('4') {
        testing::skip("vectors", &format!("Cassandra {version} has none"));
        return bed.done().await;
    }
    round_trip(
        &bed,
        "vector<float, 3>",
        vec![vec![0.5_f32, -1.25, 3.0], vec![f32::MAX, 0.0, f32::MIN]],
    )
    .await;
    round_trip(&bed, "vector<int, 2>", vec![vec![i32::MIN, i32::MAX]]).await;
    let words = vec!["one".to_owned(), String::new(), "你好".repeat(200)];
    round_trip(&bed, "vector<text, 3>", vec![words]).await;
    let wrong = bed.prepare("INSERT INTO stored (id, v) VALUES (?, ?)").await;
    let result = wrong.bind((1, vec!["two".to_owned(), "words".to_owned()]));
    let sent = match result {
        Ok(statement) => bed.session.execute(statement).await.map(drop),
        Err(error) => Err(error),
    };
    assert!(sent.is_err(), "two elements for three");
    let read = stored::<Vec<f32>, CqlValue>(&bed, "vector<float, 2>", vec![vec![1.0, 2.0]]).await;
    let dynamic = CqlValue::Vector(vec![CqlValue::Float(1.0), CqlValue::Float(2.0)]);
    assert_eq!(read, [Some(dynamic)]);
    bed.done().await;
}
