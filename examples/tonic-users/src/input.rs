//! What clients send, checked before anything is asked of the database.

use tonic::Status;
use tower_cassandra::uuid::Uuid;

const LONGEST: usize = 1_024;

#[allow(clippy::result_large_err, reason = "as large as tonic made it")]
pub(crate) fn id(text: &str) -> Result<Uuid, Status> {
    Uuid::try_parse(text).map_err(|_| Status::invalid_argument("id: expected a UUID"))
}

#[allow(clippy::result_large_err, reason = "as large as tonic made it")]
pub(crate) fn name(name: String) -> Result<String, Status> {
    if name.trim().is_empty() || name.len() > LONGEST {
        return Err(Status::invalid_argument("name: expected 1 to 1024 bytes"));
    }
    Ok(name)
}

#[allow(clippy::result_large_err, reason = "as large as tonic made it")]
pub(crate) fn email(email: String) -> Result<String, Status> {
    let is_one = email
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    if !is_one || email.len() > LONGEST {
        return Err(Status::invalid_argument("email: expected user@host"));
    }
    Ok(email)
}

#[allow(clippy::result_large_err, reason = "as large as tonic made it")]
pub(crate) fn age(age: i32) -> Result<i32, Status> {
    if !(0..=150).contains(&age) {
        return Err(Status::invalid_argument("age: expected 0 to 150"));
    }
    Ok(age)
}

#[allow(clippy::result_large_err, reason = "as large as tonic made it")]
pub(crate) fn page_size(rows: u32) -> Result<u32, Status> {
    match rows {
        0 => Ok(100),
        10..=500 => Ok(rows),
        _ => Err(Status::invalid_argument(
            "page_size: expected 10 to 500, or 0 for 100",
        )),
    }
}
