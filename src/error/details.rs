//! What the client itself knows of its own errors: the limit, the option, the protocol, the reason of TLS.

use std::time::Duration;

use tower_cassandra_layers::limit::Reason;
use tower_cassandra_layers::{InvalidConfig, Limit};

use super::source::Detail;
use super::{Error, TlsFailure};

impl Error {
    /// Which limit passed, for [`ErrorKind::Timeout`](crate::ErrorKind::Timeout).
    #[must_use]
    pub fn timeout(&self) -> Option<Limit> {
        Some(self.0.core.timeout()?.0)
    }

    /// How long it was waited, for [`ErrorKind::Timeout`](crate::ErrorKind::Timeout), where that is known.
    #[must_use]
    pub fn waited(&self) -> Option<Duration> {
        self.0.core.timeout()?.1
    }

    /// Which limit refused, for [`ErrorKind::Rejected`](crate::ErrorKind::Rejected), if it was one of ours.
    #[must_use]
    pub fn rejection(&self) -> Option<Reason> {
        match self.0.core.detail {
            Detail::Rejected(reason) => Some(reason),
            _ => None,
        }
    }

    /// The option, its value and what would be right, for [`ErrorKind::Config`](crate::ErrorKind::Config).
    #[must_use]
    pub fn invalid_config(&self) -> Option<&InvalidConfig> {
        match &self.0.core.detail {
            Detail::Config(config) => Some(config),
            _ => None,
        }
    }

    /// The setting of a file or of the environment and its place, for [`ErrorKind::Config`](crate::ErrorKind::Config).
    #[cfg(feature = "config")]
    #[must_use]
    pub fn bad_setting(&self) -> Option<&crate::config::BadSetting> {
        match &self.0.core.detail {
            Detail::Setting(setting) => Some(setting),
            _ => None,
        }
    }

    /// The version of the protocol that is spoken, for [`ErrorKind::ProtocolVersion`](crate::ErrorKind::ProtocolVersion).
    #[must_use]
    pub fn negotiated_protocol(&self) -> Option<u8> {
        match self.0.core.detail {
            Detail::Protocol { negotiated, .. } => Some(negotiated),
            _ => None,
        }
    }

    /// The version of the protocol that was demanded, for [`ErrorKind::ProtocolVersion`](crate::ErrorKind::ProtocolVersion).
    #[must_use]
    pub fn required_protocol(&self) -> Option<u8> {
        match self.0.core.detail {
            Detail::Protocol { required, .. } => Some(required),
            _ => None,
        }
    }

    /// Why TLS refused, for [`ErrorKind::Connect`](crate::ErrorKind::Connect).
    #[must_use]
    pub fn tls_failure(&self) -> Option<TlsFailure> {
        match self.0.core.detail {
            Detail::Tls(failure) => Some(failure),
            _ => None,
        }
    }
}
