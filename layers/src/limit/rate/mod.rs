//! So many requests in a given time. See the [module above](crate::limit).

mod bucket;
mod claim;
mod config;
mod future;
mod layer;
mod line;
mod open;
mod service;
mod turns;

pub use config::RateLimit;
pub use future::ResponseFuture;
pub use layer::{RateLimitHandle, RateLimitLayer};
pub use service::RateLimited;
