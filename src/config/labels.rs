//! Labels that come from a file, for limits that take labels of the program.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// More different ones in a process are a mistake: each is kept for ever.
const MOST: usize = 256;

static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The label for the life of the process. A label that was there before costs nothing; None when there are too many.
pub(super) fn for_ever(label: String) -> Option<&'static str> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(label) = known.get(label.as_str()) {
        return Some(label);
    }
    if known.len() == MOST {
        return None;
    }
    let label: &'static str = label.leak();
    known.insert(label);
    Some(label)
}
