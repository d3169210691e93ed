//! Lists, sets, maps, and how they change in place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tower_cassandra::Prepared;

use super::round_trip;
use crate::support::Bed;

async fn run(bed: &Bed, prepared: Prepared, values: impl tower_cassandra::SerializeRow) {
    let statement = prepared.bind(values).unwrap();
    bed.session.execute(statement).await.unwrap();
}

fn texts<C: FromIterator<String>>(texts: &[&str]) -> C {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_07_lists_grow_at_both_ends_and_lose_what_is_named() {
    let Some(bed) = Bed::make("typ_07").await else {
        return;
    };
    bed.run("CREATE TABLE lists (id int PRIMARY KEY, tags list<text>, numbers list<int>)")
        .await;
    let insert = bed
        .prepare("INSERT INTO lists (id, tags, numbers) VALUES (1, ?, ?)")
        .await;
    run(
        &bed,
        insert.clone(),
        (vec!["tag1", "tag2", "tag3"], vec![1, 1, 2, 3, 5]),
    )
    .await;
    let append = bed.prepare("UPDATE lists SET tags = tags + ? WHERE id = 1").await;
    run(&bed, append, (vec!["tag4", "tag5"],)).await;
    let prepend = bed.prepare("UPDATE lists SET tags = ? + tags WHERE id = 1").await;
    run(&bed, prepend, (vec!["tag0"],)).await;
    let remove = bed
        .prepare("UPDATE lists SET numbers = numbers - ? WHERE id = 1")
        .await;
    run(&bed, remove, (vec![1],)).await;
    let read = async || {
        let response = bed
            .session
            .execute("SELECT tags, numbers FROM lists")
            .await
            .unwrap();
        response
            .one::<(Option<Vec<String>>, Option<Vec<i32>>)>()
            .unwrap()
            .unwrap()
    };
    let (tags, numbers) = read().await;
    assert_eq!(
        tags,
        Some(texts(&["tag0", "tag1", "tag2", "tag3", "tag4", "tag5"]))
    );
    assert_eq!(numbers, Some(vec![2, 3, 5]));
    run(&bed, insert, (Vec::<&str>::new(), Vec::<i32>::new())).await;
    assert_eq!(read().await, (None, None));
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_08_sets_hold_each_element_once() {
    let Some(bed) = Bed::make("typ_08").await else {
        return;
    };
    bed.run("CREATE TABLE sets (id int PRIMARY KEY, tags set<text>)")
        .await;
    let insert = bed.prepare("INSERT INTO sets (id, tags) VALUES (1, ?)").await;
    let read = async || {
        let response = bed.session.execute("SELECT tags FROM sets").await.unwrap();
        response.one::<(Option<BTreeSet<String>>,)>().unwrap().unwrap().0
    };
    run(&bed, insert.clone(), (vec!["tech", "tech", "tech"],)).await;
    assert_eq!(read().await, Some(texts(&["tech"])));
    run(&bed, insert.clone(), (vec!["tech", "news", "sports"],)).await;
    let add = bed.prepare("UPDATE sets SET tags = tags + ? WHERE id = 1").await;
    run(&bed, add, (vec!["politics", "tech"],)).await;
    let remove = bed.prepare("UPDATE sets SET tags = tags - ? WHERE id = 1").await;
    run(&bed, remove, (vec!["sports"],)).await;
    assert_eq!(read().await, Some(texts(&["tech", "news", "politics"])));
    run(&bed, insert, (BTreeSet::<String>::new(),)).await;
    assert_eq!(read().await, None);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_09_maps_change_key_by_key() {
    let Some(bed) = Bed::make("typ_09").await else {
        return;
    };
    bed.run("CREATE TABLE maps (id int PRIMARY KEY, m map<text, text>)")
        .await;
    let pairs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        pairs.iter().map(owned).collect()
    };
    let insert = bed.prepare("INSERT INTO maps (id, m) VALUES (1, ?)").await;
    run(&bed, insert, (pairs(&[("name", "John"), ("city", "NYC")]),)).await;
    let add = bed.prepare("UPDATE maps SET m = m + ? WHERE id = 1").await;
    run(&bed, add, (pairs(&[("country", "USA"), ("city", "Boston")]),)).await;
    let set = bed.prepare("UPDATE maps SET m['status'] = ? WHERE id = 1").await;
    run(&bed, set, ("active",)).await;
    let delete = bed.prepare("DELETE m[?] FROM maps WHERE id = 1").await;
    run(&bed, delete, ("name",)).await;
    let read = bed.session.execute("SELECT m FROM maps").await.unwrap();
    let expected = pairs(&[("city", "Boston"), ("country", "USA"), ("status", "active")]);
    assert_eq!(
        read.one::<(BTreeMap<String, String>,)>().unwrap(),
        Some((expected,))
    );
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_12_a_thousand_elements_in_each() {
    let Some(bed) = Bed::make("typ_12").await else {
        return;
    };
    let list: Vec<i32> = (0..1_000).rev().collect();
    let set: BTreeSet<String> = (0..1_000).map(|n| format!("element {n}")).collect();
    let map: HashMap<String, i32> = (0..1_000).map(|n| (format!("key {n}"), n)).collect();
    round_trip(&bed, "list<int>", vec![list]).await;
    round_trip(&bed, "set<text>", vec![set]).await;
    round_trip(&bed, "map<text, int>", vec![map]).await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_13_null_is_not_empty() {
    let Some(bed) = Bed::make("typ_13").await else {
        return;
    };
    type Rest = (
        Option<String>,
        Option<i32>,
        Option<Vec<i32>>,
        Option<BTreeMap<String, i32>>,
    );
    bed.run("CREATE TABLE nulls (id int PRIMARY KEY, t text, i int, l list<int>, m map<text, int>)")
        .await;
    let insert = bed
        .prepare("INSERT INTO nulls (id, t, i, l, m) VALUES (?, ?, ?, ?, ?)")
        .await;
    let nothing: Rest = (None, None, None, None);
    run(
        &bed,
        insert.clone(),
        (1, &nothing.0, nothing.1, &nothing.2, &nothing.3),
    )
    .await;
    let only_text = bed.prepare("INSERT INTO nulls (id, t) VALUES (2, ?)").await;
    run(&bed, only_text, ("only",)).await;
    run(
        &bed,
        insert,
        (3, "", 0, Vec::<i32>::new(), BTreeMap::<String, i32>::new()),
    )
    .await;
    let select = bed.prepare("SELECT t, i, l, m FROM nulls WHERE id = ?").await;
    let read = async |id: i32| {
        let response = bed.session.execute(select.bind((id,)).unwrap()).await.unwrap();
        response.one::<Rest>().unwrap().unwrap()
    };
    assert_eq!(read(1).await, nothing);
    assert_eq!(read(2).await, (Some("only".to_owned()), None, None, None));
    assert_eq!(read(3).await, (Some(String::new()), Some(0), None, None));
    bed.done().await;
}
