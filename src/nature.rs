//! What kind of request it is, as far as judging its errors needs that.

/// What kind of request it is, as far as judging its errors needs that: the same answer of a server means something
/// else for a plain write than for a conditional one.
///
/// It is not what the text says but what may happen: a batch with one conditional member is [`Nature::Lwt`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Nature {
    /// A SELECT at any consistency but the serial ones.
    Read,
    /// A SELECT at `SERIAL` or `LOCAL_SERIAL`. It changes no data, but it takes part in Paxos.
    SerialRead,
    /// An INSERT, UPDATE or DELETE without condition on a table without counters.
    Write,
    /// Any write with an `IF` condition, and a batch with such a member.
    Lwt,
    /// A write to a counter.
    Counter,
    /// A logged batch.
    LoggedBatch,
    /// An unlogged batch. It always counts as one over several partitions: it is sent partition by partition, and
    /// nobody checks here whether there is only one.
    UnloggedBatch,
    /// A counter batch. Like an unlogged batch it counts as one over several partitions.
    CounterBatch,
    /// DDL: what changes the schema.
    Schema,
    /// TRUNCATE.
    Truncate,
    /// Preparing a statement. It changes nothing.
    Prepare,
    /// Anything else, also what nobody looked at. Errors are judged as for a write that could be conditional or a
    /// batch.
    #[default]
    Other,
}

impl Nature {
    /// Does it only read?
    #[must_use]
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Read | Self::SerialRead)
    }

    /// Does it take part in Paxos?
    #[must_use]
    pub const fn is_serial(self) -> bool {
        matches!(self, Self::SerialRead | Self::Lwt)
    }

    /// Does it add to counters?
    #[must_use]
    pub const fn is_counter(self) -> bool {
        matches!(self, Self::Counter | Self::CounterBatch)
    }

    /// Is it known to be a batch? One with a conditional member is not, it is [`Nature::Lwt`].
    #[must_use]
    pub const fn is_batch(self) -> bool {
        matches!(self, Self::LoggedBatch | Self::UnloggedBatch | Self::CounterBatch)
    }

    /// Is it sent partition by partition, so that a part can succeed while the rest fails?
    #[must_use]
    pub const fn may_apply_in_part(self) -> bool {
        matches!(self, Self::UnloggedBatch | Self::CounterBatch)
    }

    /// Is it, once it may have been applied, never sent again, however it is marked? So it is with conditional writes
    /// and counters.
    #[must_use]
    pub const fn never_twice(self) -> bool {
        matches!(self, Self::Lwt | Self::Counter | Self::CounterBatch)
    }
}
