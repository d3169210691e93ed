use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use super::choose::Candidates;
use super::directory::{Directory, Group};
use super::endpoint::Endpoint;
use super::error::NoCandidate;
use super::future::{Probation, ResponseFuture};
use super::layer::Parts;
use super::quick::Quick;
use crate::classify::Classify;
use crate::clock;
use crate::limit::{Reason, Rejected};
use crate::request::{NodeId, Request};

/// The service of [`BalanceLayer`](super::BalanceLayer).
pub struct Balance<S, D, C> {
    pub(super) inner: S,
    pub(super) shared: Arc<Parts<D, C>>,
}

crate::macros::inner_accessors!(Balance, D, C);

impl<S: Clone, D, C> Clone for Balance<S, D, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S: fmt::Debug, D, C> fmt::Debug for Balance<S, D, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balance")
            .field("inner", &self.inner)
            .field("table", &self.shared.table)
            .finish_non_exhaustive()
    }
}

impl<S, D, C, Req> Service<Req> for Balance<S, D, C>
where
    S: Service<Req>,
    S::Error: From<NoCandidate> + From<Rejected>,
    D: Directory<Req>,
    C: Classify<Req, S::Response, S::Error>,
    Req: Request,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, D, C, Req, C::Facts, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Req) -> Self::Future {
        let parts = &self.shared;
        if !parts.directory.is_routed(&request) {
            return ResponseFuture::unrouted(self.inner.call(request));
        }
        let now = clock::now().number();
        let endpoint = match pick(parts, &request, now) {
            Ok(endpoint) => endpoint,
            Err(Refusal::NoCandidate) => {
                let pinned = parts.directory.pinned(&request);
                return ResponseFuture::refused(NoCandidate::new(pinned).into());
            }
            Err(Refusal::Full) => {
                let rejected = Rejected::new(Reason::NodesFull);
                if let Some(metrics) = parts.table.metrics() {
                    metrics.rejected(rejected.reason().label());
                }
                return ResponseFuture::refused(rejected.into());
            }
        };
        // From here on the claim gives itself back, even if the inner service panics.
        let probation = Probation::claim(endpoint, now);
        let facts = parts.classifier.facts(&request);
        let context = request.context_mut();
        context.ticket = Some(probation.endpoint().begin(now, context.call));
        let attempt = self.inner.call(request);
        ResponseFuture::new(attempt, Arc::clone(parts), facts, probation)
    }
}

enum Refusal {
    NoCandidate,
    Full,
}

/// The node this attempt has to stay on, if it is a candidate, connected and not at its limit.
///
/// Looks through all candidates, as the node may be any of them. Only the one repetition that has to stay pays for that.
#[cold]
fn staying<Req, D, C>(parts: &Parts<D, C>, request: &Req, node: NodeId) -> Option<Arc<Endpoint>>
where
    D: Directory<Req>,
    Req: Request,
{
    let mut found = None;
    for group in Group::ALL {
        parts.directory.visit(request, group, &mut |endpoint, connected| {
            if endpoint.id() != node {
                return ControlFlow::Continue(());
            }
            found = Some((Arc::clone(endpoint), connected));
            ControlFlow::Break(())
        });
        if found.is_some() {
            break;
        }
    }
    found
        .filter(|(endpoint, connected)| *connected && !endpoint.is_full())
        .map(|(endpoint, _)| endpoint)
}

/// Out of line, so that a profile shows what the choice costs.
#[inline(never)]
fn pick<Req, D, C>(parts: &Parts<D, C>, request: &Req, now: u64) -> Result<Arc<Endpoint>, Refusal>
where
    D: Directory<Req>,
    Req: Request,
{
    let shared = parts.table.shared();
    let random = shared.random.next();
    let attempt = &request.context().attempt;
    if attempt.is_first() && !parts.directory.is_ordered(request) {
        let mut quick = Quick::new(shared, now, random);
        show(parts, request, &mut quick);
        if quick.has_outlier() {
            quick.pass_over_outliers();
            show_again(parts, request, &mut quick);
        }
        if quick.prefers_newcomer() && others_go_first(parts, request, &quick) {
            quick.pass_over_newcomers();
            show_again(parts, request, &mut quick);
        }
        if let Some(endpoint) = quick.choose() {
            return Ok(endpoint);
        }
    }
    pick_with_care(parts, request, now, random)
}

/// Shows the candidates of the first group that has any.
#[inline]
fn show<Req, D, C>(parts: &Parts<D, C>, request: &Req, quick: &mut Quick)
where
    D: Directory<Req>,
{
    for group in Group::ALL {
        let mut look = |endpoint: &Arc<Endpoint>, connected| quick.look(endpoint, connected);
        parts.directory.visit(request, group, &mut look);
        if quick.is_over() {
            break;
        }
    }
}

#[cold]
fn show_again<Req, D, C>(parts: &Parts<D, C>, request: &Req, quick: &mut Quick)
where
    D: Directory<Req>,
{
    show(parts, request, quick);
}

#[cold]
fn others_go_first<Req, D, C>(parts: &Parts<D, C>, request: &Req, quick: &Quick) -> bool
where
    D: Directory<Req>,
{
    let mut others = quick.others();
    for group in Group::ALL {
        let mut look = |endpoint: &Arc<Endpoint>, _| others.look(endpoint);
        parts.directory.visit(request, group, &mut look);
        if !others.is_empty() {
            break;
        }
    }
    others.go_first(parts.table.shared())
}

/// For a request that was tried before or wants a certain order, and wherever a candidate is in trouble.
#[cold]
fn pick_with_care<Req, D, C>(
    parts: &Parts<D, C>,
    request: &Req,
    now: u64,
    random: u64,
) -> Result<Arc<Endpoint>, Refusal>
where
    D: Directory<Req>,
    Req: Request,
{
    let attempt = &request.context().attempt;
    if let Some(node) = attempt.stay()
        && let Some(endpoint) = staying(parts, request, node)
    {
        return Ok(endpoint);
    }
    let mut candidates = Candidates::new(parts.table.shared(), request.context(), now, random);
    for group in Group::ALL {
        candidates.begin_group();
        parts.directory.visit(request, group, &mut |endpoint, connected| {
            candidates.look(endpoint, connected)
        });
        // Where none of those that are preferred is well, not before all of them were seen: a majority may be well elsewhere.
        let is_seen = match group {
            Group::Preferred => candidates.are_enough(),
            Group::OtherReplicas => true,
            Group::Nearby | Group::Remote => false,
        };
        if is_seen && parts.directory.has_replicas(request) {
            candidates.end_replicas();
        }
        if candidates.are_enough() {
            break;
        }
    }
    // Beside an attempt that is under way only a node that is well makes sense.
    if candidates.is_empty() || (attempt.is_hedge() && !candidates.are_enough()) {
        return Err(Refusal::NoCandidate);
    }
    let ordered = parts.directory.is_ordered(request);
    candidates.choose(ordered).ok_or(Refusal::Full)
}
