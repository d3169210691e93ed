//! From the bytes of a connection to what is done with each frame.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use tokio::time::Instant;

use crate::call::{Call, Lookup};
use crate::ledger::Received;
use crate::opcode::Opcode;
use crate::perform::Done;
use crate::request::Request;
use crate::shared::State;
use crate::wire::{
    HEADER, Header, REQUEST_VERSION, RESPONSE_VERSION, TRACING, answer, begin_frame, end_frame,
};
use crate::{Action, ErrorFrame};

/// How a connection goes on after a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Flow {
    Continue,
    Close,
    Reset,
    /// Reads on, but sends nothing more.
    Mute,
    StopReading,
}

/// An answer for later, and what then becomes of the connection.
#[derive(Debug)]
pub(crate) struct Delayed {
    pub(crate) at: Instant,
    pub(crate) number: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) flow: Flow,
}

impl PartialEq for Delayed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Delayed {}

impl PartialOrd for Delayed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The first in time is the greatest, as a heap wants it.
impl Ord for Delayed {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    New,
    LogIn,
    Ready,
}

/// The client at the other end of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) node: usize,
    pub(crate) connection: u64,
    pub(crate) keyspace: Option<String>,
    pub(crate) stage: Stage,
    pub(crate) delayed: BinaryHeap<Delayed>,
    pub(crate) next_delayed: u64,
    pub(crate) stopped: bool,
}

/// A frame with what it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) header: Header,
    pub(crate) opcode: Opcode,
    pub(crate) body: &'a [u8],
    pub(crate) call: Option<&'a Call<'a>>,
}

impl State {
    /// Does all frames that are complete, and removes them from the input.
    pub(crate) fn process(&mut self, peer: &mut Peer, input: &mut Vec<u8>, out: &mut Vec<u8>) -> Flow {
        let mut at = 0;
        let mut flow = Flow::Continue;
        while flow == Flow::Continue && !self.nodes[peer.node].frozen && !peer.stopped {
            let Some(header) = Header::read(&input[at..]) else {
                break;
            };
            let body = at + HEADER;
            let Some(body) = input.get(body..body.saturating_add(header.length)) else {
                break;
            };
            at += HEADER + body.len();
            flow = self.frame(peer, header, body, out);
            if flow == Flow::StopReading {
                peer.stopped = true;
                flow = Flow::Continue;
            }
        }
        input.drain(..at);
        flow
    }

    fn frame(&mut self, peer: &mut Peer, header: Header, body: &[u8], out: &mut Vec<u8>) -> Flow {
        if header.version != REQUEST_VERSION {
            let message = format!(
                "Invalid or unsupported protocol version ({}); supported versions are (4/v4)",
                header.version
            );
            write_error(out, header.stream, &ErrorFrame::protocol_error(message));
            return Flow::Close;
        }
        let Some(opcode) = Opcode::from_byte(header.opcode) else {
            let error = ErrorFrame::protocol_error(format!("Unknown opcode {}", header.opcode));
            write_error(out, header.stream, &error);
            return Flow::Continue;
        };
        let turn = Turn {
            header,
            opcode,
            body,
            call: None,
        };
        if !opcode.has_statement() {
            return self.without_statement(peer, &turn, out);
        }
        if peer.stage != Stage::Ready {
            write_error(
                out,
                header.stream,
                &ErrorFrame::protocol_error("Unexpected message, expecting STARTUP"),
            );
            return Flow::Continue;
        }
        let mut lookup = Lookup {
            statements: &mut self.statements,
            schema: &self.schema,
            keyspace: peer.keyspace.as_deref(),
        };
        let Ok(call) = Call::read(opcode, body, &mut lookup) else {
            write_error(out, header.stream, &ErrorFrame::protocol_error("malformed body"));
            return Flow::Continue;
        };
        if self.is_simple(peer, &turn, &call, out) {
            return Flow::Continue;
        }
        self.with_statements(peer, turn, &call, out)
    }

    fn without_statement(&mut self, peer: &mut Peer, turn: &Turn<'_>, out: &mut Vec<u8>) -> Flow {
        let request = Request {
            node: peer.node,
            connection: peer.connection,
            opcode: turn.opcode,
            body: turn.body,
            call: None,
        };
        let action = self.rules.pick(&request, false);
        let action = action.as_deref().unwrap_or(&Action::Answer);
        self.perform(peer, turn, action, out).flow
    }

    /// Answers an EXECUTE whose answer is always the same, if nobody wants to know more of it.
    fn is_simple(&mut self, peer: &Peer, turn: &Turn<'_>, call: &Call<'_>, out: &mut Vec<u8>) -> bool {
        let Some(index) = call.first.statement.filter(|_| turn.opcode == Opcode::Execute) else {
            return false;
        };
        if !self.rules.is_empty() || !self.ledger.only_counts() || turn.header.flags & TRACING != 0 {
            return false;
        }
        let Ok(plan) = &self.statements.get(index).plan else {
            return false;
        };
        let Some(fixed) = plan
            .fixed
            .as_ref()
            .filter(|_| self.statements.is_known(index, peer.node))
        else {
            return false;
        };
        let start = begin_frame(out, 0, turn.header.stream, answer::RESULT);
        out.extend_from_slice(fixed);
        end_frame(out, start);
        self.ledger.count(Some(index), peer.node, turn.opcode);
        true
    }

    fn with_statements(
        &mut self,
        peer: &mut Peer,
        turn: Turn<'_>,
        call: &Call<'_>,
        out: &mut Vec<u8>,
    ) -> Flow {
        let turn = Turn {
            call: Some(call),
            ..turn
        };
        let of_driver = self.is_of_driver(call);
        let request = Request {
            node: peer.node,
            connection: peer.connection,
            opcode: turn.opcode,
            body: turn.body,
            call: Some((call, &self.statements)),
        };
        let action = self.rules.pick(&request, of_driver);
        let action = action.as_deref().unwrap_or(&Action::Answer);
        let Done { flow, outcome } = self.perform(peer, &turn, action, out);
        if !of_driver {
            let received = Received {
                node: peer.node,
                connection: peer.connection,
                tracing: turn.header.flags & TRACING != 0,
                call,
            };
            self.ledger.record(&received, &self.statements, outcome);
        }
        flow
    }

    fn is_of_driver(&self, call: &Call<'_>) -> bool {
        let entry = call.first.statement.map(|index| self.statements.get(index));
        entry.is_some_and(|entry| entry.of_driver)
    }
}

pub(crate) fn write_error(out: &mut Vec<u8>, stream: i16, error: &ErrorFrame) {
    let start = begin_frame(out, 0, stream, answer::ERROR);
    debug_assert_eq!(out[start], RESPONSE_VERSION);
    error.write(out);
    end_frame(out, start);
}
