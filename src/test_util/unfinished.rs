use std::error::Error as StdError;
use std::fmt;

/// What differed from the script.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// What came and was not expected.
    pub unexpected: Vec<String>,
    /// What was expected and did not come, or not often enough.
    pub missing: Vec<String>,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the script was not followed")?;
        for what in &self.unexpected {
            write!(f, "\n  unexpected: {what}")?;
        }
        for what in &self.missing {
            write!(f, "\n  missing: {what}")?;
        }
        Ok(())
    }
}

// `unwrap` in a test shows this.
impl fmt::Debug for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Unfinished {}
