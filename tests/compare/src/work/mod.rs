//! The works: what the contenders are given to do.

mod plan;

pub(crate) use plan::WORKS;

/// What one operation is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    /// One row by its key, decoded and looked at.
    Read,
    /// One row of 100 bytes.
    Write,
    /// Both, one after the other, of the same key. Counts as two.
    WriteRead,
}

impl Operation {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::WriteRead => "write_read",
        }
    }
}

/// How operations come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape {
    /// So many callers with one operation under way each, until the time is over.
    Closed(usize, Operation),
    /// So many at once, and again when all have ended, until the time is over.
    Burst(usize, Operation),
    /// Reads at a fixed rate, whether or not answers come: this share of what the bare driver does with 256 callers.
    Open(f64),
    /// Rows of a result.
    Rows(Rows),
    /// 300 writes a second for 50 s; one of three nodes is frozen for 20 s of them.
    Frozen,
    /// 256 callers read and write while nodes are frozen and killed.
    Soak,
}

impl Shape {
    /// For programs in other languages.
    pub(crate) fn code(&self) -> String {
        match self {
            Self::Closed(callers, operation) => format!("closed:{callers}:{}", operation.name()),
            Self::Burst(size, operation) => format!("burst:{size}:{}", operation.name()),
            Self::Open(_) => "open".to_owned(),
            Self::Rows(rows) => {
                let Rows {
                    table,
                    page,
                    drain,
                    partitions,
                    times,
                } = rows;
                let how = if *drain { "drain" } else { "stream" };
                format!(
                    "{how}:{}:{}:{page}:{partitions}:{times}",
                    table.name(),
                    table.rows()
                )
            }
            Self::Frozen => "frozen".to_owned(),
            Self::Soak => "soak".to_owned(),
        }
    }
}

/// Which rows, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rows {
    pub(crate) table: Table,
    pub(crate) page: u32,
    /// All pages into memory first, instead of page by page.
    pub(crate) drain: bool,
    /// So many partitions beside each other, instead of the whole table.
    pub(crate) partitions: usize,
    /// So often, and again until the time is over.
    pub(crate) times: usize,
}

/// The tables of many rows. Each partition has 1,000.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Table {
    TenThousand,
    FiftyThousand,
    Million,
}

impl Table {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::TenThousand => "rows_10k",
            Self::FiftyThousand => "rows_50k",
            Self::Million => "rows_1m",
        }
    }

    pub(crate) const fn rows(self) -> u64 {
        match self {
            Self::TenThousand => 10_000,
            Self::FiftyThousand => 50_000,
            Self::Million => 1_000_000,
        }
    }
}

pub(crate) const ROWS_PER_PARTITION: i32 = 1_000;

/// One line of the plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) shape: Shape,
    /// On how many nodes.
    pub(crate) nodes: &'static [usize],
    /// Not done unless it is asked for by name.
    pub(crate) on_request: bool,
}

impl Work {
    pub(crate) fn by_name(name: &str) -> Option<&'static Self> {
        WORKS.iter().find(|work| work.name == name)
    }

    /// What it is called in results: on three nodes `…_3n`, if it is done on one as well.
    pub(crate) fn result_name(&self, nodes: usize) -> String {
        if self.nodes.len() > 1 && nodes > 1 {
            format!("{}_{nodes}n", self.name)
        } else {
            self.name.to_owned()
        }
    }

    /// The table of many rows that it reads.
    pub(crate) const fn table(&self) -> Option<Table> {
        match self.shape {
            Shape::Rows(rows) => Some(rows.table),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_also_with_the_number_of_nodes() {
        let mut names: Vec<String> = WORKS
            .iter()
            .flat_map(|work| work.nodes.iter().map(|nodes| work.result_name(*nodes)))
            .collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(names.contains(&"reads_256_3n".to_owned()) && names.contains(&"frozen".to_owned()));
    }

    #[test]
    fn partitions_that_are_streamed_are_there() {
        for work in WORKS {
            if let Shape::Rows(rows) = work.shape {
                assert!(
                    rows.partitions as u64 * ROWS_PER_PARTITION as u64 <= rows.table.rows(),
                    "{}",
                    work.name
                );
            }
        }
    }
}
