//! So many requests at a time. See the [module above](crate::limit).

mod claim;
mod config;
mod future;
mod layer;
mod permits;
mod service;

pub use config::ConcurrencyLimit;
pub use future::ResponseFuture;
pub use layer::{ConcurrencyHandle, ConcurrencyLimitLayer};
pub use service::ConcurrencyLimited;
