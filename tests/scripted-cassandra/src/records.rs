use std::fmt;
use std::sync::Arc;

use crate::frame::Frame;
use crate::opcode::Opcode;
use crate::shared::Shared;

/// The ledger of a cluster: the frames with statements that its nodes have received, without those that
/// the driver sends to learn about the cluster.
#[derive(Clone)]
pub struct Records {
    shared: Arc<Shared>,
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.frames()).finish()
    }
}

impl Records {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The frames that were kept, in the order in which they came.
    #[must_use]
    pub fn frames(&self) -> Vec<Frame> {
        self.shared.lock().ledger.frames.iter().cloned().collect()
    }

    /// The frames of one opcode whose first statement contains this.
    #[must_use]
    pub fn of(&self, opcode: Opcode, text: &str) -> Vec<Frame> {
        self.filter(|frame| frame.opcode == opcode && frame.text().contains(text))
    }

    /// The frames of which this holds.
    #[must_use]
    pub fn filter(&self, test: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        let state = self.shared.lock();
        state
            .ledger
            .frames
            .iter()
            .filter(|frame| test(frame))
            .cloned()
            .collect()
    }

    /// How many frames came, kept or not, where the test of node, opcode and text of the first statement
    /// holds.
    #[must_use]
    pub fn count_if(&self, test: impl Fn(usize, Opcode, &str) -> bool) -> u64 {
        let state = self.shared.lock();
        state.ledger.counted(&state.statements, test)
    }

    /// How many frames of one opcode came whose first statement contains this.
    #[must_use]
    pub fn count(&self, opcode: Opcode, text: &str) -> u64 {
        self.count_if(|_, of, found| of == opcode && found.contains(text))
    }

    /// The same at one node.
    #[must_use]
    pub fn count_at(&self, node: usize, opcode: Opcode, text: &str) -> u64 {
        self.count_if(|at, of, found| at == node && of == opcode && found.contains(text))
    }

    /// How many QUERY, EXECUTE and BATCH frames came.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.count_if(|_, opcode, _| opcode != Opcode::Prepare)
    }

    /// How often statements whose text contains this were executed for a partition key, given by its bytes
    /// on the ring. A statement that a rule answered in the place of the node was not executed, and one that a rule executed twice was executed twice.
    ///
    /// # Panics
    ///
    /// If no keys are recorded: with [`Recording::Counts`](crate::Recording::Counts).
    #[must_use]
    pub fn executions(&self, text: &str, key: &[u8]) -> u64 {
        let found = {
            let state = self.shared.lock();
            let ledger = &state.ledger;
            ledger.executions(&state.statements, key, |found| found.contains(text))
        };
        found.unwrap_or_else(|| without_keys())
    }

    /// The partition keys for which statements whose text contains this were executed more than once, and
    /// how often.
    ///
    /// # Panics
    ///
    /// If no keys are recorded: with [`Recording::Counts`](crate::Recording::Counts).
    #[must_use]
    pub fn repeated(&self, text: &str) -> Vec<(Vec<u8>, u64)> {
        let found = {
            let state = self.shared.lock();
            let ledger = &state.ledger;
            ledger.repeated(&state.statements, |found| found.contains(text))
        };
        found.unwrap_or_else(|| without_keys())
    }

    /// Forgets all frames and counts.
    pub fn clear(&self) {
        self.shared.lock().ledger.clear();
    }
}

/// An empty answer would look as if nothing had been executed.
fn without_keys() -> ! {
    panic!("with Recording::Counts no keys are recorded: ask with Recording::Keys for what was executed")
}
