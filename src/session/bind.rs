//! Text with values: prepared through the cache and bound, or, where preparing takes too long, sent as it is.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;
use tower_cassandra_layers::request::{Deadline, Limit, OwnLimit};
use tower_cassandra_layers::trace::{SpanSlot, Traced};

use super::Inner;
use crate::error::Error;
use crate::statement::{BatchParts, Micros, Prepared, Statement, Text, What};

/// So many texts of one operation are being prepared at the same time.
pub(super) const TOGETHER: usize = 16;

/// How long a call waits for a PREPARE that is under way.
///
/// One node that is silent holds up every PREPARE, since the driver asks all nodes. After this the call is sent as text to one
/// healthy node, where the driver prepares it on the connection it uses anyway; the PREPARE goes on for those who come later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// As long as one attempt may take, counted from the beginning of the PREPARE: who comes later does not wait all over again.
    attempt: Option<Duration>,
    call: Option<Deadline>,
}

impl Patience {
    /// For as long as it takes.
    pub(super) const ENDLESS: Self = Self {
        attempt: None,
        call: None,
    };

    /// Until when to wait for a PREPARE that began at this moment; none for as long as it takes.
    pub(super) fn until(self, begun: Instant) -> Option<Instant> {
        let attempt = self.attempt.and_then(|limit| begun.checked_add(limit));
        attempt
            .into_iter()
            .chain(self.call.map(|deadline| deadline.at))
            .min()
    }
}

/// A text and its prepared form, if that was there in time.
type Found<'a> = (&'a Arc<Text>, Option<Prepared>);

impl Inner {
    /// Binds values that wait for their text to be prepared. Preparing counts against the limit of the first call: its deadline is
    /// returned.
    pub(super) async fn bind(
        &self,
        statement: &mut Statement,
        span: &SpanSlot,
    ) -> Result<Option<Deadline>, Error> {
        match &statement.what {
            What::Unbound(..) => {}
            What::Batch(batch) if batch.has_unbound() => {}
            What::Text(_) | What::Bound { .. } | What::Batch(_) | What::Prepare(_) => {
                // A page before has told of it.
                statement.options.prepare_wait = Micros::default();
                return Ok(None);
            }
        }
        let began = Instant::now();
        let patience = self.patience(statement, began);
        // Boxed: a call that has nothing to prepare should not carry the room for it.
        let bound = self.bound(statement.what.clone(), patience);
        let bound = Box::pin(Traced::new(bound, span.clone())).await;
        let waited = began.elapsed();
        statement.what = bound.map_err(|error| error.after_prepare(waited))?;
        statement.options.prepare_wait = Micros::of(waited);
        Ok(patience.call)
    }

    async fn bound(&self, what: What, patience: Patience) -> Result<What, Error> {
        match what {
            What::Batch(batch) => self.bind_members(&batch, patience).await,
            What::Unbound(text, values) => match self.find(&text, patience).await? {
                (_, Some(prepared)) => Ok(prepared.bind_dyn(&*values)?.what),
                (_, None) => Ok(What::Unbound(text, values)),
            },
            what => Ok(what),
        }
    }

    fn patience(&self, statement: &Statement, now: Instant) -> Patience {
        let own = |limit: OwnLimit, default| limit.or(default);
        let call = own(statement.context.call_limit(), self.settings.timeout);
        let call = call.and_then(|limit| now.checked_add(limit));
        let call = call.map(|at| Deadline {
            at,
            limit: Limit::Call,
        });
        Patience {
            attempt: own(statement.context.attempt_limit(), self.settings.attempt_timeout),
            call: [call, statement.context.deadline()]
                .into_iter()
                .flatten()
                .min_by_key(|deadline| deadline.at),
        }
    }

    async fn find<'a>(&self, text: &'a Arc<Text>, patience: Patience) -> Result<Found<'a>, Error> {
        let found = self.prepared.get_within(text, &self.stack, patience).await?;
        Ok((text, found))
    }

    /// Each text once, however many members have it.
    async fn bind_members(&self, batch: &BatchParts, patience: Patience) -> Result<What, Error> {
        let mut texts = HashMap::new();
        for member in &batch.members {
            if let What::Unbound(text, _) = &member.what {
                texts.insert(&*text.text, text);
            }
        }
        let mut texts = texts.into_values();
        let mut waiting = FuturesUnordered::new();
        let mut found = HashMap::with_capacity(texts.len());
        loop {
            while waiting.len() < TOGETHER
                && let Some(text) = texts.next()
            {
                waiting.push(self.find(text, patience));
            }
            match waiting.next().await {
                Some(result) => {
                    let (text, prepared) = result?;
                    found.insert(&*text.text, prepared);
                }
                None => break,
            }
        }
        let bound = batch.members.iter().map(|member| match &member.what {
            What::Unbound(text, values) => match found.get(&*text.text) {
                // Its mark stays: the text may say less of it than the user.
                Some(Some(prepared)) => prepared.bind_dyn(&**values).map(|bound| Statement {
                    what: bound.what,
                    ..member.clone()
                }),
                Some(None) | None => Ok(member.clone()),
            },
            What::Text(_) | What::Bound { .. } | What::Batch(_) | What::Prepare(_) => Ok(member.clone()),
        });
        let members = bound.collect::<Result<_, _>>()?;
        Ok(What::Batch(Arc::new(BatchParts::new(batch.kind, members))))
    }
}
