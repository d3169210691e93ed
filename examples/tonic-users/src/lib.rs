//! A gRPC service of users over Apache Cassandra, made with tonic.
//!
//! | what | where |
//! |---|---|
//! | create, get, update, delete: one statement each, errors as statuses by `?` | `service.rs` |
//! | list: rows as they come; a client that reads slowly holds the page requests back | `service.rs` |
//! | `grpc-timeout`, `x-request-timeout` as the deadline of the statements | `RequestLayer` in `server.rs` |
//! | connections: so many, each with bounded time for its first bytes and for the answers to pings | `connections.rs` |
//! | health (`grpc.health.v1`) that follows the database, reflection, message sizes, shutdown | `server.rs` |
//!
//! ```sh
//! cargo run --release -p tonic-users
//! grpcurl -plaintext -d '{"name": "Ada", "email": "ada@example.com", "age": 36}' localhost:50051 users.v1.Users/CreateUser
//! grpcurl -plaintext localhost:50051 grpc.health.v1.Health/Check
//! ```

mod connections;
mod input;
mod schema;
mod server;
mod service;
mod too_large;

/// What `build.rs` made of `proto/users.proto`.
#[allow(missing_docs, clippy::all)]
pub mod pb {
    tonic::include_proto!("users.v1");

    /// For reflection.
    pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("users");
}

pub use connections::Limits;
pub use schema::create_schema;
pub use server::{MAX_MESSAGE, serve};
pub use service::UsersService;
