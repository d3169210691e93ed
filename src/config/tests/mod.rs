//! What is read, what is refused and where, and what is never shown.

use std::ffi::OsString;

mod example;
mod mistakes;
mod secrets;
mod variables;

use super::*;
use crate::{ClusterBuilder, ErrorKind};

fn problem(error: &Error) -> (String, String) {
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let setting = error.bad_setting().expect("a setting is named");
    assert!(error.to_string().contains(&setting.to_string()), "{error}");
    let place = setting.place().map(ToString::to_string).unwrap_or_default();
    (setting.key().to_owned(), place)
}

fn refused(text: &str) -> (String, String) {
    problem(&ClusterBuilder::from_toml_str(text).expect_err(text))
}

fn variables(pairs: &[(&str, &str)]) -> Result<Settings, Error> {
    let pairs = pairs
        .iter()
        .map(|(name, text)| (OsString::from(name), OsString::from(text)));
    Settings::from_variables("DB", pairs)
}

/// Debug shows every field but the secrets, so it can stand for equality.
fn shown(builder: &ClusterBuilder) -> String {
    format!("{:#?}", builder.everything())
}
