//! What can be set, from the environment.

mod source;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

pub use source::BadSetting;
pub(crate) use source::is_tenant;
use source::{Source, is_name};

/// All settings of the application. [`Settings::from_env`] reads them; [`Settings::default`] is what holds where nothing is set.
#[derive(Clone)]
pub struct Settings {
    /// Where it listens (`BIND`, `PORT`). Default: 127.0.0.1:8000.
    pub listen: SocketAddr,
    /// Where `GET /users/{id}` on the plain driver listens, for comparison (`--bare`: the next port). Default: nowhere.
    pub bare: Option<SocketAddr>,
    /// The nodes to ask first (`CASSANDRA_CONTACT_POINTS` or `CASSANDRA_HOSTS`, with commas). Default: none, and `main` starts a node.
    pub contact_points: Vec<String>,
    /// The port of contact points without one (`CASSANDRA_PORT`). Default: 9042.
    pub port: u16,
    /// The login (`CASSANDRA_USERNAME`, `CASSANDRA_PASSWORD`). Default: none.
    pub login: Option<(String, String)>,
    /// Where the tables are (`CASSANDRA_KEYSPACE`); those of users are named after it. Default: `example`.
    pub keyspace: String,
    /// Copies of each row (`CASSANDRA_REPLICATION`). Default: 1.
    pub replication: u8,
    /// Rows of the large table, written when it is empty (`DEMO_ITEMS`). Default: 10,000.
    pub demo_items: u32,
    /// Users that have a keyspace of their own (`TENANTS`, with commas). Default: `alice,bob,carol`.
    pub tenants: Vec<String>,
    /// Sessions kept open for them at a time (`TENANT_SESSIONS`). Default: 2.
    pub tenant_sessions: usize,
    /// Key of the signatures of cursors, at least 32 bytes (`CURSOR_KEY`). Default: made anew by each process, so that a cursor ends with it; several processes
    /// behind one address need the same.
    pub cursor_key: Option<Vec<u8>>,
    /// How long a cached value lives (`CACHE_SECONDS`). Default: 60 s.
    pub cache_life: Duration,
    /// Values that are cached at a time (`CACHE_ENTRIES`). Default: 1,000.
    pub cache_entries: usize,
    /// Writes that may wait to be done in the background (`BACKGROUND_QUEUE`). Default: 1,000.
    pub background_queue: usize,
    /// Database calls at a time (`CONCURRENCY`); eight times as many may wait, and at least 128. Default: 100.
    pub concurrency: usize,
    /// Connections of clients at a time (`MAX_CONNECTIONS`); further ones wait to be accepted. Default: 1,024.
    pub max_connections: usize,
    /// Web sockets at a time (`MAX_SOCKETS`). Default: 100.
    pub max_sockets: usize,
    /// Bytes of a request's body (`MAX_BODY`). Default: 64 KiB.
    pub max_body: usize,
    /// Time that a client has for the head of a request, and how long a connection may be idle (`HEADER_SECONDS`). Default: 10 s.
    pub header_timeout: Duration,
    /// Time that a client has for the body of a request (`BODY_SECONDS`). Default: 10 s.
    pub body_timeout: Duration,
    /// How long a client may take nothing of an answer that waits for it (`WRITE_SECONDS`). Default: 30 s.
    pub write_timeout: Duration,
    /// The longest limit that a client may ask for by `X-Request-Timeout` (`MAX_REQUEST_SECONDS`). Default: 60 s.
    pub max_request_timeout: Duration,
    /// How long `/slow_query` reads (`SLOW_SECONDS`); `/long_running_query` twice as long. Default: 2 s.
    pub slow_query: Duration,
    /// Pause between two messages of a web socket (`SOCKET_SECONDS`). Default: 1 s.
    pub socket_interval: Duration,
    /// How often the client of a web socket is asked whether it is there (`PING_SECONDS`); one that is silent for twice as long is gone. Default: 20 s.
    pub socket_ping: Duration,
    /// How long requests and background writes have when the application ends (`SHUTDOWN_SECONDS`). Default: 30 s.
    pub shutdown_limit: Duration,
    /// How long late requests are still answered (503) when the application ends, rather than find nobody (`LINGER_SECONDS`). Default: 0.5 s.
    pub linger: Duration,
    /// What operators send for what ends the application, puts load on it or looks behind it (`ADMIN_TOKEN`), at least 16 visible characters of ASCII.
    /// Default: none; then everybody is an operator where `BIND` is a loopback address, and nobody elsewhere.
    pub admin_token: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8000),
            bare: None,
            contact_points: Vec::new(),
            port: 9042,
            login: None,
            keyspace: "example".to_owned(),
            replication: 1,
            demo_items: 10_000,
            tenants: ["alice", "bob", "carol"].map(str::to_owned).to_vec(),
            tenant_sessions: 2,
            cursor_key: None,
            cache_life: Duration::from_secs(60),
            cache_entries: 1_000,
            background_queue: 1_000,
            concurrency: 100,
            max_connections: 1_024,
            max_sockets: 100,
            max_body: 64 * 1024,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            max_request_timeout: Duration::from_secs(60),
            slow_query: Duration::from_secs(2),
            socket_interval: Duration::from_secs(1),
            socket_ping: Duration::from_secs(20),
            shutdown_limit: Duration::from_secs(30),
            linger: Duration::from_millis(500),
            admin_token: None,
        }
    }
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// The first variable whose value makes no sense.
    pub fn from_env() -> Result<Self, BadSetting> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads what `lookup` knows by the names of the variables.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, BadSetting> {
        let source = Source(lookup);
        let mut it = Self::default();
        let (mut ip, mut port) = (it.listen.ip(), it.listen.port());
        source.read(&mut ip, ("BIND", "an IP address"), Some)?;
        source.read(&mut port, ("PORT", "a port number"), Some)?;
        it.listen = SocketAddr::new(ip, port);
        let points = source.list("CASSANDRA_CONTACT_POINTS");
        it.contact_points = points
            .or_else(|| source.list("CASSANDRA_HOSTS"))
            .unwrap_or_default();
        source.read(&mut it.port, ("CASSANDRA_PORT", "a port number"), Some)?;
        it.login = source
            .text("CASSANDRA_USERNAME")
            .map(|user| (user, source.text("CASSANDRA_PASSWORD").unwrap_or_default()));
        let name = "1 to 32 lower-case letters, digits and `_`, the first a letter";
        source.read(&mut it.keyspace, ("CASSANDRA_KEYSPACE", name), |text: String| {
            is_name(&text).then_some(text)
        })?;
        let copies = ("CASSANDRA_REPLICATION", "1 to 9 copies");
        source.read(&mut it.replication, copies, |copies| {
            (1..=9).contains(&copies).then_some(copies)
        })?;
        let items = ("DEMO_ITEMS", "at most 1,000,000 rows");
        source.read(&mut it.demo_items, items, |rows| {
            (rows <= 1_000_000).then_some(rows)
        })?;
        if let Some(tenants) = source.list("TENANTS") {
            if tenants.len() > 100 || !tenants.iter().all(|tenant| is_tenant(tenant)) {
                let expected = "at most 100 names of 1 to 12 lower-case letters, digits and `_`";
                return Err(BadSetting {
                    name: "TENANTS",
                    expected,
                });
            }
            it.tenants = tenants;
        }
        let key = ("CURSOR_KEY", "at least 32 bytes");
        source.read(&mut it.cursor_key, key, |text: String| {
            (text.len() >= 32).then(|| Some(text.into_bytes()))
        })?;
        source.count(&mut it.tenant_sessions, "TENANT_SESSIONS", 100)?;
        source.count(&mut it.cache_entries, "CACHE_ENTRIES", 100_000)?;
        source.count(&mut it.background_queue, "BACKGROUND_QUEUE", 100_000)?;
        source.count(&mut it.concurrency, "CONCURRENCY", 10_000)?;
        source.count(&mut it.max_connections, "MAX_CONNECTIONS", 100_000)?;
        source.count(&mut it.max_sockets, "MAX_SOCKETS", 100_000)?;
        source.count(&mut it.max_body, "MAX_BODY", 64 * 1024 * 1024)?;
        source.seconds(&mut it.cache_life, "CACHE_SECONDS")?;
        source.seconds(&mut it.header_timeout, "HEADER_SECONDS")?;
        source.seconds(&mut it.body_timeout, "BODY_SECONDS")?;
        source.seconds(&mut it.write_timeout, "WRITE_SECONDS")?;
        source.seconds(&mut it.max_request_timeout, "MAX_REQUEST_SECONDS")?;
        source.seconds(&mut it.slow_query, "SLOW_SECONDS")?;
        source.seconds(&mut it.socket_interval, "SOCKET_SECONDS")?;
        source.seconds(&mut it.socket_ping, "PING_SECONDS")?;
        source.seconds(&mut it.shutdown_limit, "SHUTDOWN_SECONDS")?;
        source.seconds(&mut it.linger, "LINGER_SECONDS")?;
        let token = ("ADMIN_TOKEN", "at least 16 visible characters of ASCII");
        source.read(&mut it.admin_token, token, |text: String| {
            let fits = text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_graphic());
            fits.then_some(Some(text))
        })?;
        Ok(it)
    }
}

