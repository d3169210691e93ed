//! The tables, the statements, and the rows to begin with.

mod demo;
mod rows;
mod schema;
mod setup;
mod statements;

pub(crate) use demo::CATEGORIES;
pub(crate) use rows::{Item, Product, Time, User, UserRow};
pub(crate) use schema::tenant_keyspace;
pub(crate) use setup::set_up;
pub(crate) use statements::Statements;
