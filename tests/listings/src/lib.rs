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

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in a directory, by name and without an ending.
    fn names(directory: &str, wanted: impl Fn(&Path) -> bool) -> BTreeSet<String> {
        let entries = std::fs::read_dir(root().join(directory)).unwrap();
        let paths = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| wanted(path));
        paths
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn the_index_of_the_examples_has_every_example() {
        let is_example = |path: &Path| {
            path.extension().is_some_and(|ending| ending == "rs")
                || path.join("main.rs").exists()
                || path.join("Cargo.toml").exists()
        };
        let names = names("examples", is_example);
        let index = read(&root().join("examples/README.md")).unwrap();
        // In a command, or as another one of the same row.
        let shown = |name: &String| {
            index.contains(&format!("--example {name}"))
                || index.contains(&format!("-p {name}"))
                || index.contains(&format!("`{name}`"))
        };
        let missing: Vec<_> = names.iter().filter(|name| !shown(name)).collect();
        assert!(names.len() > 10 && missing.is_empty(), "{missing:?} of {names:?}");
    }

    #[test]
    fn the_guide_leads_to_every_page() {
        let pages = names("src/guide", |path| path.is_file());
        let index = read(&root().join("src/guide.rs")).unwrap();
        // One that needs features is named: a link to it would be broken without them.
        let leads =
            |page: &str| index.contains(&format!("]({page})")) || index.contains(&format!("`guide::{page}`"));
        let missing: Vec<_> = pages.iter().filter(|page| !leads(page)).collect();
        assert!(pages.len() > 10 && missing.is_empty(), "{missing:?}");
    }
}
