//! The kinds of statement that the table tells apart.

use std::fmt;

use tower_cassandra::scylla::statement::Consistency;
use tower_cassandra::scylla::value::Counter as Value;
use tower_cassandra::{Batch, Prepared, Statement};

use crate::support::{ADD, Bed, CONDITIONAL, INSERT, SELECT};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    SerialRead,
    /// Marked idempotent.
    Write,
    PlainWrite,
    /// Marked idempotent, as the following are: it must not help.
    Lwt,
    Counter,
    Logged,
    PlainLogged,
    Unlogged,
    PlainUnlogged,
    CounterBatch,
}

use Kind::*;

impl Kind {
    pub(crate) const ALL: [Self; 11] = [
        Read,
        SerialRead,
        Write,
        PlainWrite,
        Lwt,
        Counter,
        Logged,
        PlainLogged,
        Unlogged,
        PlainUnlogged,
        CounterBatch,
    ];

    pub(crate) const fn is_batch(self) -> bool {
        matches!(
            self,
            Logged | PlainLogged | Unlogged | PlainUnlogged | CounterBatch
        )
    }

    pub(crate) const fn is_read(self) -> bool {
        matches!(self, Read | SerialRead)
    }

    /// May it be applied twice, as far as its mark says?
    pub(crate) const fn is_marked(self) -> bool {
        !matches!(self, PlainWrite | PlainLogged | PlainUnlogged)
    }

    /// R5 and R6.
    pub(crate) const fn never_twice(self) -> bool {
        matches!(self, Lwt | Counter | CounterBatch)
    }

    /// R7: partition by partition.
    pub(crate) const fn in_parts(self) -> bool {
        matches!(self, Unlogged | PlainUnlogged | CounterBatch)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Read => "read",
            SerialRead => "serial",
            Write => "marked",
            PlainWrite => "plain",
            Lwt => "lwt",
            Counter => "counter",
            Logged => "logged+",
            PlainLogged => "logged",
            Unlogged => "unlog+",
            PlainUnlogged => "unlog",
            CounterBatch => "c-batch",
        })
    }
}

/// Everything prepared that the kinds need.
pub(crate) struct Texts {
    select: Prepared,
    insert: Prepared,
    conditional: Prepared,
    add: Prepared,
}

impl Texts {
    pub(crate) async fn prepare(bed: &Bed) -> Self {
        Self {
            select: bed.prepare(SELECT).await,
            insert: bed.prepare(INSERT).await,
            conditional: bed.prepare(CONDITIONAL).await,
            add: bed.prepare(ADD).await,
        }
    }

    pub(crate) fn statement(&self, kind: Kind, id: i32) -> Statement {
        let insert = |id: i32| self.insert.bind((id, "text")).unwrap();
        let add = |id: i32| self.add.bind((Value(1), id)).unwrap();
        let two = |batch: Batch| batch.with(insert(id)).with(insert(id + 1));
        match kind {
            Read => self.select.bind((id,)).unwrap(),
            SerialRead => {
                let select = self.select.bind((id,)).unwrap();
                select.consistency(Consistency::Serial).idempotent(true)
            }
            Write => insert(id).idempotent(true),
            PlainWrite => insert(id),
            Lwt => self.conditional.bind((id, "text")).unwrap().idempotent(true),
            Counter => add(id).idempotent(true),
            Logged => two(Batch::logged()).idempotent(true).into(),
            PlainLogged => two(Batch::logged()).into(),
            Unlogged => two(Batch::unlogged()).idempotent(true).into(),
            PlainUnlogged => two(Batch::unlogged()).into(),
            CounterBatch => Batch::counter()
                .with(add(id))
                .with(add(id + 1))
                .idempotent(true)
                .into(),
        }
    }
}
