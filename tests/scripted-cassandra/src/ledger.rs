//! What the nodes were asked and what they did.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use crate::call::{Call, Member};
use crate::cql::{Literal, Statement, Term, equal_term};
use crate::frame::{Answered, BoundValue, Executed, Frame};
use crate::opcode::{Consistency, Opcode};
use crate::plan::Plan;
use crate::prepared::Statements;
use crate::store::{join_key, partition_key};
use crate::wire::Bound;

/// How much the ledger keeps. Whatever it is, each distinct text is kept once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Recording {
    /// Every frame with all that was in it.
    Everything,
    /// The last so many frames, and all counts.
    Last(usize),
    /// No frames, but how often each statement was executed for each key.
    Keys,
    /// No frames and no keys: only counts by node, opcode and text. For benchmarks.
    Counts,
}

/// What was done with a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// How often the frame was executed: more than once if a rule says so.
    pub(crate) executions: u64,
    pub(crate) answered: Answered,
}

pub(crate) struct Received<'a> {
    pub(crate) node: usize,
    pub(crate) connection: u64,
    pub(crate) tracing: bool,
    pub(crate) call: &'a Call<'a>,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) recording: Recording,
    pub(crate) frames: VecDeque<Frame>,
    /// By statement, node and opcode. The first line is for ids that are not known.
    counts: Vec<Vec<[u64; 4]>>,
    keys: HashMap<Vec<u8>, HashMap<usize, u64>>,
    nodes: usize,
}

fn slot(opcode: Opcode) -> usize {
    match opcode {
        Opcode::Query => 0,
        Opcode::Prepare => 1,
        Opcode::Execute => 2,
        _ => 3,
    }
}

impl Ledger {
    pub(crate) fn new(recording: Recording, nodes: usize) -> Self {
        Self {
            recording,
            frames: VecDeque::new(),
            counts: Vec::new(),
            keys: HashMap::new(),
            nodes,
        }
    }

    /// Whether nothing but the text of a frame is of interest.
    pub(crate) fn only_counts(&self) -> bool {
        self.recording == Recording::Counts
    }

    /// Counts a frame by its first statement.
    pub(crate) fn count(&mut self, statement: Option<usize>, node: usize, opcode: Opcode) {
        let line = statement.map_or(0, |index| index + 1);
        if self.counts.len() <= line {
            let nodes = self.nodes;
            self.counts.resize_with(line + 1, || vec![[0; 4]; nodes]);
        }
        self.counts[line][node][slot(opcode)] += 1;
    }

    pub(crate) fn record(&mut self, received: &Received<'_>, statements: &Statements, outcome: Outcome) {
        let call = received.call;
        self.count(call.first.statement, received.node, call.opcode);
        if self.only_counts() {
            return;
        }
        if outcome.executions > 0 && call.opcode != Opcode::Prepare {
            for member in call.members() {
                if let (Some(statement), Some(key)) = (member.statement, key_of(member, statements)) {
                    *self.keys.entry(key).or_default().entry(statement).or_default() += outcome.executions;
                }
            }
        }
        let limit = match self.recording {
            Recording::Everything => usize::MAX,
            Recording::Last(limit) => limit,
            Recording::Keys | Recording::Counts => return,
        };
        while !self.frames.is_empty() && self.frames.len() >= limit {
            self.frames.pop_front();
        }
        if limit > 0 {
            self.frames.push_back(frame(received, statements, outcome));
        }
    }

    /// Frames by their first statement, where the test of node, opcode and text holds.
    pub(crate) fn counted(&self, statements: &Statements, test: impl Fn(usize, Opcode, &str) -> bool) -> u64 {
        const OPCODES: [Opcode; 4] = [Opcode::Query, Opcode::Prepare, Opcode::Execute, Opcode::Batch];
        let mut total = 0;
        for (line, nodes) in self.counts.iter().enumerate() {
            let text = line
                .checked_sub(1)
                .map_or("", |index| &statements.get(index).text);
            for (node, counts) in nodes.iter().enumerate() {
                for opcode in OPCODES {
                    let count = counts[slot(opcode)];
                    if count > 0 && test(node, opcode, text) {
                        total += count;
                    }
                }
            }
        }
        total
    }

