//! Where figures are from: what was asked for, of which commit, on what.

use std::fmt;
use std::fs;
use std::process::Command;

use crate::foreign::package;

const COMMAND: &str = "command: ";
const COMMIT: &str = "commit: ";
const MACHINE: &str = "machine: ";
const SERVER: &str = "server: ";

/// One run, as its first lines tell of it. What a line does not say is not known: older logs have fewer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Run {
    pub(crate) command: Option<String>,
    pub(crate) commit: Option<String>,
    pub(crate) machine: Option<String>,
    pub(crate) server: Option<String>,
}

impl Run {
    /// This one.
    pub(crate) fn here(command: String) -> Self {
        Self {
            command: Some(command),
            commit: Some(commit()),
            machine: Some(machine()),
            server: None,
        }
    }

    /// The version of the nodes is known when the first of them runs; says the line that tells of it.
    pub(crate) fn on_server(&mut self, version: &str) -> String {
        self.server = Some(version.to_owned());
        format!("{SERVER}{version}")
    }

    /// The command, if this line is that by which a run begins.
    pub(super) fn begins(line: &str) -> Option<&str> {
        // The log of a run without any word has a space less at its end, as editors leave it.
        line.strip_prefix(COMMAND)
            .or_else(|| line.eq(COMMAND.trim_end()).then_some(""))
    }

    /// Takes what the line says of the run; false for any other line.
    pub(super) fn read(&mut self, line: &str) -> bool {
        for (prefix, field) in [
            (COMMIT, &mut self.commit),
            (MACHINE, &mut self.machine),
            (SERVER, &mut self.server),
        ] {
            if let Some(value) = line.strip_prefix(prefix) {
                *field = Some(value.to_owned());
                return true;
            }
        }
        false
    }

    /// Whether figures of both can be rows of one table.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (&self.commit, &self.machine, &self.server) == (&other.commit, &other.machine, &other.server)
    }

    pub(super) fn program(&self) -> String {
        match self.command.as_deref() {
            Some("") | None => "cargo run --release -p compare".to_owned(),
            Some(command) => format!("cargo run --release -p compare -- {command}"),
        }
    }

    pub(super) fn commit(&self) -> &str {
        known(self.commit.as_deref())
    }

    pub(super) fn machine(&self) -> &str {
        known(self.machine.as_deref())
    }

    pub(super) fn server(&self) -> &str {
        known(self.server.as_deref())
    }
}

/// The lines that the log of a run begins with.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = [
            (COMMAND, &self.command),
            (COMMIT, &self.commit),
            (MACHINE, &self.machine),
            (SERVER, &self.server),
        ];
        let known = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)));
        known.enumerate().try_for_each(|(number, (name, value))| {
            let line_before = if number == 0 { "" } else { "\n" };
            write!(f, "{line_before}{name}{value}")
        })
    }
}

fn known(value: Option<&str>) -> &str {
    value.unwrap_or("unknown")
}

pub(crate) fn commit() -> String {
    let said = |arguments: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(package())
            .args(arguments)
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let Some(commit) = said(&["rev-parse", "--short", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changed =
        said(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
    if changed {
        format!("{commit}, changed")
    } else {
        commit
    }
}

fn machine() -> String {
    let field = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory =
        field("/proc/meminfo", "MemTotal").and_then(|text| text.trim_end_matches(" kB").parse::<f64>().ok());
    let memory = memory.map_or(String::new(), |kib| format!(", {:.0} GiB", kib / 1_048_576.0));
    format!("{cores} cores ({model}){memory}, {}", std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_from_the_lines_that_it_prints() {
        let mut run = Run::here("--quick".to_owned());
        let server = run.on_server("Apache Cassandra 4.1.10");
        assert!(run.to_string().ends_with(&server));
        let mut read = Run::default();
        for line in run.to_string().lines() {
            match Run::begins(line) {
                Some(command) => read.command = Some(command.to_owned()),
                None => assert!(read.read(line), "{line}"),
            }
        }
        assert_eq!(read, run);
        assert!(!read.read("round 1 reads_64 ours sample:"));
        assert_eq!(Run::begins("command:"), Some(""));
    }
}
