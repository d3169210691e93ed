//! What a node answers of its own accord.

use std::sync::Arc;

use crate::ErrorFrame;
use crate::call::{Call, Member};
use crate::cql::Statement;
use crate::dispatch::{Peer, Stage, Turn, write_error};
use crate::frame::Answered;
use crate::opcode::Opcode;
use crate::perform::{Done, begin};
use crate::plan::Plan;
use crate::rows::write_rows;
use crate::shared::State;
use crate::wire::{Bound, Put, Reader, answer, end_frame};

impl State {
    pub(crate) fn answer(&mut self, peer: &mut Peer, turn: &Turn<'_>, out: &mut Vec<u8>) -> Done {
        let Some(call) = turn.call else {
            self.hand_shake(peer, turn, out);
            return Done::new(true, Answered::Result);
        };
        let start = begin(out, turn, answer::RESULT);
        match self.call(peer, call, out) {
            Ok(()) => {
                end_frame(out, start);
                Done::new(true, Answered::Result)
            }
            Err(error) => {
                out.truncate(start);
                write_error(out, turn.header.stream, &error);
                Done::new(false, Answered::Error(error.error_code()))
            }
        }
    }

    fn hand_shake(&mut self, peer: &mut Peer, turn: &Turn<'_>, out: &mut Vec<u8>) {
        let stream = turn.header.stream;
        match turn.opcode {
            Opcode::Options => {
                let start = begin(out, turn, answer::SUPPORTED);
                out.put_u16(u16::try_from(self.supported.len()).unwrap_or(u16::MAX));
                for (key, values) in &self.supported {
                    out.put_string(key);
                    out.put_string_list(values);
                }
                end_frame(out, start);
            }
            Opcode::Startup if self.login.is_some() => {
                peer.stage = Stage::LogIn;
                let start = begin(out, turn, answer::AUTHENTICATE);
                out.put_string("org.apache.cassandra.auth.PasswordAuthenticator");
                end_frame(out, start);
            }
            Opcode::Startup => {
                peer.stage = Stage::Ready;
                let start = begin(out, turn, answer::READY);
                end_frame(out, start);
            }
            Opcode::AuthResponse if peer.stage == Stage::LogIn && self.log_in(turn.body) => {
                peer.stage = Stage::Ready;
                let start = begin(out, turn, answer::AUTH_SUCCESS);
                out.put_bytes(None);
                end_frame(out, start);
            }
            Opcode::AuthResponse => {
                let message = "Provided username and/or password are incorrect";
                write_error(out, stream, &ErrorFrame::bad_credentials(message));
            }
            _ => {
                let kinds = Reader::new(turn.body).string_list().unwrap_or_default();
                let links = &mut self.nodes[peer.node].connections;
                if let Some(link) = links.get_mut(&peer.connection) {
                    link.events.extend(kinds.into_iter().map(str::to_owned));
                }
                let start = begin(out, turn, answer::READY);
                end_frame(out, start);
            }
        }
    }

    /// The answer to a login is a zero, the name, a zero and the password.
    fn log_in(&mut self, body: &[u8]) -> bool {
        let given = Reader::new(body).bytes().ok().flatten().unwrap_or_default();
        let right = self.login.as_ref().is_some_and(|(name, password)| {
            let mut parts = given.splitn(3, |byte| *byte == 0).skip(1);
            parts.next() == Some(name.as_bytes()) && parts.next() == Some(password.as_bytes())
        });
        self.logins.accepted += u64::from(right);
        self.logins.refused += u64::from(!right);
        right
    }

    fn call(&mut self, peer: &mut Peer, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), ErrorFrame> {
        if call.opcode == Opcode::Batch {
            return self.batch(peer, call, out);
        }
        let plan = self.plan(peer, &call.first)?;
        if call.opcode == Opcode::Prepare {
            if let Some(index) = call.first.statement {
                self.statements.learn(index, peer.node);
                plan.write_prepared(out, &self.statements.get(index).id);
            }
            return Ok(());
        }
        if let (Some(answer), Some(output)) = (&plan.answer, &plan.output) {
            write_rows(out, output, &answer.rows, call.parameters.page);
            return Ok(());
        }
        let values = bound(&plan, &call.first)?;
        match (&plan.statement, &plan.table) {
            (Statement::Select(_), Some(table)) => {
                self.select(peer, &plan, table, &values, call.parameters.page, out)
            }
            (Statement::Modify(modify), Some(table)) => self.modify(&[(&plan, modify, table, values)], out),
            (Statement::Truncate(_), _) => {
                if let Some(store) = &mut self.store {
                    store.truncate(&plan.full_name);
                }
                out.put_i32(1);
                Ok(())
            }
            (Statement::Use(keyspace), _) => {
                if !self.schema.keyspaces.contains_key(keyspace) {
                    return Err(ErrorFrame::invalid(format!(
                        "Keyspace '{keyspace}' does not exist"
                    )));
                }
                out.put_i32(3);
                out.put_string(keyspace);
                peer.keyspace = Some(keyspace.clone());
                Ok(())
            }
            (Statement::Ddl(ddl), _) => self.change_schema(ddl, peer.keyspace.as_deref(), out),
            _ => Err(ErrorFrame::server_error("a statement without its table")),
        }
    }

    /// The plan of a statement, which the node must know if it comes by its id.
    fn plan(&self, peer: &Peer, member: &Member<'_>) -> Result<Arc<Plan>, ErrorFrame> {
        let known = |index: &usize| member.id.is_empty() || self.statements.is_known(*index, peer.node);
        match member.statement.filter(known) {
            Some(index) => self.statements.get(index).plan.clone(),
            None => Err(ErrorFrame::unprepared(member.id)),
        }
    }

    fn batch(&mut self, peer: &Peer, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), ErrorFrame> {
        let plans: Result<Vec<_>, _> = call.members().map(|member| self.plan(peer, member)).collect();
        let plans = plans?;
        let mut writes = Vec::with_capacity(plans.len());
        for (plan, member) in plans.iter().zip(call.members()) {
            let (Statement::Modify(modify), Some(table)) = (&plan.statement, &plan.table) else {
                let message =
                    "Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed.";
                return Err(ErrorFrame::invalid(message));
            };
            writes.push((&**plan, modify, table, bound(plan, member)?));
        }
        self.modify(&writes, out)
    }
}

/// The values of a statement, of which there have to be as many as markers.
fn bound<'a>(plan: &Plan, member: &Member<'a>) -> Result<Vec<Bound<'a>>, ErrorFrame> {
    let values = member.values();
    if values.len() == plan.binds.len() {
        return Ok(values);
    }
    Err(ErrorFrame::invalid(format!(
        "there were {} markers(?) in CQL but {} bound variables",
        plan.binds.len(),
        values.len()
    )))
}
