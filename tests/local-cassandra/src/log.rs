//! What a process said last, for the error that reports its end.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

const LINES: usize = 30;

/// The last lines, or why there are none.
pub(crate) fn tail(log: &Path) -> String {
    let bytes = match std::fs::read(log) {
        Ok(bytes) => bytes,
        Err(error) => return format!("  (no log: {error})"),
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut last = VecDeque::new();
    for line in text.lines() {
        if last.len() == LINES {
            last.pop_front();
        }
        last.push_back(format!("  {line}"));
    }
    if last.is_empty() {
        return "  (nothing)".to_owned();
    }
    Vec::from(last).join("\n")
}

/// Copies a log to where the end of its cluster does not remove it.
pub(crate) fn rescue(log: &Path, name: &str) -> Option<PathBuf> {
    let to = std::env::temp_dir().join(format!("{name}.log"));
    std::fs::copy(log, &to).ok().map(|_| to)
}
