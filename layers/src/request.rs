//! What the layers need to know of a request, and where they leave notes for each other.
//!
//! A request carries one [`Context`]: its deadline, its own limits, which attempt it is and where it is sent. It says of
//! itself whether it may be repeated, how much of a limit it takes and under which class it is counted ([`Request`]).
//! A service whose requests are of a foreign type wraps them in [`Call`].

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::balance::Ticket;
use crate::classify::Advice;

/// Names a node among all nodes of a service. For Cassandra it is the host id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u128);

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            n >> 96,
            (n >> 80) & 0xffff,
            (n >> 64) & 0xffff,
            (n >> 48) & 0xffff,
            n & 0xffff_ffff_ffff
        )
    }
}

/// Which of the three time limits is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// One call: queueing, back-off and every attempt.
    Call,
    /// One attempt on one node.
    Attempt,
    /// A whole operation of many calls, or a deadline given from outside.
    Deadline,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "call limit",
            Self::Attempt => "attempt limit",
            Self::Deadline => "deadline",
        })
    }
}

/// The moment after which nobody waits for a request any more, and the limit it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The moment.
    pub at: Instant,
    /// Where it comes from, so that the error can say so.
    pub limit: Limit,
}

impl Deadline {
    /// A deadline of a whole operation.
    #[must_use]
    pub const fn at(at: Instant) -> Self {
        Self {
            at,
            limit: Limit::Deadline,
        }
    }
}

/// A request's own choice about a limit that a layer has a default for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnLimit {
    /// The default of the layer.
    #[default]
    Default,
    /// No limit.
    Off,
    /// This one.
    Of(Duration),
}

impl OwnLimit {
    /// The limit that holds, given the layer's default.
    #[must_use]
    pub const fn or(self, default: Option<Duration>) -> Option<Duration> {
        match self {
            Self::Default => default,
            Self::Off => None,
            Self::Of(limit) => Some(limit),
        }
    }
}

/// How many tried nodes a request remembers.
pub const REMEMBERED_NODES: usize = 4;

/// Which attempt of a call this is, and what the earlier ones ask of it. Written by the retry layer.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    number: u32,
    // Small on purpose: every request carries it through every layer.
    nodes: u8,
    // Where in `tried` the node is to stay on.
    stay: Option<u8>,
    reprepare: bool,
    // The first `nodes` of them, the latest first.
    tried: [NodeId; REMEMBERED_NODES],
}

impl Default for Attempt {
    fn default() -> Self {
        Self {
            number: 0,
            nodes: 0,
            stay: None,
            reprepare: false,
            tried: [NodeId(0); REMEMBERED_NODES],
        }
    }
}

impl Attempt {
    /// The number of the attempt, counted from 1; 0 where no retry layer is in the stack.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Was this node asked by an earlier attempt of the call? The last four are remembered.
    #[must_use]
    pub fn has_tried(&self, node: NodeId) -> bool {
        self.tried().contains(&node)
    }

    /// The node this attempt has to stay on, if the earlier one asked for that.
    #[must_use]
    pub const fn stay(&self) -> Option<NodeId> {
        match self.stay {
            Some(place) => Some(self.tried[place as usize]),
            None => None,
        }
    }

    /// Must the prepared form be made anew before this attempt?
    #[must_use]
    pub const fn must_reprepare(&self) -> bool {
        self.reprepare
    }

    fn tried(&self) -> &[NodeId] {
        &self.tried[..usize::from(self.nodes)]
    }

    pub(crate) fn first() -> Self {
        Self {
            number: 1,
            ..Self::default()
        }
    }

    /// The attempt after this one, which was sent to `node` and ended with `advice`.
    pub(crate) fn next(mut self, node: Option<NodeId>, advice: Advice) -> Self {
        let mut place = None;
        if let Some(node) = node {
            let known = self.tried().iter().position(|tried| *tried == node);
            if known.is_none() {
                self.tried.rotate_right(1);
                self.tried[0] = node;
                self.nodes = (self.nodes + 1).min(REMEMBERED_NODES as u8);
            }
            place = Some(known.unwrap_or(0) as u8);
        }
        self.number += 1;
        self.stay = place.filter(|_| advice == Advice::SameOnce);
        self.reprepare = advice == Advice::Reprepare;
        self
    }
}

/// What the layers leave on a request for each other. A clone shares nothing: it has no ticket.
#[derive(Debug, Default)]
pub struct Context {
    deadline: Option<Deadline>,
    /// The request's own call limit.
    pub call_limit: OwnLimit,
    /// The request's own attempt limit.
    pub attempt_limit: OwnLimit,
    /// Which attempt this is.
    pub attempt: Attempt,
    pub(crate) ticket: Option<Ticket>,
}

