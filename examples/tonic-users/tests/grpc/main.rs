//! The service on a real node, by its own clients.

mod calls;
mod limits;
mod outages;
mod streams;
mod support;
