use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::time::sleep;
use tower_service::Service;

use super::answer::Kind;
use super::expect::{Markers, Which, spaced};
use super::types::{CqlType, specs};
use super::{Answer, Call, Expect, Unfinished};
use crate::cluster::ClusterBuilder;
use crate::cql;
use crate::error::Error;
use crate::response::{Response, Took};
use crate::session::Session;
use crate::statement::{Prepared, Statement, What};

/// A service that answers by expectations. Clones are the same script.
///
/// A request takes the first expectation it fits that is not used up. Preparing is answered as well and is no request of its own: the text has to be
/// that of an expectation, or known by [`prepares`](Self::prepares).
#[derive(Clone, Default)]
pub struct Script {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    expected: Vec<Expect>,
    prepares: HashMap<String, Result<Markers, Error>>,
    calls: Vec<Call>,
    unexpected: Vec<String>,
}

impl Script {
    /// A script that expects nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an expectation, behind those that are there.
    #[must_use]
    pub fn expect(self, expected: Expect) -> Self {
        self.also_expect(expected);
        self
    }

    /// Adds an expectation to a script that is in use.
    pub fn also_expect(&self, expected: Expect) {
        self.lock().expected.push(expected);
    }

    /// Lets a text be prepared, with the names and types of its markers. Only needed for what is expected by its label, and for members of batches
    /// with markers.
    #[must_use]
    pub fn prepares<N: Into<String>, T: Into<CqlType>>(
        self,
        text: impl AsRef<str>,
        markers: impl IntoIterator<Item = (N, T)>,
    ) -> Self {
        self.lock().prepares.insert(spaced(text.as_ref()), specs(markers));
        self
    }

    /// A session over this script alone: no limits, no retries, no timeouts.
    #[must_use]
    pub fn session(&self) -> Session {
        Session::from_service(self.clone())
    }

    /// A session with the whole stack over this script, as the builder says: limits, retries, timeouts, metrics, the user's layers. There
    /// are no nodes, so nothing is balanced and nothing probed; what the builder says of connections is not used.
    ///
    /// # Errors
    /// `Config` for the first option that makes no sense.
    pub fn session_under(&self, builder: ClusterBuilder) -> Result<Session, Error> {
        builder.build()?.session_over(self.clone())
    }

    /// All requests that came, expected or not, in their order. Pages and attempts are requests of their own, preparing is none.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// How many requests with this text came.
    #[must_use]
    pub fn count(&self, text: impl AsRef<str>) -> usize {
        let text = spaced(text.as_ref());
        let is_it = |call: &&Call| call.text().is_some_and(|its| spaced(its) == text);
        self.lock().calls.iter().filter(is_it).count()
    }

    /// Has everything come that was expected, and nothing else?
    ///
    /// # Errors
    /// With what came unexpectedly and what did not come.
    pub fn finish(&self) -> Result<(), Unfinished> {
        let state = self.lock();
        let missing = |expected: &Expect| {
            let (seen, wanted) = (expected.seen, expected.wanted());
            (seen < wanted).then(|| format!("{} ({seen} of {wanted} came)", described(&expected.which)))
        };
        let unfinished = Unfinished {
            unexpected: state.unexpected.clone(),
            missing: state.expected.iter().filter_map(missing).collect(),
        };
        if unfinished.unexpected.is_empty() && unfinished.missing.is_empty() {
            Ok(())
        } else {
            Err(unfinished)
        }
    }
}

fn described(which: &Which) -> String {
    match which {
        Which::Text(text) => format!("`{text}`"),
        Which::Label(label) => format!("a statement with the label `{label}`"),
        Which::Batch(members) => format!("a batch of `{}`", members.join("; ")),
    }
}

fn shown(statement: &Statement) -> String {
    let label = statement
        .options
        .label
        .map_or_else(String::new, |label| format!(", label `{label}`"));
    match &statement.what {
        What::Batch(batch) => {
            let members: Vec<_> = batch.members.iter().filter_map(Statement::text).collect();
            format!("a batch of `{}`{label}", members.join("; "))
        }
        _ => format!("`{}`{label}", statement.text().unwrap_or_default()),
    }
}

impl State {
    fn answer(&mut self, statement: &Statement) -> Answer {
        self.calls.push(Call::new(statement));
        match self
            .expected
            .iter_mut()
            .find(|expected| expected.takes(statement))
        {
            Some(expected) => expected.next(),
            None => self.refuse(shown(statement)).into(),
        }
    }

    fn refuse(&mut self, what: String) -> Error {
        let error = Error::internal(format!("unexpected by the script: {what}"));
        self.unexpected.push(what);
        error
    }

    fn prepare(&mut self, text: &str) -> Result<Prepared, Error> {
        let key = spaced(text);
        let named = self.expected.iter().filter(|expected| expected.names(&key));
        let declared = named.clone().find_map(|expected| match &expected.which {
            Which::Text(_) => expected.markers.as_ref(),
            Which::Batch(_) | Which::Label(_) => None,
        });
        let known = named.count() > 0;
        let markers = match declared.or_else(|| self.prepares.get(&key)) {
            Some(markers) => markers.clone()?,
            None if known && !has_markers(text) => Vec::new(),
            None if known => {
                return Err(Error::config(
                    "markers",
                    key,
                    "the types of its markers, by `Expect::markers` or `Script::prepares`",
                ));
            }
            None => return Err(self.refuse(format!("preparing `{key}`"))),
        };
        Ok(Prepared::made(text, markers))
    }
}

fn has_markers(text: &str) -> bool {
    cql::Tokens::of(text).any(|token| token.kind == cql::Kind::Marker)
}

impl Service<Statement> for Script {
    type Response = Response;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, statement: Statement) -> Self::Future {
        let mut state = self.lock();
        if let What::Prepare(text) = &statement.what {
            let prepared = state.prepare(&text.text).map(Response::of_prepare);
            return Box::pin(std::future::ready(prepared));
        }
        let answer = state.answer(&statement);
        drop(state);
        Box::pin(async move {
            if !answer.delay.is_zero() {
                sleep(answer.delay).await;
            }
            match answer.kind {
                Kind::Reply(reply) => reply.response().map(|mut response| {
                    response.took(Took {
                        prepare_wait: statement.options.prepare_wait.get(),
                        queue_wait: statement.context.queue_wait(),
                        elapsed: answer.delay,
                    });
                    response
                }),
                Kind::Error(error) => Err(error.judged(statement.nature())),
                Kind::Never => std::future::pending().await,
            }
        })
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Script")
            .field("expected", &state.expected.len())
            .field("calls", &state.calls.len())
            .field("unexpected", &state.unexpected)
            .finish_non_exhaustive()
    }
}
