//! Contenders in other languages: programs that take the same work as words and print the same line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::task::spawn_blocking;

use crate::Result;
use crate::arms::Arm;
use crate::child::Task;
use crate::rounds::Skipped;

/// How they are started.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    made: BTreeMap<Arm, Vec<OsString>>,
    skipped: Skipped,
}

impl Programs {
    /// Makes the program of this contender, if it is not in this binary.
    ///
    /// # Errors
    /// What it needs is not on this machine.
    pub(crate) async fn make(&mut self, arm: Arm) -> Result<()> {
        let command = match arm {
            Arm::Original => spawn_blocking(python).await??,
            Arm::Java => spawn_blocking(|| java(&[])).await??,
            Arm::JavaSpec => spawn_blocking(|| java(&["--policy", "speculative"])).await??,
            Arm::Gocql => spawn_blocking(gocql).await??,
            _ => return Ok(()),
        };
        self.made.insert(arm, command);
        Ok(())
    }

    pub(crate) fn skip(&mut self, arm: Arm, why: String) {
        self.skipped.insert(arm, why);
    }

    pub(crate) const fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// None for contenders of this binary.
    pub(crate) fn command(&self, task: &Task) -> Option<Result<Command>> {
        let [program, arguments @ ..] = &self.made.get(&task.arm)?[..] else {
            return Some(Err("it has no program".into()));
        };
        let mut command = Command::new(program);
        let limits = task.limits;
        command
            .args(arguments)
            .args(["--points", &task.points.join(",")])
            .args(["--shape", &task.work.shape.code()])
            .args(["--lasts", &limits.lasts.as_secs_f64().to_string()])
            .args(["--warm-up", &limits.warm_up.as_secs_f64().to_string()])
            .args(["--seed", &limits.seed.to_string()]);
        Some(Ok(command))
    }
}

/// This package.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const ORIGINAL: &str = "async-cassandra==0.0.1";

/// A virtual environment with the original in it, and its script.
fn python() -> Result<Vec<OsString>> {
    let python = find_python()
        .ok_or("no Python from 3.12 on: neither python3.12, python3.13 or python3.14 nor one of pyenv")?;
    let place = scratch("python");
    let own = place.join("bin/python");
    if !runs(&own, &["-c", "import async_cassandra"]) {
        println!("making a virtual environment with {ORIGINAL}");
        command(Command::new(&python).args(["-m", "venv", "--clear"]).arg(&place))?;
        command(Command::new(&own).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            ORIGINAL,
        ]))?;
    }
    Ok(vec![own.into(), package().join("peers/original.py").into()])
}

/// The driver's jars, and Java with the source of the client.
fn java(options: &[&str]) -> Result<Vec<OsString>> {
    let place = scratch("java");
    if !place.join("java-driver-core-4.19.0.jar").exists() {
        println!("fetching the Java driver");
        let mut maven = Command::new("mvn");
        maven
            .args(["--quiet", "--batch-mode", "--file"])
            .arg(package().join("peers/java/pom.xml"));
        maven.args(["dependency:copy-dependencies", "-DincludeScope=runtime"]);
        let mut to = OsString::from("-DoutputDirectory=");
        to.push(&place);
        command(maven.arg(to))?;
    }
    let source = package().join("peers/java/Frozen.java");
    let program = ["java".into(), "-cp".into(), place.join("*").into(), source.into()];
    Ok(program
        .into_iter()
        .chain(options.iter().map(OsString::from))
        .collect())
}

fn gocql() -> Result<Vec<OsString>> {
    let place = scratch("gocql");
    let mut go = Command::new("go");
    go.current_dir(package().join("peers/gocql"))
        .args(["build", "-o"])
        .arg(&place)
        .arg(".");
    command(&mut go)?;
    Ok(vec![place.into()])
}

/// Where programs of others are put.
fn scratch(name: &str) -> PathBuf {
    package().join("../../target/compare").join(name)
}

fn find_python() -> Option<PathBuf> {
    let mut candidates: Vec<PathBuf> = ["python3.12", "python3.13", "python3.14"]
        .map(PathBuf::from)
        .into();
    let pyenv = std::env::home_dir().map(|home| home.join(".pyenv/versions"));
    let versions = pyenv.and_then(|versions| std::fs::read_dir(versions).ok());
    let mut versions: Vec<PathBuf> = versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    versions.sort();
    candidates.extend(versions.into_iter().map(|version| version.join("bin/python")));
    let new_enough = "import sys; sys.exit(sys.version_info < (3, 12))";
    candidates
        .into_iter()
        .find(|python| runs(python, &["-c", new_enough]))
}

fn runs(program: &Path, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .output()
        .is_ok_and(|output| output.status.success())
}

fn command(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_owned();
    let output = command
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().last().unwrap_or_default();
    Err(format!("{} ended with {}: {last}", program.display(), output.status).into())
}
