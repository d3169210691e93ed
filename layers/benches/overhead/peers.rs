//! The layers of other crates. They live in a package of their own, which is built when this runs and never otherwise, so
//! that nobody who builds or tests this crate has to fetch them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the package with the profile of the benchmark and says where its binary is.
pub(crate) fn build() -> Result<PathBuf, String> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/Cargo.toml");
    if !Path::new(manifest).exists() {
        return Err("their package is not here".to_owned());
    }
    // This program is in `<target>/release/deps`, theirs goes to `<target>/release`.
    let me = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = me.ancestors().nth(3).ok_or("no target directory")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--profile",
            "bench",
            "--manifest-path",
            manifest,
        ])
        .arg("--target-dir")
        .arg(target)
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err(format!("building them failed: {status}"));
    }
    let binary = target
        .join("release")
        .join(format!("overhead-peers{}", std::env::consts::EXE_SUFFIX));
    match binary.exists() {
        true => Ok(binary),
        false => Err("their binary is not where it should be".to_owned()),
    }
}
