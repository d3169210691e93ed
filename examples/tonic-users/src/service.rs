//! The service: what each call asks of the database.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::stream::{Stream, StreamExt, TryStreamExt};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};
use tower_cassandra::scylla::value::{CqlTimestamp, MaybeUnset};
use tower_cassandra::tonic::RequestSession;
use tower_cassandra::uuid::Uuid;
use tower_cassandra::{Error, Session, Statement, StreamOptions};

use crate::input;
use crate::pb::users_server::Users;
use crate::pb::{
    CreateUserRequest, DeleteUserRequest, DeleteUserResponse, GetUserRequest, ListUsersRequest,
    UpdateUserRequest, User,
};
use crate::schema::COLUMNS;

/// Columns that were never written are missing: a user of another program may have no age.
type Row = (
    Uuid,
    Option<String>,
    Option<String>,
    Option<i32>,
    Option<CqlTimestamp>,
    Option<CqlTimestamp>,
);

/// An update that meets a deletion leaves a row of what it set: that is no user any more.
fn is_whole((.., created, _): &Row) -> bool {
    created.is_some()
}

impl From<Row> for User {
    fn from((id, name, email, age, created, updated): Row) -> Self {
        let millis = |time: Option<CqlTimestamp>| time.map_or(0, |time| time.0);
        Self {
            id: id.to_string(),
            name: name.unwrap_or_default(),
            email: email.unwrap_or_default(),
            age: age.unwrap_or_default(),
            created_at_ms: millis(created),
            updated_at_ms: millis(updated),
        }
    }
}

fn now() -> CqlTimestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    CqlTimestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// So many lists are read at a time. Each may hold two pages, for as long as its client does not read: of rows of 2 kB at most, so of all of them 128 MB.
pub(crate) const LISTS: usize = 64;

/// The service over one session. The texts of the statements are prepared once, by the session's cache.
#[derive(Debug)]
pub struct UsersService {
    session: Session,
    insert: String,
    select: String,
    delete: String,
    list: String,
    table: String,
    lists: Arc<Semaphore>,
}

impl UsersService {
    /// The users of this keyspace, whose table [`create_schema`](crate::create_schema) made.
    #[must_use]
    pub fn new(session: Session, keyspace: &str) -> Self {
        let table = format!("{keyspace}.users");
        Self {
            session,
            insert: format!("INSERT INTO {table} ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"),
            select: format!("SELECT {COLUMNS} FROM {table} WHERE id = ?"),
            delete: format!("DELETE FROM {table} WHERE id = ?"),
            list: format!("SELECT {COLUMNS} FROM {table}"),
            table,
            lists: Arc::new(Semaphore::new(LISTS)),
        }
    }

    async fn find(&self, session: &RequestSession, id: Uuid) -> Result<User, Status> {
        let found = session.query(&self.select, (id,)).await?;
        let row = found.maybe_first_row::<Row>()?;
        row.filter(is_whole)
            .map(User::from)
            .ok_or_else(|| Status::not_found("no such user"))
    }
}

fn maybe<T>(value: Option<T>) -> MaybeUnset<T> {
    value.map_or(MaybeUnset::Unset, MaybeUnset::Set)
}

/// A write that sets the same values however often it is applied: it may be repeated.
async fn write(
    session: &RequestSession,
    text: &str,
    values: impl tower_cassandra::SerializeRow + Send + Sync + 'static,
) -> Result<(), Error> {
    let statement = Statement::with_values(text, values).idempotent(true);
    session.execute(statement).await.map(drop)
}

#[tonic::async_trait]
impl Users for UsersService {
    async fn create_user(&self, request: Request<CreateUserRequest>) -> Result<Response<User>, Status> {
        let session = RequestSession::from_grpc(&self.session, &request)?;
        let wanted = request.into_inner();
        let (id, now) = (Uuid::new_v4(), now());
        let row: Row = (
            id,
            Some(input::name(wanted.name)?),
            Some(input::email(wanted.email)?),
            Some(input::age(wanted.age)?),
            Some(now),
            Some(now),
        );
        write(&session, &self.insert, row.clone()).await?;
        Ok(Response::new(row.into()))
    }

    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<User>, Status> {
        let session = RequestSession::from_grpc(&self.session, &request)?;
        let id = input::id(&request.into_inner().id)?;
        Ok(Response::new(self.find(&session, id).await?))
    }

    async fn update_user(&self, request: Request<UpdateUserRequest>) -> Result<Response<User>, Status> {
        let session = RequestSession::from_grpc(&self.session, &request)?;
        let wanted = request.into_inner();
        let id = input::id(&wanted.id)?;
        if wanted.name.is_none() && wanted.email.is_none() && wanted.age.is_none() {
            return Err(Status::invalid_argument(
                "nothing to change: give name, email or age",
            ));
        }
        let name = wanted.name.map(input::name).transpose()?;
        let email = wanted.email.map(input::email).transpose()?;
        let age = wanted.age.map(input::age).transpose()?;
        self.find(&session, id).await?;
        let text = format!(
            "UPDATE {} SET name = ?, email = ?, age = ?, updated_at = ? WHERE id = ?",
            self.table
        );
        write(
            &session,
            &text,
            // What was not asked for is left as it is: somebody else may change it at the same time.
            (maybe(name), maybe(email), maybe(age), now(), id),
        )
        .await?;
        Ok(Response::new(self.find(&session, id).await?))
    }

    async fn delete_user(
        &self,
        request: Request<DeleteUserRequest>,
    ) -> Result<Response<DeleteUserResponse>, Status> {
        let session = RequestSession::from_grpc(&self.session, &request)?;
        let id = input::id(&request.into_inner().id)?;
        write(&session, &self.delete, (id,)).await?;
        Ok(Response::new(DeleteUserResponse {}))
    }

    type ListUsersStream = Pin<Box<dyn Stream<Item = Result<User, Status>> + Send>>;

    /// A row is decoded when the client has room for it, and one page is read ahead. Dropped with the connection. Beyond 64 at a time: `RESOURCE_EXHAUSTED`.
    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<Self::ListUsersStream>, Status> {
        let session = RequestSession::from_grpc(&self.session, &request)?;
        let wanted = request.into_inner();
        let statement = Statement::new(&self.list).page_size(input::page_size(wanted.page_size)?);
        let place = Arc::clone(&self.lists).try_acquire_owned();
        let place = place.map_err(|_| Status::resource_exhausted("too many lists are being read"))?;
        // The server stops polling while the client has no room. A page that is under way then would keep its permit, were it not read ahead by a task of its
        // own.
        let users = session
            .stream_with::<Row>(statement, StreamOptions::new().prefetch(1))
            .try_filter(|row| ready(is_whole(row)))
            .map(move |row| {
                // Given back with the stream.
                let _ = &place;
                row.map(User::from).map_err(Status::from)
            });
        Ok(Response::new(match wanted.limit {
            0 => Box::pin(users),
            limit => Box::pin(users.take(limit as usize)),
        }))
    }
}
