//! A web application of users and products: every feature of the session behind an HTTP API. See the README of the package for its endpoints and settings.
//!
//! * `settings`: what the environment says.
//! * `app`: from settings to a running application, and its end.
//! * `store`: tables, prepared statements, rows.
//! * `endpoints`: a module per group, and the one router.
//! * `extract`: what handlers take, checked. `errors`: what they answer where something is wrong.
//! * `web`: sockets, figures, answers that are written while rows come.
//! * `cursor`, `cache`, `background`, `tenants`: one idea each.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod app;
mod background;
mod bare;
mod cache;
mod cursor;
mod described;
mod endpoints;
mod errors;
mod extract;
mod settings;
mod state;
mod store;
mod tenants;
mod web;

pub use app::{Application, StartError};
pub use settings::{BadSetting, Settings};
pub use state::AppState;
