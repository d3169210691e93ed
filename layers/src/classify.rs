//! One judgement of a result, shared by every layer that has to act on it.
//!
//! Retry reads the [`Advice`] and [`Applied`], metrics read the label, health reads the [`Fault`]. The judgement is an
//! object that is given to the layers, not a trait of the error, because the errors usually belong to another crate.

use std::time::Duration;

use crate::request::{Limit, NodeId};

/// Did a request take effect, as far as the client can know?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Applied {
    /// Certainly not, and it will not later.
    No,
    /// The client cannot know. It does not mean "probably failed".
    Maybe,
    /// Certainly executed, or stored so that it will be.
    Yes,
}

impl Applied {
    /// The judgement over two attempts of one request: one `Maybe` stays `Maybe`, otherwise one `Yes` stays `Yes`.
    #[must_use]
    pub const fn worst(self, other: Self) -> Self {
        match (self, other) {
            (Self::Maybe, _) | (_, Self::Maybe) => Self::Maybe,
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
        }
    }
}

/// What may be done about a failure, *if* a retry is allowed at all (see [`Failure::may_retry`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Advice {
    /// A repetition would fail again or would do harm.
    Never,
    /// Once more on the same node, and not a second time.
    SameOnce,
    /// Another node. The first time at once, later after a pause.
    Next,
    /// A pause first, then any node.
    Backoff,
    /// A pause first, then any node, and not a second time.
    BackoffOnce,
    /// A pause first, then another node.
    NextBackoff,
    /// The prepared form is stale: prepare anew, then once more.
    Reprepare,
}

/// Whose fault a failure is. Only [`Fault::Node`] counts against the health of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The request would fail anywhere.
    Request,
    /// The node that was asked, or the connection to it.
    Node,
    /// The node is saturated, which is not sickness.
    Load,
    /// The node that was asked is fine, the owners of the data are not.
    Replicas,
    /// This process.
    Client,
}

/// The judgement of one failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// May the request have taken effect?
    pub applied: Applied,
    /// What may be done.
    pub advice: Advice,
    /// Whose fault it is.
    pub fault: Fault,
    /// A name from a fixed, small set, for metrics. Never made from the contents of a request.
    pub label: &'static str,
}

impl Failure {
    /// The one rule of retrying: only if the advice is not [`Advice::Never`], and either nothing was applied or the
    /// request may be applied twice without harm.
    #[must_use]
    pub const fn may_retry(&self, idempotent: bool) -> bool {
        !matches!(self.advice, Advice::Never) && (idempotent || matches!(self.applied, Applied::No))
    }
}

/// The judgement of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It worked.
    Success,
    /// It did not.
    Failure(Failure),
}

impl Outcome {
    /// The label for metrics: `success` or that of the failure.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure(failure) => failure.label,
        }
    }
}

/// Figures of one attempt, handed to [`Classify::accumulate`].
#[derive(Clone, Copy, Debug)]
pub struct AttemptFigures {
    /// The number of the attempt, counted from 1.
    pub number: u32,
    /// The node it was sent to, where one was chosen.
    pub node: Option<NodeId>,
    /// How long limits had made the call wait before its first attempt.
    pub queued: Duration,
    /// From the end of the attempt before to the call of the inner service: back-off, and waiting for readiness.
    pub pause: Duration,
    /// From the call of the inner service to its result.
    pub elapsed: Duration,
    /// The judgement of its result.
    pub failure: Failure,
}

/// Of two attempts that were made beside each other, the one that did not give the answer. Handed to [`Classify::hedged`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Beside<E> {
    /// Was the second attempt the one that gave the answer?
    pub won: bool,
    /// What it failed with. None: it was overtaken, and its node still owes its answer.
    pub failed: Option<E>,
    /// The number of the call at the nodes that owe it answers ([`Table::owing`](crate::health::Table::owing)).
    pub call: u32,
    /// From sending it to its end, or to the answer of the other one.
    pub elapsed: Duration,
    /// How long both were under way.
    pub together: Duration,
}

/// Why retrying ended with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The last failure must not or need not be repeated.
    NotRetryable,
    /// All attempts that the policy allows were made.
    AttemptsExhausted,
    /// The retry budget of the session is spent.
    BudgetExhausted,
    /// No further attempt fits into the time that this limit leaves.
    NoTimeLeft(Limit),
}

