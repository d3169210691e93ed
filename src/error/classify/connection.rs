//! Connections: there is none (table A), or it broke (table B).

use scylla::errors::{BrokenConnectionError, BrokenConnectionErrorKind, ConnectionPoolError};

use crate::error::row::Row;

#[deny(clippy::wildcard_enum_match_arm)]
pub(super) fn pool(error: &ConnectionPoolError) -> Row {
    match error {
        ConnectionPoolError::Broken { .. } => Row::PoolBroken,
        ConnectionPoolError::Initializing => Row::PoolInitializing,
        ConnectionPoolError::NodeDisabledByHostFilter => Row::NodeDisabled,
        _ => Row::Unclassified,
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
pub(super) fn broken(error: &BrokenConnectionError) -> Row {
    // R12: a reason of an unknown type may have come after the frame was written.
    let Some(reason) = error.downcast_ref::<BrokenConnectionErrorKind>() else {
        return Row::ConnectionUnknown;
    };
    match reason {
        // R10: the request was still in the queue of the connection. What had been written is told the real reason.
        BrokenConnectionErrorKind::ChannelError => Row::QueueLost,
        BrokenConnectionErrorKind::KeepaliveTimeout(_)
        | BrokenConnectionErrorKind::KeepaliveRequestError(_)
        | BrokenConnectionErrorKind::FrameHeaderParseError(_)
        | BrokenConnectionErrorKind::CqlEventHandlingError(_)
        | BrokenConnectionErrorKind::UnexpectedStreamId(_)
        | BrokenConnectionErrorKind::WriteError(_)
        | BrokenConnectionErrorKind::TooManyOrphanedStreamIds(_) => Row::ConnectionLost,
        _ => Row::ConnectionUnknown,
    }
}
