//! Attempt metrics: what each node did with what was sent to it.

mod layer;
mod node;
mod service;

pub use layer::AttemptMetricsLayer;
pub use service::AttemptMetricsService;