/// Judges results. Everything but [`classify`](Self::classify) and [`facts`](Self::facts) has a default that does nothing.
pub trait Classify<Req, Res, E>: Send + Sync + 'static {
    /// What has to be remembered of a request to judge its result later, when the request itself is gone.
    type Facts: Clone + Send + 'static;

    /// Takes the facts from a request. Called once per request and layer; must not allocate.
    fn facts(&self, request: &Req) -> Self::Facts;

    /// Judges a result. A pure function.
    fn classify(&self, facts: &Self::Facts, result: Result<&Res, &E>) -> Outcome;

    /// The node a result came from, if it says so.
    fn node(&self, result: Result<&Res, &E>) -> Option<NodeId> {
        let _ = result;
        None
    }

    /// The other node, if it is the error of two attempts that were made beside each other ([`hedge`](crate::hedge)). The next attempt goes to
    /// neither of them. Default: none.
    fn node_beside(&self, error: &E) -> Option<NodeId> {
        let _ = error;
        None
    }

    /// Is there more than one node to go to? With one node [`Advice::Next`] has to pause before its first repetition.
    fn has_alternatives(&self) -> bool {
        true
    }

    /// Joins the error of an attempt to what the attempts before it left behind. The default keeps the newer error.
    fn accumulate(&self, earlier: Option<E>, error: E, attempt: &AttemptFigures) -> E {
        let _ = (earlier, attempt);
        error
    }

    /// Called once with the error a finished retry ends with.
    fn finish(&self, error: E, why: Stop) -> E {
        let _ = why;
        error
    }

    /// Called with a success that came after failures, before [`succeeded`](Self::succeeded): with the error that those have left behind, and the pause before
    /// the attempt that succeeded.
    fn recovered(&self, response: &mut Res, earlier: E, pause: Duration) {
        let _ = (response, earlier, pause);
    }

    /// Called with a success beside which a second attempt was made, and what is known of the other one of the two. Called before
    /// [`recovered`](Self::recovered) and [`succeeded`](Self::succeeded), whose number does not count the second attempt.
    fn hedged(&self, response: &mut Res, beside: Beside<E>) {
        let _ = (response, beside);
    }

    /// Called with a success and the number of attempts that it took.
    fn succeeded(&self, response: &mut Res, attempts: u32) {
        let _ = (response, attempts);
    }
}

/// A [`Classify`] made of a function over the result, for services without notions of their own.
///
/// ```
/// use tower_cassandra_layers::{Advice, Applied, Failure, Fault, Outcome, classify::classify_fn};
///
/// let classifier = classify_fn(|result: Result<&String, &std::io::Error>| match result {
///     Ok(_) => Outcome::Success,
///     Err(_) => Outcome::Failure(Failure {
///         applied: Applied::Maybe,
///         advice: Advice::Next,
///         fault: Fault::Node,
///         label: "io",
///     }),
/// });
/// # let _ = classifier;
/// ```
pub const fn classify_fn<F>(function: F) -> ClassifyFn<F> {
    ClassifyFn { function }
}

/// Made by [`classify_fn`].
#[derive(Clone, Copy)]
pub struct ClassifyFn<F> {
    function: F,
}

impl<F> std::fmt::Debug for ClassifyFn<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClassifyFn").finish_non_exhaustive()
    }
}

impl<F, Req, Res, E> Classify<Req, Res, E> for ClassifyFn<F>
where
    F: Fn(Result<&Res, &E>) -> Outcome + Send + Sync + 'static,
{
    type Facts = ();

    fn facts(&self, _request: &Req) {}

    fn classify(&self, _facts: &(), result: Result<&Res, &E>) -> Outcome {
        (self.function)(result)
    }
}

impl<C, Req, Res, E> Classify<Req, Res, E> for std::sync::Arc<C>
where
    C: Classify<Req, Res, E> + ?Sized,
{
    type Facts = C::Facts;

    fn facts(&self, request: &Req) -> Self::Facts {
        (**self).facts(request)
    }
    fn classify(&self, facts: &Self::Facts, result: Result<&Res, &E>) -> Outcome {
        (**self).classify(facts, result)
    }
    fn node(&self, result: Result<&Res, &E>) -> Option<NodeId> {
        (**self).node(result)
    }
    fn node_beside(&self, error: &E) -> Option<NodeId> {
        (**self).node_beside(error)
    }
    fn has_alternatives(&self) -> bool {
        (**self).has_alternatives()
    }
    fn accumulate(&self, earlier: Option<E>, error: E, attempt: &AttemptFigures) -> E {
        (**self).accumulate(earlier, error, attempt)
    }
    fn finish(&self, error: E, why: Stop) -> E {
        (**self).finish(error, why)
    }
    fn recovered(&self, response: &mut Res, earlier: E, pause: Duration) {
        (**self).recovered(response, earlier, pause);
    }

    fn hedged(&self, response: &mut Res, beside: Beside<E>) {
        (**self).hedged(response, beside);
    }
    fn succeeded(&self, response: &mut Res, attempts: u32) {
        (**self).succeeded(response, attempts);
    }
}
