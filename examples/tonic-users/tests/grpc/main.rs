//! The service on a real node, by its own clients.

mod calls;
mod connections;
mod ending;
mod limits;
mod outages;
mod streams;
mod support;
