use std::sync::Arc;

use crate::call::Call;
use crate::opcode::{Consistency, Opcode};
use crate::prepared::Statements;
use crate::wire::Bound;

/// A frame as rules see it.
#[derive(Debug)]
pub struct Request<'a> {
    pub(crate) node: usize,
    pub(crate) connection: u64,
    pub(crate) opcode: Opcode,
    pub(crate) body: &'a [u8],
    /// Unless the frame has no statements.
    pub(crate) call: Option<(&'a Call<'a>, &'a Statements)>,
}

impl<'a> Request<'a> {
    /// The place of the node in its cluster.
    #[must_use]
    pub fn node(&self) -> usize {
        self.node
    }

    /// The number of the connection, counted over all nodes.
    #[must_use]
    pub fn connection(&self) -> u64 {
        self.connection
    }

    /// What is asked for.
    #[must_use]
    pub fn opcode(&self) -> Opcode {
        self.opcode
    }

    /// The body of the frame.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The texts of the statements; empty for an id that is not known.
    pub fn texts(&self) -> impl Iterator<Item = &'a Arc<str>> + '_ {
        self.call.into_iter().flat_map(|(call, statements)| {
            let indexes = call.members().filter_map(|member| member.statement);
            indexes.map(|index| &statements.get(index).text)
        })
    }

    /// The values of the first statement, `None` for null.
    #[must_use]
    pub fn values(&self) -> Vec<Option<&'a [u8]>> {
        let values = self.call.map(|(call, _)| call.first.values()).unwrap_or_default();
        values.into_iter().map(Bound::bytes).collect()
    }

    /// The consistency level, unless the frame has none.
    #[must_use]
    pub fn consistency(&self) -> Option<Consistency> {
        let (call, _) = self.call.filter(|_| self.opcode != Opcode::Prepare)?;
        Some(Consistency(call.parameters.consistency))
    }
}
