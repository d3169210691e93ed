//! What the clients do, and how often.

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Operation {
    /// A row by its key; the table asks another replica after 50 ms.
    Read,
    /// The same from a table with the server's own setting.
    ReadDefault,
    /// An insert that is marked idempotent: it may be sent again.
    IdempotentWrite,
    /// An append to a list, which must not be sent again: a second time adds a second element.
    Write,
    /// An increment.
    Counter,
    /// An insert with `IF NOT EXISTS`. Two go to each row: one has to be applied, the other refused.
    Lwt,
    /// A text that no node has seen yet.
    Prepare,
}

use Operation::{Counter, IdempotentWrite, Lwt, Prepare, Read, ReadDefault, Write};

pub(crate) const OPERATIONS: [Operation; 7] =
    [Read, ReadDefault, IdempotentWrite, Write, Counter, Lwt, Prepare];

/// How many of each in one round. Conditional writes and PREPARE are dear to a server.
const ROUND: [(Operation, usize); 7] = [
    (Read, 45),
    (ReadDefault, 12),
    (IdempotentWrite, 40),
    (Write, 20),
    (Counter, 22),
    (Lwt, 10),
    (Prepare, 1),
];

impl Operation {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Read => "read",
            ReadDefault => "read_default",
            IdempotentWrite => "idempotent_write",
            Write => "write",
            Counter => "counter",
            Lwt => "lwt",
            Prepare => "prepare",
        }
    }

    /// Does it count for the goals of what may be sent again?
    pub(crate) const fn is_idempotent(self) -> bool {
        matches!(self, Read | IdempotentWrite | Prepare)
    }

    /// Does a failure leave open whether something was written?
    pub(crate) const fn writes(self) -> bool {
        matches!(self, IdempotentWrite | Write | Counter | Lwt)
    }
}

/// The operations in the order in which they are sent, over and over.
pub(crate) fn schedule(seed: u64) -> Vec<Operation> {
    let mut round: Vec<Operation> = ROUND
        .iter()
        .flat_map(|(operation, count)| std::iter::repeat_n(*operation, *count))
        .collect();
    for last in (1..round.len()).rev() {
        let other = scramble(seed.wrapping_add(last as u64)) % (last as u64 + 1);
        round.swap(last, usize::try_from(other).unwrap_or(0));
    }
    round
}

/// The same number for the same seed (the output function of SplitMix64).
pub(crate) const fn scramble(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
