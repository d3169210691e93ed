//! What a rule says, done.

use tokio::time::Instant;
use uuid::Uuid;

use crate::dispatch::{Delayed, Flow, Peer, Turn, write_error};
use crate::frame::Answered;
use crate::ledger::Outcome;
use crate::request::Request;
use crate::rows::{Output, Page, Rows, write_rows};
use crate::schema::Table;
use crate::shared::State;
use crate::types::Type;
use crate::wire::{HEADER, Put, TRACING, WARNING, answer, begin_frame, end_frame};
use crate::{Action, ErrorFrame};

/// What became of a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    pub(crate) flow: Flow,
    pub(crate) outcome: Outcome,
}

impl Done {
    pub(crate) fn new(executed: bool, answered: Answered) -> Self {
        Self {
            flow: Flow::Continue,
            outcome: Outcome {
                executions: executed.into(),
                answered,
            },
        }
    }

    fn unanswered(executed: bool, flow: Flow) -> Self {
        Self {
            flow,
            ..Self::new(executed, Answered::Nothing)
        }
    }
}

/// Begins an answer, with the id of a trace if the client wants one.
pub(crate) fn begin(out: &mut Vec<u8>, turn: &Turn<'_>, opcode: u8) -> usize {
    let flags = turn.header.flags & TRACING;
    let start = begin_frame(out, flags, turn.header.stream, opcode);
    if flags != 0 {
        out.put(Uuid::new_v4().as_bytes());
    }
    start
}

impl State {
    pub(crate) fn perform(
        &mut self,
        peer: &mut Peer,
        turn: &Turn<'_>,
        action: &Action,
        out: &mut Vec<u8>,
    ) -> Done {
        let start = out.len();
        match action {
            Action::Answer => self.answer(peer, turn, out),
            Action::Error(error) => {
                write_error(out, turn.header.stream, error);
                Done::new(false, Answered::Error(error.error_code()))
            }
            Action::Void => {
                let frame = begin(out, turn, answer::RESULT);
                out.put_i32(1);
                end_frame(out, frame);
                Done::new(false, Answered::Result)
            }
            Action::Rows(rows) => {
                self.write_given(turn, rows, out);
                Done::new(false, Answered::Result)
            }
            Action::NotApplied => {
                let rows = Rows::new([("[applied]", Type::Boolean)]).row([false]);
                self.write_given(turn, &rows, out);
                Done::new(false, Answered::Result)
            }
            Action::Unprepared => self.unprepared(peer, turn, out),
            Action::Frame(opcode, body) => {
                let frame = begin_frame(out, 0, turn.header.stream, *opcode);
                out.put(body);
                end_frame(out, frame);
                Done::new(false, Answered::Result)
            }
            Action::Bytes(bytes) => {
                out.put(bytes);
                Done::new(false, Answered::Result)
            }
            Action::Delay(by, inner) => {
                let done = self.perform(peer, turn, inner, out);
                self.open.now += 1;
                self.open.most = self.open.most.max(self.open.now);
                peer.next_delayed += 1;
                peer.delayed.push(Delayed {
                    at: Instant::now() + *by,
                    number: peer.next_delayed,
                    bytes: out.split_off(start),
                    flow: done.flow,
                });
                Done {
                    flow: Flow::Continue,
                    ..done
                }
            }
            Action::Warn(warnings, inner) => {
                let done = self.perform(peer, turn, inner, out);
                insert_warnings(out, start, warnings);
                done
            }
            Action::Change(change, inner) => {
                let done = self.perform(peer, turn, inner, out);
                let mut bytes = out.split_off(start);
                (change.0)(&mut bytes);
                out.append(&mut bytes);
                done
            }
            Action::Executed(inner) => {
                let first = self.answer(peer, turn, &mut Vec::new());
                let mut done = self.perform(peer, turn, inner, out);
                done.outcome.executions += first.outcome.executions;
                done
            }
            Action::Silence => Done::unanswered(false, Flow::Continue),
            Action::HalfAnswer => self.half(peer, turn, Flow::Mute, out),
            Action::HalfAnswerThenClose => self.half(peer, turn, Flow::Close, out),
            Action::Close => Done::unanswered(false, Flow::Close),
            Action::Reset => Done::unanswered(false, Flow::Reset),
            Action::StopReading => Done::unanswered(false, Flow::StopReading),
            Action::Decide(decide) => {
                let request = Request {
                    node: peer.node,
                    connection: peer.connection,
                    opcode: turn.opcode,
                    body: turn.body,
                    call: turn.call.map(|call| (call, &self.statements)),
                };
                let action = (decide.0)(&request);
                self.perform(peer, turn, &action, out)
            }
        }
    }

    fn half(&mut self, peer: &mut Peer, turn: &Turn<'_>, flow: Flow, out: &mut Vec<u8>) -> Done {
        let start = out.len();
        let done = self.answer(peer, turn, out);
        let whole = out.len() - start;
        out.truncate(start + whole.div_ceil(2));
        Done::unanswered(done.outcome.executions > 0, flow)
    }

    fn unprepared(&mut self, peer: &Peer, turn: &Turn<'_>, out: &mut Vec<u8>) -> Done {
        let members = turn.call.into_iter().flat_map(|call| call.members());
        let member = members.into_iter().find(|member| !member.id.is_empty()).copied();
        if let Some(index) = member.and_then(|member| member.statement) {
            self.statements.unlearn(index, peer.node);
        }
        let error = ErrorFrame::unprepared(member.map_or(&[], |member| member.id));
        write_error(out, turn.header.stream, &error);
        Done::new(false, Answered::Error(error.error_code()))
    }

    /// Rows that a script gives, as if they were of the table of the statement.
    fn write_given(&self, turn: &Turn<'_>, rows: &Rows, out: &mut Vec<u8>) {
        let statement = turn.call.and_then(|call| call.first.statement);
        let plan = statement.and_then(|index| self.statements.get(index).plan.as_ref().ok());
        let table: Option<&Table> = plan.and_then(|plan| plan.table.as_ref());
        let page = turn.call.map_or_else(Page::default, |call| call.parameters.page);
        let frame = begin(out, turn, answer::RESULT);
        write_rows(out, &Output::of_rows(rows, table), &rows.rows, page);
        end_frame(out, frame);
    }
}

/// Puts warnings into the frame that starts there, after the id of a trace.
fn insert_warnings(out: &mut Vec<u8>, start: usize, warnings: &[String]) {
    if out.len() < start + HEADER {
        return;
    }
    let flags = out[start + 1];
    let trace = if flags & TRACING == 0 { 0 } else { 16 };
    let body = out.split_off(start + HEADER + trace);
    out[start + 1] = flags | WARNING;
    out.put_string_list(warnings);
    out.put(&body);
    end_frame(out, start);
}
