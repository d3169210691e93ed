//! Where the lines about what is being done go.

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

type Sink = dyn Fn(&str) + Send + Sync;

#[derive(Clone, Default)]
pub(crate) enum Progress {
    #[default]
    Stderr,
    Silent,
    To(Arc<Sink>),
}

impl Progress {
    pub(crate) fn say(&self, line: impl AsRef<str>) {
        let line = line.as_ref();
        match self {
            // Not `eprintln!`: the test harness would keep its lines until the test has failed, and
            // the point is that a slow first start does not look like a hang.
            Self::Stderr => {
                let _ = writeln!(std::io::stderr(), "local-cassandra: {line}");
            }
            Self::Silent => {}
            Self::To(sink) => sink(line),
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stderr => "Stderr",
            Self::Silent => "Silent",
            Self::To(_) => "To(..)",
        })
    }
}
