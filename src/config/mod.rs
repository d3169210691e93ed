//! Options from a TOML file and from the environment.
//!
//! Every option of [`ClusterBuilder`] that is a value and not code can be written down; the example `examples/cluster.toml` of the repository
//! contains each with its default, unit and reason. Durations are text with a unit: `"500 ms"`, `"10 s"`, `"1 m 30 s"`. Nothing is ignored: an
//! unknown key, a wrong type and a missing unit are errors of kind `Config`, which name the key and its place
//! ([`Error::bad_setting`](crate::Error::bad_setting)) and never show a password.
//!
//! Calls of the builder win over the environment, and the environment wins over the file, option by option:
//!
//! ```no_run
//! use std::time::Duration;
//! use tower_cassandra::ClusterBuilder;
//!
//! # async fn example() -> Result<(), tower_cassandra::Error> {
//! let session = ClusterBuilder::from_file_and_env("/etc/shop/cassandra.toml", "SHOP_DB")?
//!     .timeout(Duration::from_secs(2))
//!     .connect()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # The environment
//!
//! A variable is the prefix, `_`, and the key in capitals, with `__` between the parts of a key: with the prefix `SHOP_DB` the variable
//! `SHOP_DB_RETRY__MAX_RETRIES` is `retry.max_retries`, and `SHOP_DB_PROFILES__REPORT__TIMEOUT` the timeout of the profile `report`.
//! Lists have commas between their items (`SHOP_DB_CONTACT_POINTS=db1,db2:9043`), tables are written `name=value,name=value`. All variables that begin with
//! the prefix and `_` are options; choose one that nothing else uses. An empty variable counts as not set.
//!
//! # Inside a configuration of your own
//!
//! [`Settings`] is `Deserialize`, so it can be a part of an application's configuration, in any format of serde:
//!
//! ```
//! use tower_cassandra::{ClusterBuilder, Settings};
//!
//! #[derive(serde::Deserialize)]
//! struct Application {
//!     cassandra: Settings,
//! }
//!
//! let text = "[cassandra]\ncontact_points = ['db1']\ntimeout = '2 s'";
//! let application: Application = toml::from_str(text)?;
//! let builder = ClusterBuilder::from_settings(application.cassandra)?;
//! # let _ = builder;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod apply;
mod environment;
mod labels;
mod options;
mod place;
mod read;
#[cfg(test)]
mod tests;
mod values;

use std::ffi::OsString;
use std::path::Path;

use serde::Deserialize;

use crate::cluster::ClusterBuilder;
use crate::error::Error;
use options::Options;
pub use place::{BadSetting, Place};

/// Options as they were written down, each there or not. Secrets are never shown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Settings(Options);

impl Settings {
    /// Reads TOML.
    ///
    /// # Errors
    /// `Config` for the first mistake, with its key, line and column.
    pub fn from_toml_str(text: &str) -> Result<Self, Error> {
        read::toml(None, text).map(Self)
    }

    /// Reads a TOML file. It is read once, here.
    ///
    /// # Errors
    /// `Config` when it cannot be read, and for the first mistake, with its key, line and column.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        read::file(path.as_ref()).map(Self)
    }

    /// Reads the variables of the process that begin with `prefix` and `_`.
    ///
    /// # Errors
    /// `Config` for the first mistake, with the name of the variable, in the order of the names.
    pub fn from_env(prefix: &str) -> Result<Self, Error> {
        Self::from_variables(prefix, std::env::vars_os())
    }

    /// As [`from_env`](Self::from_env), from other variables than those of the process.
    ///
    /// # Errors
    /// As there.
    pub fn from_variables(
        prefix: &str,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        read::variables(prefix, variables).map(Self)
    }

    /// What is set here wins over `below`, option by option.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let mut below = below.0;
        // The two ways to a password are one option.
        if self.0.password.is_some() || self.0.password_file.is_some() {
            below.password = None;
            below.password_file = None;
        }
        // So are the two sizes of the pool.
        if self.0.pool.is_set() {
            below.pool = Default::default();
        }
        Self(self.0.over(below))
    }

    /// The names of all options, with dots between parts, and `*` for the name of a profile.
    #[must_use]
    pub fn keys() -> Vec<String> {
        let mut keys = Vec::new();
        Options::names("", &mut |key| keys.push(key));
        keys
    }
}

impl ClusterBuilder {
    /// A builder with these settings, all else by default.
    ///
    /// # Errors
    /// `Config` when they do not fit together. Numbers out of range are found by [`build`](Self::build).
    pub fn from_settings(settings: Settings) -> Result<Self, Error> {
        apply::apply(settings.0)
    }

    /// A builder with the settings of a TOML text, all else by default.
    ///
    /// # Errors
    /// As [`Settings::from_toml_str`] and [`from_settings`](Self::from_settings).
    pub fn from_toml_str(text: &str) -> Result<Self, Error> {
        Self::from_settings(Settings::from_toml_str(text)?)
    }

    /// A builder with the settings of a TOML file, all else by default.
    ///
    /// # Errors
    /// As [`Settings::from_file`] and [`from_settings`](Self::from_settings).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_settings(Settings::from_file(path)?)
    }

    /// A builder with the settings of the environment, all else by default.
    ///
    /// # Errors
    /// As [`Settings::from_env`] and [`from_settings`](Self::from_settings).
    pub fn from_env(prefix: &str) -> Result<Self, Error> {
        Self::from_settings(Settings::from_env(prefix)?)
    }

    /// A builder with the settings of a file and of the environment, which wins; all else by default.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file) and [`from_env`](Self::from_env).
    pub fn from_file_and_env(path: impl AsRef<Path>, prefix: &str) -> Result<Self, Error> {
        let file = Settings::from_file(path)?;
        Self::from_settings(Settings::from_env(prefix)?.over(file))
    }
}
