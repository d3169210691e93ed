//! The public interface, as the pages of `cargo doc` show it: every item with its declaration, methods, and what it implements.
//!
//! The usual tools read the JSON of a nightly compiler. The pages of the stable one say the same; how they write it may differ from one
//! version to the next, so with another version than that of the listing only names are compared.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::page;
use crate::{difference, read, root, store};

const PACKAGES: [&str; 2] = ["tower_cassandra", "tower_cassandra_layers"];

/// Between the path of an item and what belongs to it. Every line stands for itself.
const SIGN: &str = " ┃ ";

fn listing(package: &str) -> PathBuf {
    root()
        .join("tests/public-api")
        .join(package)
        .with_extension("txt")
}

/// # Errors
/// When the interface is not what was listed, or there are no pages.
pub fn check() -> Result<String, String> {
    let version = version()?;
    let mut said = Vec::new();
    for package in PACKAGES {
        let (before, now) = (read(&listing(package))?, list(package, &version)?);
        let same = before.lines().next() == now.lines().next();
        let names =
            |text: &str| -> Vec<String> { text.lines().skip(1).map(|line| name(line, same)).collect() };
        let (before, now) = (names(&before), names(&now));
        if let Some(lines) = difference(before.iter().map(String::as_str), now.iter().map(String::as_str)) {
            return Err(format!(
                "the public interface of {package} has changed:\n{lines}\nIf it is meant: cargo run -p listings -- api --write, and a line in CHANGELOG.md"
            ));
        }
        let what = if same {
            "lines"
        } else {
            "names, since the listing is of another version of rustdoc"
        };
        said.push(format!("{package}: {} {what}", now.len()));
    }
    Ok(said.join("\n"))
}

/// # Errors
/// When there are no pages, or the listing cannot be written.
pub fn write() -> Result<String, String> {
    let version = version()?;
    for package in PACKAGES {
        store(&listing(package), &list(package, &version)?)?;
    }
    Ok("written".to_owned())
}

/// The line, or the part of it that does not depend on how it is written.
fn name(line: &str, whole: bool) -> String {
    let end = if whole {
        line.len()
    } else {
        line.find(": ").unwrap_or(line.len())
    };
    line[..end].to_owned()
}

fn version() -> Result<String, String> {
    let rustdoc = std::env::var("RUSTDOC").unwrap_or("rustdoc".to_owned());
    let output = Command::new(rustdoc).arg("--version").output();
    let output = output.map_err(|error| format!("rustdoc --version: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let number = text.split(' ').nth(1).unwrap_or("?");
    // Without the patch level.
    Ok(number
        .rsplit_once('.')
        .map_or(number, |(minor, _)| minor)
        .to_owned())
}

fn list(package: &str, version: &str) -> Result<String, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let mut lines = Vec::new();
    module(&target.join("doc").join(package), package, &mut lines)
        .map_err(|error| format!("{error}; the pages are made by the step before this one of .ci/run"))?;
    lines.sort_unstable();
    lines.dedup();
    Ok(format!("rustdoc {version}\n{}\n", lines.join("\n")))
}

/// What its page leads to: pages of what is gone are not taken away.
fn module(pages: &Path, path: &str, lines: &mut Vec<String>) -> Result<(), String> {
    let index = read(&pages.join("index.html"))?;
    lines.extend(page::exports(&index).map(|export| format!("{path}{SIGN}{export}")));
    for (kind, file) in page::contents(&index) {
        if kind == "mod" {
            let name = file.trim_end_matches("/index.html");
            module(&pages.join(name), &format!("{path}::{name}"), lines)?;
            continue;
        }
        let Some(name) = page::name_of(file) else {
            continue;
        };
        let text = read(&pages.join(file))?;
        let item = format!("{kind} {path}::{name}");
        lines.push(format!("{item}{SIGN}declared: {}", page::declaration(&text)));
        lines.extend(page::members(&text).map(|member| format!("{item}{SIGN}{member}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_same_version_only_names_are_compared() {
        let line = "struct a::B ┃ method of: pub fn of(x: u8) -> Self";
        assert_eq!(name(line, true), line);
        assert_eq!(name(line, false), "struct a::B ┃ method of");
    }
}
