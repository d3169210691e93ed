//! What services made with axum and with tonic have in common.

mod bad_header;
mod error_class;
mod figures;
mod future;
mod layer;
mod options;
mod read;
mod session;
mod shutdown;
mod signals;

pub use bad_header::BadHeader;
pub(crate) use error_class::ErrorClass;
#[cfg(feature = "axum")]
pub use error_class::http_status;
pub use error_class::{log, retry_after};
pub use figures::QueryFigures;
pub use future::RequestFuture;
pub use layer::{RequestLayer, RequestService};
pub use options::RequestOptions;
pub use session::RequestSession;
pub use shutdown::{Shutdown, ShutdownReport};
