//! So many requests at a time. See the [module above](crate::limit).

mod claim;
mod config;
mod counter;
mod future;
mod handle;
mod layer;
mod permits;
mod pool;
mod service;

pub use config::{ConcurrencyLimit, MAX_SHARES};
pub use future::ResponseFuture;
pub use handle::ConcurrencyHandle;
pub use layer::ConcurrencyLimitLayer;
pub use service::ConcurrencyLimited;