impl Clone for Context {
    // A ticket stands for one attempt that is under way; the copy of a request kept for a retry is not under way.
    fn clone(&self) -> Self {
        Self {
            deadline: self.deadline,
            call_limit: self.call_limit,
            attempt_limit: self.attempt_limit,
            attempt: self.attempt,
            ticket: None,
        }
    }
}

impl Context {
    /// The deadline that holds now.
    #[must_use]
    pub const fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// Sets a deadline, unless there is an earlier one. A deadline can only be shortened.
    pub fn shorten(&mut self, deadline: Deadline) {
        if self.deadline.is_none_or(|now| deadline.at < now.at) {
            self.deadline = Some(deadline);
        }
    }

    /// The node the balancer has chosen for this attempt.
    #[must_use]
    pub fn target(&self) -> Option<NodeId> {
        self.ticket.as_ref().map(|ticket| ticket.endpoint().id())
    }

    /// The ticket of this attempt, as long as the leaf has not taken it.
    #[must_use]
    pub const fn ticket(&self) -> Option<&Ticket> {
        self.ticket.as_ref()
    }

    /// Takes the ticket. The leaf keeps it until the node has answered, and no shorter.
    pub const fn take_ticket(&mut self) -> Option<Ticket> {
        self.ticket.take()
    }
}

/// May a request be applied twice without harm?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// Twice is as good as once.
    Yes,
    /// Twice is not once.
    No,
    /// Nobody said so; it is treated as `No`.
    #[default]
    Unknown,
}

/// What a request says of itself. Only the context has no default.
pub trait Request {
    /// The notes of the layers.
    fn context(&self) -> &Context;

    /// The notes of the layers, to write.
    fn context_mut(&mut self) -> &mut Context;

    /// May it be repeated after it may have been applied? Default: unknown, which counts as no.
    fn idempotency(&self) -> Idempotency {
        Idempotency::Unknown
    }

    /// How many permits of a limit it takes. 0 passes every limit, for work that must not wait behind user requests.
    /// Default: 1.
    fn weight(&self) -> u32 {
        1
    }

    /// The class it is counted under in metrics, out of a fixed, small set. Default: `request`.
    fn class(&self) -> &'static str {
        "request"
    }
}

/// A request of any type together with its notes, for services whose requests are of a foreign type.
///
/// ```
/// use tower_cassandra_layers::{Call, Idempotency, Request};
///
/// let call = Call::new("GET /").idempotent(true);
/// assert_eq!(call.idempotency(), Idempotency::Yes);
/// assert_eq!(call.value, "GET /");
/// ```
#[derive(Clone, Debug)]
pub struct Call<T> {
    /// The request itself.
    pub value: T,
    context: Context,
    idempotency: Idempotency,
    weight: u32,
    class: &'static str,
}

impl<T> Call<T> {
    /// Wraps a request; nothing is known about it yet.
    pub fn new(value: T) -> Self {
        Self {
            value,
            context: Context::default(),
            idempotency: Idempotency::Unknown,
            weight: 1,
            class: "request",
        }
    }

    /// Marks it as repeatable or not.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotency = if idempotent {
            Idempotency::Yes
        } else {
            Idempotency::No
        };
        self
    }

    /// Sets how many permits it takes.
    #[must_use]
    pub const fn with_weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Sets its class for metrics.
    #[must_use]
    pub const fn with_class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }

    /// Sets a deadline, unless there is an earlier one.
    #[must_use]
    pub fn with_deadline(mut self, at: Instant) -> Self {
        self.context.shorten(Deadline::at(at));
        self
    }

    /// Sets a call limit of its own.
    #[must_use]
    pub const fn with_call_limit(mut self, limit: OwnLimit) -> Self {
        self.context.call_limit = limit;
        self
    }

    /// Sets an attempt limit of its own.
    #[must_use]
    pub const fn with_attempt_limit(mut self, limit: OwnLimit) -> Self {
        self.context.attempt_limit = limit;
        self
    }
}

impl<T> Request for Call<T> {
    fn context(&self) -> &Context {
        &self.context
    }
    fn context_mut(&mut self) -> &mut Context {
        &mut self.context
    }
    fn idempotency(&self) -> Idempotency {
        self.idempotency
    }
    fn weight(&self) -> u32 {
        self.weight
    }
    fn class(&self) -> &'static str {
        self.class
    }
}