    /// How often statements were executed for a key, where the test of the text holds; none if keys are not recorded.
    pub(crate) fn executions(
        &self,
        statements: &Statements,
        key: &[u8],
        test: impl Fn(&str) -> bool,
    ) -> Option<u64> {
        (!self.only_counts()).then(|| self.of_key(statements, key, &test))
    }

    fn of_key(&self, statements: &Statements, key: &[u8], test: &impl Fn(&str) -> bool) -> u64 {
        let Some(found) = self.keys.get(key) else {
            return 0;
        };
        let found = found
            .iter()
            .filter(|(index, _)| test(&statements.get(**index).text));
        found.map(|(_, count)| count).sum()
    }

    /// The keys for which statements were executed more than once; none if keys are not recorded.
    pub(crate) fn repeated(
        &self,
        statements: &Statements,
        test: impl Fn(&str) -> bool,
    ) -> Option<Vec<(Vec<u8>, u64)>> {
        if self.only_counts() {
            return None;
        }
        let keys = self.keys.keys();
        let counts = keys.map(|key| (key.clone(), self.of_key(statements, key, &test)));
        Some(counts.filter(|(_, count)| *count > 1).collect())
    }

    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.counts.clear();
        self.keys.clear();
    }
}

fn key_of(member: &Member<'_>, statements: &Statements) -> Option<Vec<u8>> {
    let plan = statements.get(member.statement?).plan.as_ref().ok()?;
    if plan.key_markers.is_empty() {
        return key_in_text(plan, &member.values());
    }
    let parts: Option<Vec<&[u8]>> = plan
        .key_markers
        .iter()
        .map(|&marker| member.value(marker))
        .collect();
    Some(join_key(parts?.into_iter()))
}

/// The key of which some or all stands in the text.
fn key_in_text(plan: &Plan, values: &[Bound<'_>]) -> Option<Vec<u8>> {
    let term_of = |column: &str| {
        let term = match &plan.statement {
            Statement::Modify(modify) => modify.equal_term(column),
            Statement::Select(select) => equal_term(&select.conditions, column),
            Statement::Truncate(_) | Statement::Use(_) | Statement::Ddl(_) => None,
        };
        // A function says something else each time it is asked.
        term.filter(|term| !matches!(term, Term::Literal(Literal::Function(_))))
    };
    partition_key(plan.table.as_ref()?, term_of, values).ok()?
}

fn frame(received: &Received<'_>, statements: &Statements, outcome: Outcome) -> Frame {
    let call = received.call;
    let parameters = &call.parameters;
    let executed = |member: &Member<'_>| Executed {
        text: match member.statement {
            Some(index) => Arc::clone(&statements.get(index).text),
            None => Arc::from(""),
        },
        values: member.values().into_iter().map(owned).collect(),
        key: key_of(member, statements),
    };
    let consistency = (call.opcode != Opcode::Prepare).then_some(Consistency(parameters.consistency));
    Frame {
        node: received.node,
        connection: received.connection,
        opcode: call.opcode,
        statements: call.members().map(executed).collect(),
        batch_type: parameters.batch_type,
        consistency,
        serial_consistency: parameters.serial_consistency.map(Consistency),
        page_size: parameters.page.size,
        paging_state: parameters.page.state.map(<[u8]>::to_vec),
        timestamp: parameters.timestamp,
        tracing: received.tracing,
        at: Instant::now(),
        executed: outcome.executions > 0,
        answered: outcome.answered,
    }
}

fn owned(value: Bound<'_>) -> BoundValue {
    match value {
        Bound::Null => BoundValue::Null,
        Bound::Unset => BoundValue::Unset,
        Bound::Bytes(bytes) => BoundValue::Bytes(bytes.to_vec()),
    }
}
