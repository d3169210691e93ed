//! Rows as the API shows them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use tower_cassandra::DeserializeRow;
use tower_cassandra::scylla::value::CqlTimestamp;
use utoipa::ToSchema;
use uuid::Uuid;

/// A moment, in JSON as RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub(crate) struct Time(pub(crate) CqlTimestamp);

impl Time {
    pub(crate) fn now() -> Self {
        Self::of(SystemTime::now())
    }

    pub(crate) fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(CqlTimestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // What can be written: from 1970 to 9999.
        let millis = u64::try_from(self.0.0).unwrap_or(0).min(253_402_300_799_999);
        let time = UNIX_EPOCH + Duration::from_millis(millis);
        serializer.collect_str(&humantime::format_rfc3339_millis(time))
    }
}

/// A user.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) age: i32,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

/// The same as the table has it: every column but the key may be null.
#[derive(DeserializeRow)]
#[scylla(crate = "tower_cassandra::scylla")]
pub(crate) struct UserRow {
    id: Uuid,
    name: Option<String>,
    email: Option<String>,
    age: Option<i32>,
    created_at: Option<CqlTimestamp>,
    updated_at: Option<CqlTimestamp>,
}

impl UserRow {
    /// None for a row that a change has left behind whose user was deleted at the same time: only creating sets the time of creation.
    pub(crate) fn user(self) -> Option<User> {
        let created_at = self.created_at?;
        Some(User {
            id: self.id,
            name: self.name.unwrap_or_default(),
            email: self.email.unwrap_or_default(),
            age: self.age.unwrap_or_default(),
            created_at: Time(created_at),
            updated_at: Time(self.updated_at.unwrap_or(created_at)),
        })
    }
}

/// A product.
#[derive(Clone, Debug, Serialize, DeserializeRow, ToSchema)]
#[scylla(crate = "tower_cassandra::scylla")]
pub(crate) struct Product {
    pub(crate) category: String,
    pub(crate) id: i32,
    pub(crate) name: String,
    pub(crate) price: f64,
    pub(crate) stock: i32,
}

/// A row of the large table.
#[derive(Clone, Debug, Serialize, DeserializeRow, ToSchema)]
#[scylla(crate = "tower_cassandra::scylla")]
pub(crate) struct Item {
    pub(crate) bucket: i32,
    pub(crate) seq: i32,
    pub(crate) name: String,
    pub(crate) payload: String,
}
