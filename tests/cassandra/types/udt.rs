//! User-defined types: by name, nested, with NULL, and with fields that were added later.

use scylla::value::CqlValue;
use tower_cassandra::{DeserializeRow, DeserializeValue, ErrorKind, SerializeRow, SerializeValue, scylla};

use crate::support::Bed;

#[derive(Clone, Debug, PartialEq, SerializeValue, DeserializeValue)]
#[scylla(crate = tower_cassandra::scylla)]
struct Street {
    // In another order than the type has them.
    number: Option<i32>,
    name: String,
}

#[derive(Clone, Debug, PartialEq, SerializeValue, DeserializeValue)]
#[scylla(crate = tower_cassandra::scylla)]
struct Address {
    street: Street,
    city: Option<String>,
    tags: Option<Vec<String>>,
}

/// The same after ALTER TYPE.
#[derive(Clone, Debug, PartialEq, SerializeValue, DeserializeValue)]
#[scylla(crate = tower_cassandra::scylla)]
struct NewAddress {
    street: Street,
    city: Option<String>,
    tags: Option<Vec<String>>,
    #[scylla(allow_missing)]
    country: Option<String>,
}

#[derive(SerializeRow)]
#[scylla(crate = tower_cassandra::scylla)]
struct NewUser<'a> {
    name: &'a str,
    id: i32,
    home: Option<&'a Address>,
}

#[derive(Debug, PartialEq, DeserializeRow)]
#[scylla(crate = tower_cassandra::scylla)]
struct User<'a> {
    home: Option<Address>,
    name: &'a str,
}

fn address(number: Option<i32>) -> Address {
    Address {
        street: Street {
            number,
            name: "Long Street".to_owned(),
        },
        city: None,
        tags: Some(vec!["quiet".to_owned()]),
    }
}

async fn bed(test: &str) -> Option<Bed> {
    let bed = Bed::make(test).await?;
    bed.run("CREATE TYPE street (name text, number int)").await;
    bed.run("CREATE TYPE address (street frozen<street>, city text, tags frozen<list<text>>)")
        .await;
    bed.run("CREATE TABLE users (id int PRIMARY KEY, name text, home frozen<address>)")
        .await;
    Some(bed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_of_the_user_are_matched_by_name_nested_and_with_null() {
    let Some(bed) = bed("udt").await else {
        return;
    };
    let insert = bed
        .prepare("INSERT INTO users (id, name, home) VALUES (:id, :name, :home)")
        .await;
    let home = address(None);
    for (id, home) in [(1, Some(&home)), (2, None)] {
        let user = NewUser {
            name: "Ada",
            id,
            home,
        };
        bed.session.execute(insert.bind(user).unwrap()).await.unwrap();
    }
    let select = bed.prepare("SELECT name, home FROM users WHERE id = ?").await;
    for (id, home) in [(1, Some(home.clone())), (2, None)] {
        let response = bed.session.execute(select.bind((id,)).unwrap()).await.unwrap();
        let user: User<'_> = response.one().unwrap().unwrap();
        assert_eq!(user, User { home, name: "Ada" });
    }
    let dynamic = bed
        .session
        .execute("SELECT home FROM users WHERE id = 1")
        .await
        .unwrap();
    let (value,) = dynamic.one::<(CqlValue,)>().unwrap().unwrap();
    let CqlValue::UserDefinedType { name, fields, .. } = value else {
        panic!("{value:?}");
    };
    assert_eq!(name, "address");
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["street", "city", "tags"]);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_is_added_later_reads_none_where_it_was_not_written() {
    let Some(bed) = bed("udt_altered").await else {
        return;
    };
    let insert = bed.prepare("INSERT INTO users (id, home) VALUES (?, ?)").await;
    let old = insert.bind((1, address(Some(7)))).unwrap();
    bed.session.execute(&old).await.unwrap();
    let select = bed.prepare("SELECT home FROM users WHERE id = ?").await;
    let read = async |id: i32| {
        let response = bed.session.execute(select.bind((id,)).unwrap()).await.unwrap();
        response.one::<(NewAddress,)>().map(|row| row.unwrap().0)
    };
    let expected = |country: Option<&str>| {
        let Address { street, city, tags } = address(Some(7));
        NewAddress {
            street,
            city,
            tags,
            country: country.map(str::to_owned),
        }
    };
    // The type does not have the field yet.
    assert_eq!(read(1).await.unwrap(), expected(None));
    bed.run("ALTER TYPE address ADD country text").await;
    assert_eq!(read(1).await.unwrap(), expected(None));
    // Through the old handle, through the old statement, and through one that is prepared now.
    bed.session.execute(&old).await.unwrap();
    let fresh = bed.prepare("INSERT INTO users (home, id) VALUES (?, ?)").await;
    let full = fresh.bind((expected(Some("Zambia")), 2)).unwrap();
    bed.session.execute(full).await.unwrap();
    assert_eq!(read(1).await.unwrap(), expected(None));
    assert_eq!(read(2).await.unwrap(), expected(Some("Zambia")));
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_that_does_not_fit_is_refused_before_it_is_sent() {
    let Some(bed) = bed("udt_wrong").await else {
        return;
    };
    let insert = bed.prepare("INSERT INTO users (id, home) VALUES (?, ?)").await;
    let street = Street {
        number: None,
        name: String::new(),
    };
    let error = insert.bind((1, street)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Serialization);
    bed.session
        .execute(insert.bind((1, address(None))).unwrap())
        .await
        .unwrap();
    let response = bed.session.execute("SELECT home FROM users").await.unwrap();
    let error = response.one::<(Street,)>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    bed.done().await;
}
