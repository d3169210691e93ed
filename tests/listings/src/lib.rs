//! What the two published packages promise and what they are made of, as text that a change shows up in.

pub mod api;
pub mod licenses;
mod page;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The directory of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn store(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Lines that one has and the other has not.
fn difference<'a>(
    before: impl IntoIterator<Item = &'a str>,
    now: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let (before, now): (BTreeSet<&str>, BTreeSet<&str>) =
        (before.into_iter().collect(), now.into_iter().collect());
    let gone = before.difference(&now).map(|line| format!("- {line}"));
    let new = now.difference(&before).map(|line| format!("+ {line}"));
    let lines: Vec<String> = gone.chain(new).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
