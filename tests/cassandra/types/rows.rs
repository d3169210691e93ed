//! Rows by name, rows that borrow, rows whose columns nobody knows.

use scylla::value::{CqlValue, MaybeUnset};
use tower_cassandra::{Batch, DeserializeRow, ErrorKind, Row, Statement, scylla};

use crate::support::{Bed, chain};

#[derive(Debug, PartialEq, DeserializeRow)]
#[scylla(crate = tower_cassandra::scylla)]
struct Person<'a> {
    name: Option<&'a str>,
    photo: Option<&'a [u8]>,
    id: i32,
}

async fn people(test: &str) -> Option<Bed> {
    let bed = Bed::make(test).await?;
    bed.run("CREATE TABLE people (id int PRIMARY KEY, name text, photo blob, \"Mixed\" int)")
        .await;
    let insert = bed
        .prepare("INSERT INTO people (id, name, photo) VALUES (?, ?, ?)")
        .await;
    for id in 0..10 {
        let name = (id != 3).then(|| format!("name {id}"));
        let row = (id, name, vec![7_u8; 1_000]);
        bed.session.execute(insert.bind(row).unwrap()).await.unwrap();
    }
    Some(bed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_read_by_name_and_without_copying() {
    let Some(bed) = people("borrowed").await else {
        return;
    };
    let select = Statement::new("SELECT id, photo, name FROM people").page_size(4);
    let response = bed.session.execute(select).await.unwrap();
    assert_eq!((response.len(), response.page_count()), (10, 3));
    let people: Vec<Person<'_>> = response.rows().unwrap();
    for person in &people {
        let name = format!("name {}", person.id);
        assert_eq!(person.name, (person.id != 3).then_some(name.as_str()));
        assert_eq!(person.photo.map(<[u8]>::len), Some(1_000));
    }
    // The same bytes at the same place each time: nothing was copied.
    let again: Vec<Person<'_>> = response.iter().unwrap().map(Result::unwrap).collect();
    assert_eq!(again, people);
    let place = |person: &Person<'_>| person.photo.map(<[u8]>::as_ptr);
    assert!(people.iter().map(place).eq(again.iter().map(place)));
    let first: Person<'_> = response.one().unwrap().unwrap();
    assert_eq!(place(&first), place(&people[0]));

    let error = response.rows::<(i32, &str, &str)>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(chain(&error).contains("photo"), "{}", chain(&error));
    // NULL where there is no room for it.
    let names = bed
        .session
        .execute("SELECT name FROM people WHERE id = 3")
        .await
        .unwrap();
    assert_eq!(names.one::<(&str,)>().unwrap_err().kind(), ErrorKind::Decode);
    assert_eq!(names.one::<(Option<&str>,)>().unwrap(), Some((None,)));
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_unknown_columns_are_read_by_name() {
    let Some(bed) = people("dynamic").await else {
        return;
    };
    let text =
        "SELECT id, name, photo, \"Mixed\", id AS twice, writetime(name) FROM people WHERE id IN (3, 4)";
    let response = bed.session.execute(text).await.unwrap();
    let rows = response.rows::<Row>().unwrap();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        assert_eq!(row.len(), 6);
        let id = row.get("id").and_then(CqlValue::as_int).unwrap();
        assert_eq!(row.get("twice"), Some(&CqlValue::Int(id)));
        assert_eq!(row.value(0), Some(&CqlValue::Int(id)));
        let name = (id == 4).then(|| "name 4".to_owned());
        assert_eq!(row.get("name").and_then(|value| value.as_text().cloned()), name);
        assert_eq!(row.get("photo"), Some(&CqlValue::Blob(vec![7; 1_000])));
        assert!(row.contains("Mixed") && row.get("Mixed").is_none());
        assert!(!row.contains("mixed") && row.get("no such column").is_none() && row.value(6).is_none());
        assert!(row.contains("writetime(name)"), "{row:?}");
    }
    let columns = response.columns().unwrap();
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    let of_row: Vec<&str> = rows[0].iter().map(|(name, _)| name).collect();
    assert_eq!(names, of_row);
    assert_eq!(rows[0].clone().into_values().len(), 6);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_condition_shows_what_stood_against_it() {
    let Some(bed) = people("current_row").await else {
        return;
    };
    let insert = bed
        .prepare("INSERT INTO people (id, name) VALUES (?, ?) IF NOT EXISTS")
        .await;
    let refused = bed
        .session
        .execute(insert.bind((4, "new")).unwrap())
        .await
        .unwrap();
    assert_eq!(refused.was_applied(), Some(false));
    // All columns of the table, in the order of their names.
    type Person<'a> = (i32, Option<i32>, Option<&'a str>, Option<&'a [u8]>);
    let current: Person<'_> = refused.current_row().unwrap().unwrap();
    assert_eq!((current.0, current.1, current.2), (4, None, Some("name 4")));
    let current: Row = refused.current_row().unwrap().unwrap();
    assert!(!current.contains("[applied]"));
    let error = refused.current_row::<(i32,)>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);

    let applied = bed
        .session
        .execute(insert.bind((20, "new")).unwrap())
        .await
        .unwrap();
    assert_eq!(applied.was_applied(), Some(true));
    assert_eq!(applied.current_row::<Row>().unwrap(), None);
    // No row, so nothing stood against it but that.
    let missing = "UPDATE people SET name = 'x' WHERE id = 99 IF EXISTS";
    let missing = bed.session.execute(missing).await.unwrap();
    assert_eq!(missing.was_applied(), Some(false));
    assert_eq!(missing.current_row::<Row>().unwrap(), None);
    let read = bed.session.execute("SELECT id FROM people").await.unwrap();
    assert_eq!(
        (read.was_applied(), read.current_row::<Row>().unwrap()),
        (None, None)
    );

    bed.run("CREATE TABLE parts (k int, c int, v int, PRIMARY KEY (k, c))")
        .await;
    bed.run("INSERT INTO parts (k, c, v) VALUES (1, 1, 10)").await;
    bed.run("INSERT INTO parts (k, c, v) VALUES (1, 2, 20)").await;
    let batch = Batch::unlogged()
        .with("UPDATE parts SET v = 11 WHERE k = 1 AND c = 1 IF v = 0")
        .with("UPDATE parts SET v = 21 WHERE k = 1 AND c = 2 IF v = 20");
    let refused = bed.session.batch(batch).await.unwrap();
    assert_eq!(refused.was_applied(), Some(false));
    let current = refused.current_rows::<Row>().unwrap();
    let values: Vec<_> = current.iter().map(|row| row.get("v").cloned()).collect();
    assert!(values.contains(&Some(CqlValue::Int(10))), "{current:?}");
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_unset_stays_as_it_is() {
    let Some(bed) = people("unset").await else {
        return;
    };
    let update = bed
        .prepare("UPDATE people SET name = ?, photo = ? WHERE id = ?")
        .await;
    let unset: MaybeUnset<&str> = MaybeUnset::Unset;
    let row = (unset, None::<Vec<u8>>, 5);
    bed.session.execute(update.bind(row).unwrap()).await.unwrap();
    let response = bed
        .session
        .execute("SELECT name, photo FROM people WHERE id = 5")
        .await
        .unwrap();
    assert_eq!(
        response.one::<(Option<&str>, Option<&[u8]>)>().unwrap(),
        Some((Some("name 5"), None))
    );
    bed.done().await;
}
