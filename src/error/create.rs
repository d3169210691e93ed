//! Errors that do not come from the driver's requests, and the seam to foreign services.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scylla::errors::{BadQuery, NewSessionError, SerializationError};
use tower_cassandra_layers::balance::NoCandidate;
use tower_cassandra_layers::limit::{Reason, Rejected};
use tower_cassandra_layers::panic::Panicked;
use tower_cassandra_layers::timeout::Elapsed;
use tower_cassandra_layers::{Applied, InvalidConfig, Limit, NodeId};
use uuid::Uuid;

use super::row::Row;
use super::source::{Core, Detail, Source};
use super::{Error, ErrorKind};
use crate::nature::Nature;

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

const LOGIN: Row = Row::Connect {
    kind: ErrorKind::Authentication,
    permanent: true,
};

fn foreign(row: Row, source: impl Into<BoxError>) -> Error {
    Error::new(Core::new(
        row,
        Detail::None,
        Source::Foreign(Arc::from(source.into())),
    ))
}

fn ours(row: Row, detail: Detail) -> Error {
    Error::new(Core::new(row, detail, Source::None))
}

impl Error {
    /// An option makes no sense. The value is shown: never give a secret.
    pub(crate) fn config(option: &'static str, value: impl fmt::Debug, expected: &'static str) -> Self {
        InvalidConfig::new(option, value, expected).into()
    }

    /// What was written in a file or in the environment makes no sense.
    #[cfg(feature = "config")]
    pub(crate) fn bad_setting_of(setting: crate::config::BadSetting) -> Self {
        ours(Row::Config, Detail::Setting(Box::new(setting)))
    }

    /// The session is closed: before the request was sent (A11), or while it was under way (A13).
    pub(crate) fn closed(applied: Applied) -> Self {
        let row = match applied {
            Applied::No => Row::Closed,
            Applied::Maybe | Applied::Yes => Row::ClosedMeanwhile,
        };
        ours(row, Detail::None)
    }

    /// Something the driver cannot do. Fixed text, never made from a request.
    pub(crate) fn unsupported(what: &'static str) -> Self {
        ours(Row::Unsupported, Detail::Text(what))
    }

    /// A request that could never work, found before it was sent (A1). Fixed text, never made from a request.
    pub(crate) fn invalid(what: &'static str) -> Self {
        ours(Row::BatchTooLarge, Detail::Text(what))
    }

    /// A request names something that is not there; nothing was sent. What it is called is in the source.
    pub(crate) fn no_such(what: &'static str, name: &str) -> Self {
        foreign(Row::BatchTooLarge, format!("there is no {what} {name:?}"))
    }

    /// DDL succeeded, and the nodes did not agree on the schema in time (E1).
    pub(crate) fn schema_disagreement() -> Self {
        ours(
            Row::AfterSuccess,
            Detail::Text("the nodes did not agree on the schema in time"),
        )
        .with(Nature::Schema, None)
    }

    /// Text with values while strict preparing is on.
    pub(crate) fn parameters_need_prepare() -> Self {
        ours(Row::ParametersNeedPrepare, Detail::None)
    }

    /// A version of the protocol is demanded that is not spoken.
    pub(crate) fn protocol_version(negotiated: u8, required: u8) -> Self {
        let detail = Detail::Protocol { negotiated, required };
        ours(Row::ProtocolVersion, detail)
    }

    /// A row does not fit the type that was asked for (D4). The statement was executed all the same.
    pub(crate) fn decode(source: impl Into<BoxError>) -> Self {
        foreign(Row::Decode, source)
    }

    /// The rows that a node answered with cannot be read (D4). For a conditional write the verdict is lost.
    pub(crate) fn unreadable(source: BoxError, nature: Nature, node: Option<Uuid>) -> Self {
        foreign(Row::UnreadableRows, source).with(nature, node)
    }

    /// The values do not fit the statement (A1).
    pub(crate) fn serialization(source: SerializationError) -> Self {
        Self::from_bad_query(BadQuery::SerializationError(source))
    }

    /// Foreign code below us failed, after our request had reached it.
    pub(crate) fn internal(source: impl Into<BoxError>) -> Self {
        foreign(Row::Foreign { called: true }, source)
    }

    /// There is no node to send it to. The cause, if there is one, is only its source.
    pub(crate) fn no_host(source: Option<BoxError>) -> Self {
        match source {
            Some(source) => foreign(Row::NoCandidate, source),
            None => ours(Row::NoCandidate, Detail::None),
        }
    }

    /// A time limit passed.
    pub(crate) fn timed_out(limit: Limit, applied: Applied) -> Self {
        late(limit, None, applied)
    }

    /// Closing did not wait any longer: so many calls were cut off.
    pub(crate) fn cut_off(calls: u64) -> Self {
        let detail = Detail::Timeout {
            limit: Limit::Deadline,
            waited: None,
        };
        let source = BoxError::from(format!("cut off, calls under way: {calls}"));
        Self::new(Core::new(
            Row::CallTimeout,
            detail,
            Source::Foreign(Arc::from(source)),
        ))
    }

    /// A limit of ours refused it, before anything was sent (A11).
    pub(crate) fn rejected(reason: Reason) -> Self {
        ours(Row::Rejected, Detail::Rejected(reason))
    }

