use tonic::{Request, Status};

use super::RequestSession;
use crate::session::Session;

impl RequestSession {
    /// The session for one request of a gRPC client: `grpc-timeout` and what else [`RequestOptions`](super::RequestOptions) say of its metadata.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for metadata that make no sense, or ask for more than the options allow. It names the header, not the value.
    #[cfg_attr(docsrs, doc(cfg(feature = "tonic")))]
    // As large as tonic made it; handlers return it as well.
    #[allow(clippy::result_large_err)]
    pub fn from_grpc<T>(session: &Session, request: &Request<T>) -> Result<Self, Status> {
        let (headers, extensions) = (request.metadata().as_ref(), request.extensions());
        Ok(Self::from_headers(session.clone(), headers, extensions)?)
    }
}
