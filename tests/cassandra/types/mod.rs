//! Every CQL type goes there and comes back.

mod collections;
mod nested;
mod rows;
mod scalars;
mod udt;

use std::fmt::Debug;

use scylla::deserialize::value::DeserializeValue;
use scylla::serialize::value::SerializeValue;
use tower_cassandra::scylla;

use crate::support::Bed;

/// Stores each value in a row of its own of a column of this type, by a prepared statement, and gives back what is read.
async fn stored<V, R>(bed: &Bed, typ: &str, values: Vec<V>) -> Vec<Option<R>>
where
    V: SerializeValue,
    R: for<'a> DeserializeValue<'a, 'a>,
{
    bed.run("DROP TABLE IF EXISTS stored").await;
    bed.run(&format!("CREATE TABLE stored (id int PRIMARY KEY, v {typ})"))
        .await;
    let insert = bed.prepare("INSERT INTO stored (id, v) VALUES (?, ?)").await;
    let select = bed.prepare("SELECT v FROM stored WHERE id = ?").await;
    let mut read = Vec::new();
    for (id, value) in (0..).zip(values) {
        let row = (id, value);
        bed.session.execute(insert.bind(row).unwrap()).await.unwrap();
        let response = bed.session.execute(select.bind((id,)).unwrap()).await.unwrap();
        read.push(response.one::<(Option<R>,)>().unwrap().expect("the row").0);
    }
    read
}

/// All come back as they were.
async fn round_trip<T>(bed: &Bed, typ: &str, values: Vec<T>)
where
    T: SerializeValue + for<'a> DeserializeValue<'a, 'a> + Clone + PartialEq + Debug,
{
    let read = stored::<T, T>(bed, typ, values.clone()).await;
    let written: Vec<Option<T>> = values.into_iter().map(Some).collect();
    assert_eq!(read, written, "{typ}");
}
