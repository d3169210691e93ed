//! The driver that the server is made for, against it.

mod clusters;
mod connections;
mod errors;
mod events;
mod faults;
mod ledger;
mod raw;
mod statements;
mod support;
