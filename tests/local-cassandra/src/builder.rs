use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::cluster::LocalCluster;
use crate::environment::Environment;
use crate::error::Error;
use crate::launch;
use crate::ports::MAX_NODES;
use crate::progress::Progress;

const VERSION_4_1: &str = "4.1.10";
const VERSION_5_0: &str = "5.0.6";

/// How much the Java compiler does.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Jit {
    /// Quick to start, slow at its best: for tests.
    #[default]
    Fast,
    /// As in production: for measurements, after a minute or more of warm-up.
    Full,
}

/// What cluster to start. Made by [`LocalCluster::builder`].
#[derive(Clone, Debug)]
#[must_use = "nothing is started before `start`"]
pub struct Builder {
    pub(crate) nodes: Option<usize>,
    pub(crate) version: String,
    /// Was it asked for? If not, the environment may say another one.
    pub(crate) version_given: bool,
    pub(crate) data_centers: Vec<String>,
    pub(crate) heap_mb: u32,
    pub(crate) jit: Jit,
    pub(crate) authentication: bool,
    pub(crate) tls: bool,
    pub(crate) address_block: Option<u8>,
    pub(crate) port: u16,
    pub(crate) keep_data: bool,
    pub(crate) progress: Progress,
    pub(crate) yaml: Vec<(String, String)>,
    pub(crate) start_timeout: Duration,
    pub(crate) java_home: Option<PathBuf>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            nodes: None,
            version: VERSION_5_0.to_owned(),
            version_given: false,
            data_centers: Vec::new(),
            heap_mb: 512,
            jit: Jit::Fast,
            authentication: false,
            tls: false,
            address_block: None,
            port: 9042,
            keep_data: false,
            progress: Progress::Stderr,
            yaml: Vec::new(),
            start_timeout: Duration::from_secs(300),
            java_home: None,
        }
    }

    /// How many nodes. Default: one, or one per entry of [`data_centers`](Self::data_centers).
    pub fn nodes(mut self, count: usize) -> Self {
        self.nodes = Some(count);
        self
    }

    /// The release of Apache Cassandra, 4.1 or later. Default: that of the variable `CASSANDRA_VERSION`, where `4.1` and `5.0` stand for
    /// releases that are known to work; without it `5.0.6`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self.version_given = true;
        self
    }

    /// The data centre of each node, in the order of the nodes. Default: all in `dc1`.
    pub fn data_centers<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.data_centers = names.into_iter().map(Into::into).collect();
        self
    }

    /// The heap of each node in MiB; the process takes about 400 more. Default: 512.
    pub fn heap_mb(mut self, megabytes: u32) -> Self {
        self.heap_mb = megabytes;
        self
    }

    /// How much the Java compiler does. Default: [`Jit::Fast`].
    pub fn jit(mut self, jit: Jit) -> Self {
        self.jit = jit;
        self
    }

    /// Whether clients must log in, as [`LocalCluster::credentials`] says. Default: no.
    pub fn authentication(mut self, required: bool) -> Self {
        self.authentication = required;
        self
    }

    /// Whether clients must use TLS, and trust [`LocalCluster::certificate_pem_path`]. Default: no.
    pub fn tls(mut self, required: bool) -> Self {
        self.tls = required;
        self
    }

    /// Puts the nodes at `127.0.<block>.1` and up. Default: the first free block from 10.
    pub fn address_block(mut self, block: u8) -> Self {
        self.address_block = Some(block);
        self
    }

    /// The port for clients, the same at all nodes. Default: 9042.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Whether data and logs stay when the cluster ends. Default: no.
    pub fn keep_data(mut self, keep: bool) -> Self {
        self.keep_data = keep;
        self
    }

    /// Whether lines on standard error tell what is being done. Default: yes, because a first start takes
    /// up to a minute.
    pub fn progress(mut self, show: bool) -> Self {
        self.progress = if show { Progress::Stderr } else { Progress::Silent };
        self
    }

    /// Gives the lines about what is being done to a function.
    pub fn progress_to(mut self, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.progress = Progress::To(Arc::new(sink));
        self
    }

    /// A setting of `cassandra.yaml` of all nodes, in place of the usual one; `value` is YAML on one line.
    pub fn yaml(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.yaml.push((key.into(), value.into()));
        self
    }

    /// The time from the start of the processes until the cluster must be ready, and the time that a
    /// [restart](crate::Node::restart) may take. Fetching does not count. Default: 300 s.
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// The Java to use; with any other version than 11 or 17 the start fails. Default: `JAVA_HOME`, then
    /// `PATH`.
    pub fn java_home(mut self, home: impl Into<PathBuf>) -> Self {
        self.java_home = Some(home.into());
        self
    }

    /// Starts the cluster and waits until it is ready: each node answers, knows and reaches all others,
    /// and they agree on the schema.
    ///
    /// Cancel safe: what has been started by then is ended.
    pub async fn start(self) -> Result<LocalCluster, Error> {
        let environment = Environment::read();
        launch::start(&self.settled(&environment), &environment).await
    }

    /// With the version that the environment asks for, unless one was given.
    fn settled(mut self, environment: &Environment) -> Self {
        if let Some(version) = environment.version.as_deref().filter(|_| !self.version_given) {
            self.version = match version {
                "4.1" => VERSION_4_1,
                "5.0" => VERSION_5_0,
                other => other,
            }
            .to_owned();
        }
        self
    }

    /// One entry per node.
    pub(crate) fn layout(&self) -> Result<Vec<String>, Error> {
        let count = self.nodes.unwrap_or(self.data_centers.len().max(1));
        if !(1..=MAX_NODES).contains(&count) {
            return Err(Error::configuration(format!(
                "a local cluster has 1 to {MAX_NODES} nodes, not {count}"
            )));
        }
        if self.data_centers.is_empty() {
            return Ok(vec!["dc1".to_owned(); count]);
        }
        if self.data_centers.len() != count {
            return Err(Error::configuration(format!(
                "{} data centres for {count} nodes; name one for each node",
                self.data_centers.len()
            )));
        }
        Ok(self.data_centers.clone())
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.layout()?;
        let version = &self.version;
        let mut numbers = version.split(['.', '-']).map(str::parse::<u32>);
        let release = numbers.next().zip(numbers.next());
        let plain = version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
        match release {
            Some((Ok(major), Ok(minor))) if plain && (major, minor) >= (4, 1) => {}
            _ => {
                return Err(Error::configuration(format!(
                    "version {version:?} is not a release of Cassandra from 4.1 on, such as 5.0.6"
                )));
            }
        }
        if self.heap_mb < 128 {
            return Err(Error::configuration(format!(
                "a node does not start with a heap of {} MiB; give it 256 or more",
                self.heap_mb
            )));
        }
        if self.port < 1024 {
            return Err(Error::configuration(format!(
                "client port {} is below 1024",
                self.port
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_centres_say_how_many_nodes_unless_that_was_said() {
        let two = Builder::new().data_centers(["a", "b"]);
        assert_eq!(two.layout().unwrap(), ["a", "b"]);
        assert!(two.nodes(3).layout().is_err());
        assert_eq!(Builder::new().nodes(2).layout().unwrap(), ["dc1", "dc1"]);
        assert!(Builder::new().nodes(0).layout().is_err());
    }

    #[test]
    fn the_environment_chooses_the_version_where_the_test_does_not() {
        let environment = |version: Option<&str>| Environment {
            version: version.map(str::to_owned),
            ..Environment::default()
        };
        for (asked, version) in [
            (None, "5.0.6"),
            (Some("4.1"), "4.1.10"),
            (Some("5.0"), "5.0.6"),
            (Some("4.1.9"), "4.1.9"),
        ] {
            assert_eq!(Builder::new().settled(&environment(asked)).version, version);
        }
        let given = Builder::new().version("5.0.1");
        assert_eq!(given.settled(&environment(Some("4.1"))).version, "5.0.1");
    }

    #[test]
    fn versions_that_cannot_start_are_refused() {
        for good in ["5.0.6", "4.1.10", "5.0-rc1"] {
            assert!(Builder::new().version(good).check().is_ok(), "{good}");
        }
        for bad in ["4.0.17", "3.11.1", "latest", "5", "5.0.6/../x", ""] {
            assert!(Builder::new().version(bad).check().is_err(), "{bad}");
        }
    }
}
