//! The works: what the contenders are given to do.

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

const ONE: &[usize] = &[1];
const THREE: &[usize] = &[3];
const BOTH: &[usize] = &[1, 3];

const fn work(name: &'static str, nodes: &'static [usize], shape: Shape, about: &'static str) -> Work {
    Work {
        name,
        about,
        shape,
        nodes,
        on_request: false,
    }
}

const fn rows(table: Table, times: usize) -> Rows {
    Rows {
        table,
        page: 1_000,
        drain: false,
        partitions: 0,
        times,
    }
}

use Operation::{Read, Write, WriteRead};
use Table::{FiftyThousand, Million, TenThousand};

pub(crate) const WORKS: &[Work] = &[
    work(
        "bm1_serial",
        ONE,
        Shape::Closed(1, Read),
        "one read by key after the other",
    ),
    work(
        "bm2_1000_reads",
        ONE,
        Shape::Burst(1_000, Read),
        "1,000 reads at once",
    ),
    work(
        "bm4_50_workers",
        ONE,
        Shape::Closed(50, Read),
        "50 workers that read, 10 s",
    ),
    work(
        "bm6_insert_read",
        ONE,
        Shape::Burst(1_000, WriteRead),
        "1,000 times an insert and the read of it, at once",
    ),
    work(
        "bm8_50_scans",
        ONE,
        Shape::Rows(rows(TenThousand, 50)),
        "memory over 50 scans of 10,000 rows",
    ),
    work(
        "bm11_stream_10k",
        ONE,
        Shape::Rows(rows(TenThousand, 1)),
        "memory while 10,000 rows are streamed",
    ),
    work(
        "bm11_stream_1m",
        ONE,
        Shape::Rows(rows(Million, 1)),
        "memory while 1,000,000 rows are streamed",
    ),
    work(
        "bm12_stream_50k",
        ONE,
        Shape::Rows(rows(FiftyThousand, 1)),
        "50,000 rows streamed",
    ),
    work(
        "bm13_drain_50k",
        ONE,
        Shape::Rows(Rows {
            drain: true,
            ..rows(FiftyThousand, 1)
        }),
        "50,000 rows gathered in memory, to compare with bm12",
    ),
    work(
        "bm15_ten_streams",
        ONE,
        Shape::Rows(Rows {
            page: 100,
            partitions: 10,
            ..rows(TenThousand, 1)
        }),
        "ten partitions streamed beside each other, pages of 100 rows",
    ),
    work(
        "reads_64",
        BOTH,
        Shape::Closed(64, Read),
        "64 callers that read by key",
    ),
    work("reads_256", BOTH, Shape::Closed(256, Read), "256"),
    work("reads_1024", BOTH, Shape::Closed(1_024, Read), "1,024"),
    work(
        "writes_64",
        BOTH,
        Shape::Closed(64, Write),
        "64 callers that write",
    ),
    work("writes_256", BOTH, Shape::Closed(256, Write), "256"),
    work("writes_1024", BOTH, Shape::Closed(1_024, Write), "1,024"),
    work(
        "open_50",
        BOTH,
        Shape::Open(0.5),
        "reads at half of the rate that the bare driver reaches with 256 callers",
    ),
    work("open_90", BOTH, Shape::Open(0.9), "at nine tenths of it"),
    work(
        "memory_10000",
        ONE,
        Shape::Closed(10_000, Read),
        "memory with 10,000 reads under way",
    ),
    work(
        "frozen",
        THREE,
        Shape::Frozen,
        "300 inserts a second for 50 s, one of three nodes frozen for 20 s of them",
    ),
    Work {
        on_request: true,
        ..work(
            "soak",
            THREE,
            Shape::Soak,
            "256 callers for a long time, nodes frozen and killed at intervals",
        )
    },
];

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
