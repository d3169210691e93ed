//! Values, rows and user-defined types as Rust types.
//!
//! Everything that is bound or read goes through four traits. Tuples, collections and the usual types have them already; structs get them by the
//! derives of the same names. A derive writes code for the crate `scylla`: the attribute `#[scylla(crate = tower_cassandra::scylla)]` says where that is,
//! so that a program need not depend on it.
//!
//! ```
//! use tower_cassandra::{DeserializeRow, DeserializeValue, SerializeRow, SerializeValue};
//! use tower_cassandra::{Error, Session};
//!
//! // A user-defined type. The fields are matched by name, in any order; types may be nested.
//! #[derive(Debug, PartialEq, SerializeValue, DeserializeValue)]
//! #[scylla(crate = tower_cassandra::scylla)]
//! struct Address {
//!     street: String,
//!     city: Option<String>,
//!     // Added later by ALTER TYPE: reads as `None` where it was not written, also where the type does not have it yet.
//!     #[scylla(allow_missing)]
//!     country: Option<String>,
//! }
//!
//! // Values for the markers `:id`, `:name` and `:address`, or for `?` of columns with these names.
//! #[derive(SerializeRow)]
//! #[scylla(crate = tower_cassandra::scylla)]
//! struct NewUser<'a> {
//!     id: i32,
//!     name: &'a str,
//!     address: Option<Address>,
//! }
//!
//! // A row; it borrows its texts from the response.
//! #[derive(Debug, DeserializeRow)]
//! #[scylla(crate = tower_cassandra::scylla)]
//! struct User<'a> {
//!     name: &'a str,
//!     address: Option<Address>,
//! }
//!
//! # async fn example(session: Session) -> Result<(), Error> {
//! let insert = session.prepare("INSERT INTO shop.users (id, name, address) VALUES (:id, :name, :address)").await?;
//! session.execute(insert.bind(NewUser { id: 1, name: "Ada", address: None })?).await?;
//!
//! let response = session.execute("SELECT name, address FROM shop.users").await?;
//! for user in response.iter::<User>()? {
//!     println!("{:?}", user?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Which type for which
//!
//! | CQL | Rust |
//! |---|---|
//! | `tinyint`, `smallint`, `int`, `bigint` | `i8`, `i16`, `i32`, `i64` |
//! | `float`, `double`; `boolean` | `f32`, `f64`, infinities and NaN included; `bool` |
//! | `text`, `varchar`, `ascii` | `String`, `&str`, `Box<str>`, `Arc<str>` |
//! | `blob` | `Vec<u8>`, `&[u8]`, `bytes::Bytes` |
//! | `uuid`; `timeuuid` | [`Uuid`](crate::uuid::Uuid); `CqlTimeuuid` |
//! | `inet` | `std::net::IpAddr` |
//! | `timestamp`, `date`, `time`, `duration` | `CqlTimestamp`, `CqlDate`, `CqlTime`, `CqlDuration` |
//! | `decimal`, `varint`, `counter` | `CqlDecimal`, `CqlVarint`, `Counter` |
//! | `list`, `set` | `Vec`; also `HashSet` and `BTreeSet` |
//! | `map` | `HashMap`, `BTreeMap` |
//! | `tuple` | tuples |
//! | `vector` | `Vec` |
//! | user-defined types | structs with the derives |
//! | anything | [`CqlValue`](crate::scylla::value::CqlValue) |
//!
//! The `Cql…` types and `Counter` are in [`scylla::value`](mod@scylla::value).
//!
//! # NULL
//!
//! A column that may be NULL is read as `Option<T>`; NULL for a type that has no room for it is an error of kind `Decode`. To bind `None` writes a NULL, which
//! deletes the value; [`Unset`](crate::scylla::value::Unset) leaves it as it is. An empty text or blob is not NULL. A collection that is not frozen is
//! NULL when it is empty, because the server does not tell one from the other.
//!
//! # Names
//!
//! Values given by name (structs, and maps from names to [`CqlValue`](crate::scylla::value::CqlValue)) must name every marker of the statement, and no other: what is missing
//! or unknown is an error of kind `Serialization` before anything is sent.
