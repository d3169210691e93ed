//! Instructions, timers and clock readings of one request, by running a case under callgrind.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::drive::DIFFERENCE;

/// Takes a timer out of tokio's wheel. No timer fires while a case runs, so each that was put in is taken out, once; the
/// function that puts one in is sometimes inlined and cannot be counted.
const TIMER: &str = "::wheel::Wheel::remove";

/// Chooses a node among the candidates; never inlined.
const CHOICE: &str = "balance::service::pick";

/// Per request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) instructions: f64,
    pub(crate) timers: f64,
    pub(crate) clocks: f64,
    /// Of the instructions, those of choosing a node.
    pub(crate) choice: f64,
}

/// One profile, as far as it is needed.
struct Profile {
    instructions: u64,
    calls: HashMap<String, u64>,
    /// With everything that was called from there.
    inclusive: HashMap<String, u64>,
}

impl Profile {
    fn read(path: &Path) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(path).ok()?)
    }

    /// The format: <https://valgrind.org/docs/manual/cl-format.html>. A name is written once, as `(7) name`, then as `(7)`.
    fn parse(text: &str) -> Option<Self> {
        let mut names: HashMap<&str, &str> = HashMap::new();
        let mut calls: HashMap<String, u64> = HashMap::new();
        let mut inclusive: HashMap<String, u64> = HashMap::new();
        let (mut function, mut callee, mut instructions) = ("", "", None);
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn=")) {
                let (id, name) = rest.split_once(' ').unwrap_or((rest, ""));
                if !name.is_empty() {
                    names.insert(id, name);
                }
                callee = names.get(id).copied().unwrap_or("");
                if line.starts_with("fn=") {
                    function = callee;
                }
            } else if let Some(rest) = line.strip_prefix("calls=") {
                let count: u64 = rest.split(' ').next()?.parse().ok()?;
                *calls.entry(callee.to_owned()).or_default() += count;
            } else if let Some(rest) = line.strip_prefix("totals: ") {
                instructions = rest.trim().parse().ok();
            } else if let Some((_, cost)) = line.split_once(' ')
                && line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first))
                && let Ok(cost) = cost.parse::<u64>()
            {
                // What the function did itself, and, in the line after `calls=`, what was done for it.
                *inclusive.entry(function.to_owned()).or_default() += cost;
            }
        }
        Some(Self {
            instructions: instructions?,
            calls,
            inclusive,
        })
    }

    fn called(&self, what: &str) -> u64 {
        sum(&self.calls, |name| name.contains(what))
    }

    fn inside(&self, what: &str) -> u64 {
        sum(&self.inclusive, |name| name.ends_with(what))
    }
}

fn sum(counts: &HashMap<String, u64>, which: impl Fn(&str) -> bool) -> u64 {
    let of = |(name, count): (&String, &u64)| which(name).then_some(*count);
    counts.iter().filter_map(of).sum()
}

pub(crate) fn is_installed() -> bool {
    Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs one case; none when callgrind does not work here.
pub(crate) fn measure(binary: &Path, case: &str, leaf: &str) -> Option<Counts> {
    let directory = Scratch::new(&format!("{case}-{leaf}"))?;
    let out = directory.0.join("profile");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--dump-before=overhead_mark"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(binary)
        .args(["run", case, leaf])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .ok()?;
    if !status.success() {
        return None;
    }
    // 1: until the first mark. 2: warm-up. 3 and 4: the two rounds.
    let part = |n: u32| Profile::read(&directory.0.join(format!("profile.{n}")));
    let (small, large) = (part(3)?, part(4)?);
    let per_request = |of: &dyn Fn(&Profile) -> u64| {
        let difference = of(&large) as f64 - of(&small) as f64;
        difference / DIFFERENCE as f64
    };
    Some(Counts {
        instructions: per_request(&|profile| profile.instructions),
        timers: per_request(&|profile| profile.called(TIMER)),
        choice: per_request(&|profile| profile.inside(CHOICE)),
        clocks: per_request(&|profile| profile.called("clock_gettime")),
    })
}

/// A directory that is removed again.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Option<Self> {
        let name = format!("overhead-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).ok()?;
        Some(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