impl fmt::Debug for Settings {
    // Without the login, the key and the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("contact_points", &self.contact_points)
            .field("keyspace", &self.keyspace)
            .field("login", &self.login.is_some())
            .field("cursor_key", &self.cursor_key.is_some())
            .field("admin_token", &self.admin_token.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    fn with(name: &'static str, value: &'static str) -> Result<Settings, String> {
        let lookup = |asked: &str| (asked == name).then(|| value.to_owned());
        Settings::from_lookup(lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn both_names_of_the_hosts_work_and_what_makes_no_sense_is_refused_by_name() {
        for name in ["CASSANDRA_HOSTS", "CASSANDRA_CONTACT_POINTS"] {
            assert_eq!(with(name, "a, b:9").unwrap().contact_points, ["a", "b:9"]);
        }
        assert_eq!(with("PORT", "").unwrap().listen.port(), 8000);
        for (name, value) in [
            ("PORT", "65536"),
            ("BIND", "localhost"),
            ("CASSANDRA_KEYSPACE", "x; DROP"),
            ("TENANTS", "alice,Bob"),
            ("CURSOR_KEY", "short secret"),
            ("ADMIN_TOKEN", "short secret"),
            ("ADMIN_TOKEN", "a long secret with spaces"),
            ("CONCURRENCY", "0"),
            ("CACHE_SECONDS", "NaN"),
            ("CACHE_SECONDS", "-1"),
        ] {
            let error = with(name, value).unwrap_err();
            assert!(error.starts_with(name) && !error.contains(value), "{error}");
        }
    }
}
