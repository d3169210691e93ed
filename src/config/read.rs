//! From text to options, with the place of whatever is wrong.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use serde::Deserialize as _;

use super::environment::{Problem, Variable};
use super::options::Options;
use super::place::{BadSetting, Place};
use crate::error::Error;
use crate::files::read_small;

/// Larger files are taken for a mistake.
const LONGEST: u64 = 1 << 20;

pub(super) fn file(path: &Path) -> Result<Options, Error> {
    let name = path.display().to_string();
    let text = read_small(path, LONGEST).map_err(|why| {
        Error::bad_setting_of(BadSetting {
            key: String::new(),
            place: None,
            problem: format!("the file {name} cannot be read: {why}"),
        })
    })?;
    toml(Some(&name), &text)
}

pub(super) fn toml(name: Option<&str>, text: &str) -> Result<Options, Error> {
    // Of the parser's error the message alone is taken: as a whole it shows the line, which may hold a password.
    let bad = |key: String, error: &toml::de::Error| {
        Error::bad_setting_of(BadSetting {
            key,
            place: error.span().map(|span| Place::in_text(name, text, span.start)),
            problem: error.message().to_owned(),
        })
    };
    let deserializer = toml::Deserializer::parse(text).map_err(|error| bad(String::new(), &error))?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        bad(if path == "." { String::new() } else { path }, error.inner())
    })
}

pub(super) fn variables(
    prefix: &str,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Options, Error> {
    let prefix = format!("{}_", prefix.trim_end_matches('_'));
    let mut found: Vec<(String, OsString)> = variables
        .into_iter()
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text)))
        .filter(|(name, text)| name.starts_with(&prefix) && !text.is_empty())
        .collect();
    found.sort();
    let mut options = Options::default();
    for (name, text) in found {
        let path: Vec<String> = name[prefix.len()..]
            .split("__")
            .map(str::to_ascii_lowercase)
            .collect();
        let bad = |problem| {
            Error::bad_setting_of(BadSetting {
                key: path.join("."),
                place: Some(Place::Variable(name.clone())),
                problem,
            })
        };
        let text = text.to_str().ok_or_else(|| bad("is not UTF-8".to_owned()))?;
        let mut one =
            Options::deserialize(Variable { path: &path, text }).map_err(|Problem(problem)| bad(problem))?;
        // Several variables may each have entries of one table.
        join(&mut one.address_translation, &mut options.address_translation);
        join(
            &mut one.concurrency_limit.shares,
            &mut options.concurrency_limit.shares,
        );
        options = one.over(options);
    }
    Ok(options)
}

/// Adds the entries below to those above, which win.
fn join<K: Ord, V>(upper: &mut Option<BTreeMap<K, V>>, below: &mut Option<BTreeMap<K, V>>) {
    if let Some(upper) = upper
        && let Some(below) = below.take()
    {
        for (key, value) in below {
            upper.entry(key).or_insert(value);
        }
    }
}
