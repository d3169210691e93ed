//! Pages that no store has: as many and as large as a test wants, empty ones too.

use scripted_cassandra::{Action, Match, Opcode, Request, Rule, ScriptedCluster};
use tower_cassandra::Statement;

/// Sent as text and not prepared.
pub(crate) const ALL: &str = "SELECT id, v FROM ks.t";

pub(crate) fn all() -> Statement {
    Statement::new(ALL)
}

pub(crate) fn asking() -> Match {
    Match::opcode(Opcode::Query).statement(ALL)
}

/// What a page of a result of this many rows looks like.
#[derive(Clone, Copy)]
pub(crate) struct Result {
    pub(crate) rows: u32,
    pub(crate) value: usize,
    /// Every how-manieth page has no rows; 0 for none.
    pub(crate) empty: u32,
}

impl Result {
    pub(crate) const fn of(rows: u32) -> Self {
        Self {
            rows,
            value: 4,
            empty: 0,
        }
    }

    /// Answers all its pages, in the place of the store.
    pub(crate) fn serve(self, cluster: &ScriptedCluster) -> Rule {
        cluster.on(asking()).then(Action::decide(move |request| {
            Action::Frame(0x08, self.page(request))
        }))
    }

    /// The state is the number of the page and of its first row.
    pub(crate) fn page(self, request: &Request<'_>) -> Vec<u8> {
        let (size, state) = asked(request.body());
        let (number, first) = state.map_or((0, 0), |state| {
            let part = |at: usize| u32::from_be_bytes(state[at..at + 4].try_into().unwrap());
            (part(0), part(4))
        });
        let is_empty = self.empty > 0 && number % self.empty == self.empty - 1;
        let count = if is_empty { 0 } else { size.min(self.rows - first) };
        let end = first + count;
        let next = (end < self.rows).then(|| {
            let mut state = (number + 1).to_be_bytes().to_vec();
            state.extend(end.to_be_bytes());
            state
        });
        let mut out = Vec::with_capacity(128 + count as usize * (12 + self.value));
        let int = |out: &mut Vec<u8>, value: u32| out.extend(value.to_be_bytes());
        let string = |out: &mut Vec<u8>, text: &str| {
            out.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            out.extend(text.as_bytes());
        };
        // ROWS, one table for all columns, perhaps more pages.
        int(&mut out, 2);
        int(&mut out, 1 | if next.is_some() { 2 } else { 0 });
        int(&mut out, 2);
        if let Some(state) = next {
            int(&mut out, 8);
            out.extend(state);
        }
        for text in ["ks", "t"] {
            string(&mut out, text);
        }
        for (name, kind) in [("id", 0x0009_u16), ("v", 0x000D)] {
            string(&mut out, name);
            out.extend(kind.to_be_bytes());
        }
        int(&mut out, count);
        for id in first..end {
            int(&mut out, 4);
            int(&mut out, id);
            int(&mut out, u32::try_from(self.value).unwrap());
            out.extend(std::iter::repeat_n(b'v', self.value));
        }
        out
    }
}

/// Page size and paging state of a QUERY without values.
fn asked(body: &[u8]) -> (u32, Option<&[u8]>) {
    let int = |at: usize| u32::from_be_bytes(body[at..at + 4].try_into().unwrap());
    let parameters = 4 + int(0) as usize + 2;
    let flags = body[parameters];
    assert_eq!(flags & 0x05, 0x04, "a page size and no values");
    let state = (flags & 0x08 != 0).then(|| {
        let at = parameters + 5;
        &body[at + 4..at + 4 + int(at) as usize]
    });
    (int(parameters + 1), state)
}
