//! The licences of what the published packages are made of, and that none of all packages here has one that was not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, LicenseReq, ParseMode};

use crate::{difference, read, root, store};

/// Licences that a program under MIT or Apache-2.0 may contain without more than naming them. One of those that a package offers is enough.
const ALLOWED: [&str; 9] = [
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// What is published.
const OURS: [&str; 2] = ["tower-cassandra", "tower-cassandra-layers"];

const HEAD: &str = "# Third-party packages

What a program contains that uses `tower-cassandra` with all its features, tests and tools left out. Written by `cargo run -p listings -- licenses --write`; versions are those of
`Cargo.lock`. The texts of the licences are in the packages.

| package | version | licence |
|---|---|---|
";

fn listing() -> PathBuf {
    root().join("THIRD_PARTY.md")
}

/// # Errors
/// When a package has a licence that is not on the list, or the listing is not what it should be.
pub fn check() -> Result<String, String> {
    let metadata = metadata(&[])?;
    refuse_unknown(&metadata)?;
    // Packages of features that are not built here may not be on this machine, so the listing may have more.
    let listed = read(&listing())?;
    let listed: BTreeSet<&str> = listed.lines().filter(|line| line.starts_with("| ")).collect();
    let table = table(&metadata)?;
    let missing: Vec<&str> = table.lines().filter(|line| !listed.contains(line)).collect();
    if let Some(lines) = difference([], missing.iter().copied()) {
        return Err(format!(
            "not in THIRD_PARTY.md:\n{lines}\nTo write it anew: cargo run -p listings -- licenses --write"
        ));
    }
    Ok(format!(
        "{} packages, all licences on the list",
        packages(&metadata).count()
    ))
}

/// # Errors
/// When a package has a licence that is not on the list, or the listing cannot be written.
pub fn write() -> Result<String, String> {
    let metadata = metadata(&["--all-features"])?;
    refuse_unknown(&metadata)?;
    store(&listing(), &format!("{HEAD}{}", table(&metadata)?))?;
    Ok("written".to_owned())
}

/// What cargo knows of all members. It fetches what only members need that are not built by default: on a new machine that is not there.
fn metadata(more: &[&str]) -> Result<Value, String> {
    let cargo = std::env::var("CARGO").unwrap_or("cargo".to_owned());
    // Of another platform nothing has to be here.
    let host = Command::new("rustc")
        .arg("-vV")
        .output()
        .map_err(|error| format!("rustc -vV: {error}"))?;
    let host = String::from_utf8_lossy(&host.stdout).into_owned();
    let host = host
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or_default();
    let output = Command::new(cargo)
        .current_dir(root())
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            host,
        ])
        .args(more)
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}

fn text<'a>(of: &'a Value, key: &str) -> &'a str {
    of[key].as_str().unwrap_or_default()
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

fn refuse_unknown(metadata: &Value) -> Result<(), String> {
    let refused: Vec<String> = packages(metadata)
        .filter(|package| !allowed(text(package, "license")))
        .map(|package| {
            format!(
                "{} {}: {:?}",
                text(package, "name"),
                text(package, "version"),
                text(package, "license")
            )
        })
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    Err(format!(
        "licences that are not on the list in tests/listings/src/licenses.rs:\n{}",
        refused.join("\n")
    ))
}

/// An expression that is satisfied by licences on the list. Without one it is not.
fn allowed(license: &str) -> bool {
    let known = |needed: &LicenseReq| {
        let id = needed.license.id();
        id.is_some_and(|id| ALLOWED.contains(&id.name))
    };
    Expression::parse_mode(license, ParseMode::LAX).is_ok_and(|expression| expression.evaluate(known))
}

/// What ours depend on, other than for tests, and in turn.
fn table(metadata: &Value) -> Result<String, String> {
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .ok_or("cargo metadata has no graph")?;
    let nodes: BTreeMap<&str, &Value> = nodes.iter().map(|node| (text(node, "id"), node)).collect();
    let all: BTreeMap<&str, &Value> = packages(metadata)
        .map(|package| (text(package, "id"), package))
        .collect();
    let is_ours = |id: &&str| {
        all.get(id)
            .is_some_and(|package| OURS.contains(&text(package, "name")))
    };
    let mut left: Vec<&str> = all.keys().copied().filter(is_ours).collect();
    let mut seen: BTreeSet<&str> = left.iter().copied().collect();
    while let Some(id) = left.pop() {
        let dependencies = nodes
            .get(id)
            .and_then(|node| node["deps"].as_array())
            .into_iter()
            .flatten();
        for dependency in dependencies {
            let kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
            let needed = kinds.into_iter().any(|kind| kind["kind"].as_str() != Some("dev"));
            let id = text(dependency, "pkg");
            if needed && seen.insert(id) {
                left.push(id);
            }
        }
    }
    let rows = seen.iter().filter(|id| !is_ours(id)).filter_map(|id| all.get(id));
    let rows: BTreeSet<String> = rows
        .map(|package| {
            format!(
                "| {} | {} | {} |\n",
                text(package, "name"),
                text(package, "version"),
                text(package, "license")
            )
        })
        .collect();
    Ok(rows.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_package_has_a_licence_that_was_not_looked_at() {
        println!("{}", check().unwrap());
    }

    #[test]
    fn one_of_several_that_are_offered_is_enough_and_all_that_are_demanded_are_needed() {
        for license in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "Apache-2.0 WITH LLVM-exception OR MIT",
            "MIT AND ISC",
        ] {
            assert!(allowed(license), "{license}");
        }
        for license in [
            "",
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "MPL-2.0",
            "no licence",
        ] {
            assert!(!allowed(license), "{license}");
        }
    }
}