    /// The time for connecting passed. The source is what it would have ended with.
    pub(crate) fn connect_timed_out(waited: Duration, last: Option<Self>) -> Self {
        let last =
            last.unwrap_or_else(|| Self::connect("no contact point answered within `connect_timeout`"));
        last.cut(Row::LateUnsent, Limit::Call, Some(waited))
    }

    /// No session could be made for a reason that the driver has no error for.
    pub(crate) fn connect(source: impl Into<BoxError>) -> Self {
        let row = Row::Connect {
            kind: ErrorKind::Connect,
            permanent: false,
        };
        foreign(row, source)
    }

    /// The session goes on connecting in the background. The source is why the last attempt failed.
    pub(crate) fn not_connected(last: Option<Self>) -> Self {
        let row = Row::Connect {
            kind: ErrorKind::Connect,
            permanent: false,
        };
        let detail = Detail::Text("the session has no connection yet and goes on trying");
        Self::new(Core::new(row, detail, last.map_or(Source::None, Source::Ours)))
    }

    /// The server wants a login, and there is none.
    pub(crate) fn no_login() -> Self {
        ours(
            LOGIN,
            Detail::Text(
                "the server wants a login and none is configured: give `ClusterBuilder` `credentials`, a `credentials_provider` or an `authenticator`",
            ),
        )
    }

    /// The user's provider of credentials failed; nothing was sent.
    pub(crate) fn no_credentials(source: BoxError) -> Self {
        let row = Row::Connect {
            kind: ErrorKind::Authentication,
            permanent: false,
        };
        let detail = Detail::Text("the credentials provider failed");
        Self::new(Core::new(row, detail, Source::Foreign(Arc::from(source))))
    }

    /// The contact point that was sent the login did not accept it. The source is what the last contact point said.
    pub(crate) fn login_not_accepted(last: NewSessionError) -> Self {
        let detail = Detail::Text("a contact point did not accept the login; it was not sent to the others");
        Self::new(Core::new(LOGIN, detail, Source::NewSession(last)))
    }

    /// The seam to services that are not ours: what their error means, given whether they had passed the request on
    /// to the service inside.
    ///
    /// Our own errors come out as they went in. A foreign limit counts as one of the call, since nobody can say what
    /// it was laid around; so it is not repeated.
    pub(crate) fn from_boxed(error: BoxError, called: bool) -> Self {
        fn known<E: Into<Error> + StdError + 'static>(error: BoxError) -> Result<Error, BoxError> {
            error.downcast::<E>().map(|error| (*error).into())
        }

        let applied = if called { Applied::Maybe } else { Applied::No };
        known::<Self>(error)
            .or_else(known::<Elapsed>)
            .or_else(known::<Rejected>)
            .or_else(known::<NoCandidate>)
            .or_else(known::<Panicked>)
            .or_else(known::<InvalidConfig>)
            .unwrap_or_else(|error| {
                if error.is::<tower::timeout::error::Elapsed>() {
                    late(Limit::Call, None, applied)
                } else if error.is::<tower::load_shed::error::Overloaded>() {
                    foreign(Row::Rejected, error)
                } else {
                    foreign(Row::Foreign { called }, error)
                }
            })
    }
}

/// A caller that gave a node less than this says nothing of the node, else callers with short deadlines would have well nodes ejected for all others. A node
/// that is silent for so long is passed over in any case (see [`health`](crate::layers::health)), without their help.
const HURRIED: Duration = Duration::from_secs(1);

fn late(limit: Limit, waited: Option<Duration>, applied: Applied) -> Error {
    let row = match (applied, limit) {
        (Applied::No, _) => Row::LateUnsent,
        (Applied::Maybe | Applied::Yes, Limit::Attempt) => Row::AttemptTimeout,
        _ if waited.is_some_and(|waited| waited < HURRIED) => Row::CallCutShort,
        (Applied::Maybe | Applied::Yes, Limit::Call | Limit::Deadline) => Row::CallTimeout,
    };
    ours(row, Detail::Timeout { limit, waited })
}

impl From<Elapsed> for Error {
    fn from(error: Elapsed) -> Self {
        let node = error.node().map(|id| Uuid::from_u128(id.0));
        let mut made = late(error.limit(), Some(error.waited()), error.applied()).with(Nature::Other, node);
        if let Some(inner) = Arc::get_mut(&mut made.0) {
            inner.queue_wait = error.queued();
        }
        made
    }
}

impl From<Rejected> for Error {
    fn from(error: Rejected) -> Self {
        Self::rejected(error.reason())
    }
}

impl From<NoCandidate> for Error {
    fn from(error: NoCandidate) -> Self {
        let source = match error.node() {
            Some(NodeId(id)) => format!("host {} is no node of the cluster now", Uuid::from_u128(id)).into(),
            None => error.into(),
        };
        Self::no_host(Some(source))
    }
}

impl From<Panicked> for Error {
    /// Whatever panicked may have sent the request before.
    fn from(error: Panicked) -> Self {
        Self::internal(error)
    }
}

impl From<InvalidConfig> for Error {
    fn from(error: InvalidConfig) -> Self {
        ours(Row::Config, Detail::Config(error))
    }
}
