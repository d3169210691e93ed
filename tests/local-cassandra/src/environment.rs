//! What the process environment says, read once. A plain value, so that tests need not change the
//! environment of their process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::Error;

#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    pub(crate) contact_points: Option<String>,
    pub(crate) port: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) java_home: Option<PathBuf>,
    pub(crate) path: OsString,
    pub(crate) cache: PathBuf,
}

impl Environment {
    pub(crate) fn read() -> Self {
        let text = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let path = |name| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let cache = path("LOCAL_CASSANDRA_CACHE").unwrap_or_else(|| {
            path("XDG_CACHE_HOME")
                .or_else(|| path("HOME").map(|home| home.join(".cache")))
                .unwrap_or_else(std::env::temp_dir)
                .join("local-cassandra")
        });
        Self {
            contact_points: text("CASSANDRA_CONTACT_POINTS"),
            port: text("CASSANDRA_PORT"),
            username: text("CASSANDRA_USERNAME"),
            password: text("CASSANDRA_PASSWORD"),
            version: text("CASSANDRA_VERSION"),
            java_home: path("JAVA_HOME"),
            path: std::env::var_os("PATH").unwrap_or_default(),
            cache,
        }
    }

    /// The nodes of a cluster that runs already, each with a port.
    pub(crate) fn external(&self) -> Result<Option<Vec<String>>, Error> {
        let Some(points) = &self.contact_points else {
            return Ok(None);
        };
        let port = match &self.port {
            None => 9042,
            Some(text) => text
                .parse::<u16>()
                .map_err(|_| Error::configuration(format!("CASSANDRA_PORT={text} is not a port number")))?,
        };
        let points: Vec<String> = points
            .split(',')
            .map(str::trim)
            .filter(|point| !point.is_empty())
            .map(|point| with_port(point, port))
            .collect();
        if points.is_empty() {
            return Err(Error::configuration(
                "CASSANDRA_CONTACT_POINTS names no node; write host[:port],host[:port]",
            ));
        }
        Ok(Some(points))
    }

    pub(crate) fn credentials(&self) -> Option<(String, String)> {
        self.username.clone().zip(self.password.clone())
    }

    /// The first program of that name in the search path.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        std::env::split_paths(&self.path)
            .map(|dir| dir.join(name))
            .find(|file| is_program(file))
    }
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn with_port(point: &str, port: u16) -> String {
    let bare_v6 = point.parse::<std::net::Ipv6Addr>().is_ok();
    if bare_v6 {
        format!("[{point}]:{port}")
    } else if point.ends_with(']') || !point.contains(':') {
        format!("{point}:{port}")
    } else {
        point.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn external(points: &str, port: Option<&str>) -> Result<Option<Vec<String>>, Error> {
        Environment {
            contact_points: Some(points.to_owned()),
            port: port.map(str::to_owned),
            ..Environment::default()
        }
        .external()
    }

    #[test]
    fn contact_points_get_the_port_they_lack() {
        let points = external("one, two:19042,::1,[::1],[::1]:7", Some("9043")).unwrap();
        assert_eq!(
            points.unwrap(),
            ["one:9043", "two:19042", "[::1]:9043", "[::1]:9043", "[::1]:7"]
        );
        assert_eq!(external("one", None).unwrap().unwrap(), ["one:9042"]);
    }

    #[test]
    fn a_wrong_setting_is_an_error_and_not_a_start() {
        assert!(external("one", Some("many")).is_err());
        assert!(external(" , ", None).is_err());
    }
}
