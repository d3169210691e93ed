//! What a node owes us: every unanswered request with its send time, oldest first.

/// No slot.
const NIL: u32 = u32::MAX;

/// The unanswered requests of one node, in the order they were sent.
///
/// A doubly linked list inside one vector: entering and leaving cost the same at any length, the oldest is known, and once the
/// vector has grown to the usual number in flight nothing is allocated.
#[derive(Debug)]
pub(super) struct Ledger {
    slots: Vec<Slot>,
    /// How many requests there are.
    len: u32,
    /// How many there were, these included.
    entered: u64,
    free: u32,
    tail: u32,
    /// The oldest request that still speaks against the node. Requests before it are excused: the node has answered a
    /// probe since, so they are slow and the node is not silent.
    watched: u32,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    sent: u64,
    previous: u32,
    next: u32,
    /// Which call of a hedge it belongs to; 0 for none.
    call: u32,
}

/// Where a request stands in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry(u32);

impl Entry {
    /// In no ledger.
    pub(super) const NONE: Self = Self(NIL);
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            len: 0,
            entered: 0,
            free: NIL,
            tail: NIL,
            watched: NIL,
        }
    }
}

impl Ledger {
    /// Enters a request of this call sent at `sent`.
    #[inline]
    pub(super) fn enter(&mut self, sent: u64, call: u32) -> Entry {
        self.len += 1;
        self.entered += 1;
        let slot = Slot {
            sent,
            call,
            previous: self.tail,
            next: NIL,
        };
        let index = if self.free == NIL {
            // 2^32 requests in flight do not fit into any memory.
            let index = u32::try_from(self.slots.len()).unwrap_or(NIL);
            self.slots.push(slot);
            index
        } else {
            let index = self.free;
            self.free = self.slots[index as usize].next;
            self.slots[index as usize] = slot;
            index
        };
        if self.tail != NIL {
            self.slots[self.tail as usize].next = index;
        }
        self.tail = index;
        if self.watched == NIL {
            self.watched = index;
        }
        Entry(index)
    }

    /// Takes a request out and says when it was sent; none if it is not there.
    #[inline]
    pub(super) fn leave(&mut self, Entry(index): Entry) -> Option<u64> {
        let &Slot {
            sent, previous, next, ..
        } = self.slots.get(index as usize)?;
        self.len -= 1;
        if previous != NIL {
            self.slots[previous as usize].next = next;
        }
        if next == NIL {
            self.tail = previous;
        } else {
            self.slots[next as usize].previous = previous;
        }
        if self.watched == index {
            self.watched = next;
        }
        self.slots[index as usize].next = self.free;
        self.free = index;
        Some(sent)
    }

    /// Is a request of this call unanswered? Looks through all of them.
    pub(super) fn has(&self, call: u32) -> bool {
        let mut index = self.tail;
        while let Some(slot) = self.slots.get(index as usize) {
            if slot.call == call {
                return true;
            }
            index = slot.previous;
        }
        false
    }

    /// How many requests are unanswered.
    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    /// How many requests were ever entered.
    pub(super) const fn entered(&self) -> u64 {
        self.entered
    }

    /// Excuses every request that is entered now.
    pub(super) const fn excuse_all(&mut self) {
        self.watched = NIL;
    }

    /// The send time of the oldest request that speaks against the node.
    #[inline]
    pub(super) fn oldest(&self) -> Option<u64> {
        self.slots.get(self.watched as usize).map(|slot| slot.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_known_whatever_the_order_of_the_answers() {
        let mut ledger = Ledger::default();
        let entries: Vec<Entry> = (0..100).map(|sent| ledger.enter(sent, 0)).collect();
        assert_eq!(ledger.oldest(), Some(0));
        for i in (0..100).filter(|i| i % 2 == 0) {
            ledger.leave(entries[i]);
        }
        assert_eq!(ledger.oldest(), Some(1));
        for i in (0..100).rev().filter(|i| i % 2 == 1) {
            assert_eq!(ledger.oldest(), Some(1));
            ledger.leave(entries[i]);
        }
        assert_eq!(ledger.oldest(), None);
        ledger.enter(200, 0);
        assert_eq!(
            (ledger.oldest(), ledger.slots.len()),
            (Some(200), 100),
            "slots are used again"
        );
    }

    #[test]
    fn excused_requests_no_longer_count_but_later_ones_do() {
        let mut ledger = Ledger::default();
        let slow = ledger.enter(1, 0);
        ledger.excuse_all();
        assert_eq!(ledger.oldest(), None);
        let later = ledger.enter(5, 0);
        assert_eq!(ledger.oldest(), Some(5));
        ledger.leave(slow);
        assert_eq!(ledger.oldest(), Some(5));
        ledger.leave(later);
        assert_eq!(ledger.oldest(), None);
    }

    #[test]
    fn a_call_is_found_as_long_as_it_is_unanswered() {
        let mut ledger = Ledger::default();
        let entries: Vec<Entry> = (1..=3).map(|call| ledger.enter(0, call)).collect();
        ledger.leave(entries[1]);
        assert_eq!([1, 2, 3].map(|call| ledger.has(call)), [true, false, true]);
    }
}
