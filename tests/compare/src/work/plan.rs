//! All of them, in the order in which they are done.

use super::Operation::{Read, Write, WriteRead};
use super::Table::{FiftyThousand, Million, TenThousand};
use super::{Rows, Shape, Table, Work};

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
