use std::time::Duration;

use ::http::HeaderName;
use scylla::statement::Consistency;
use tower_cassandra_layers::InvalidConfig;

/// What callers of a service may say of its statements, and by which headers. For [`RequestLayer`](super::RequestLayer).
///
/// | option | default |
/// |---|---|
/// | [`timeout_header`](Self::timeout_header) | `X-Request-Timeout` |
/// | [`max_timeout`](Self::max_timeout) | 300 s |
/// | [`default_timeout`](Self::default_timeout) | none: the limits of the session alone |
/// | [`consistency_header`](Self::consistency_header) | `X-Consistency-Level` |
/// | [`allow_consistency`](Self::allow_consistency) | no level: the header is not looked at |
/// | [`server_timing`](Self::server_timing) | on |
///
/// `grpc-timeout` is read as well, as gRPC defines it. Where both are given the shorter one counts.
#[derive(Clone, Debug)]
#[must_use = "options do nothing until they are given to a `RequestLayer`"]
pub struct RequestOptions {
    pub(super) timeout_header: HeaderName,
    pub(super) max_timeout: Duration,
    pub(super) default_timeout: Option<Duration>,
    pub(super) consistency_header: HeaderName,
    pub(super) levels: Vec<Consistency>,
    pub(super) server_timing: bool,
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl RequestOptions {
    /// The longest time a caller may ask for by default: what the slowest honest request of a service needs, and short enough that nobody
    /// parks a statement.
    pub const MAX_TIMEOUT: Duration = Duration::from_secs(300);

    /// All as by default.
    pub const fn new() -> Self {
        Self {
            timeout_header: HeaderName::from_static("x-request-timeout"),
            max_timeout: Self::MAX_TIMEOUT,
            default_timeout: None,
            consistency_header: HeaderName::from_static("x-consistency-level"),
            levels: Vec::new(),
            server_timing: true,
        }
    }

    /// Sets the header with the time that a request may take: seconds, above 0, with a fraction if need be (`0.25`). It bounds all statements of the
    /// request together, counted from when [`RequestLayer`](super::RequestLayer) saw the request.
    pub fn timeout_header(mut self, name: HeaderName) -> Self {
        self.timeout_header = name;
        self
    }

    /// Sets the longest time that a caller may ask for. More in the own header is refused (400); more in `grpc-timeout`, where callers cannot know,
    /// is cut to it.
    pub const fn max_timeout(mut self, limit: Duration) -> Self {
        self.max_timeout = limit;
        self
    }

    /// Sets the time that a request may take whose caller says nothing; `None` for none.
    pub fn default_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.default_timeout = limit.into();
        self
    }

    /// Sets the header with the consistency level.
    pub fn consistency_header(mut self, name: HeaderName) -> Self {
        self.consistency_header = name;
        self
    }

    /// Lets callers choose one of these levels, for all statements of the request. It wins over what the statements say themselves. Another level is
    /// refused (400) with the list of these.
    pub fn allow_consistency(mut self, levels: impl IntoIterator<Item = Consistency>) -> Self {
        self.levels = levels.into_iter().collect();
        self
    }

    /// Sets whether responses have a header `Server-Timing` with the number of statements and their time, for the tools of browsers. Everybody who gets
    /// the response sees it.
    pub const fn server_timing(mut self, on: bool) -> Self {
        self.server_timing = on;
        self
    }

    pub(super) fn check(&self) -> Result<(), InvalidConfig> {
        const LONGEST: Duration = Duration::from_secs(86_400);
        if self.max_timeout.is_zero() || self.max_timeout > LONGEST {
            let expected = "a duration above zero and of at most one day";
            return Err(InvalidConfig::new("max_timeout", self.max_timeout, expected));
        }
        if let Some(limit) = self.default_timeout
            && (limit.is_zero() || limit > self.max_timeout)
        {
            let expected = "a duration above zero and of at most `max_timeout`";
            return Err(InvalidConfig::new("default_timeout", limit, expected));
        }
        if self.timeout_header == self.consistency_header {
            let name = self.consistency_header.as_str();
            let expected = "another header than `timeout_header`";
            return Err(InvalidConfig::new("consistency_header", name, expected));
        }
        Ok(())
    }
}
