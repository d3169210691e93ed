//! The leaf: attempts on the nodes of the world.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_cassandra_layers::balance::{Kept, Reaper, Ticket};
use tower_cassandra_layers::{Advice, Applied, Fault, NodeId, Outcome, Request};
use tower_service::Service;

use crate::plan::What;
use crate::support::{Answer, Error, Kind, failure};
use crate::world::{Req, World};

/// One attempt on one node, from its first poll on.
pub(crate) struct Attempt {
    world: World,
    node: u16,
    id: u32,
    number: u32,
    sent: Option<(u64, u32)>,
    fails: bool,
    ticket: Option<Ticket>,
}

impl Future for Attempt {
    type Output = Result<Answer, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (at, slot) = *this
            .sent
            .get_or_insert_with(|| this.world.send(this.node, this.id, this.number));
        if this.world.waits(at, slot, cx.waker()) {
            return Poll::Pending;
        }
        let failure = failure(Applied::Maybe, Advice::Next, Fault::Node);
        let node = Some(NodeId(u128::from(this.node)));
        let outcome = if this.fails {
            Outcome::Failure(failure)
        } else {
            Outcome::Success
        };
        if let Some(ticket) = this.ticket.take() {
            ticket.answered(&outcome);
        }
        Poll::Ready(if this.fails {
            Err(Error::of(Kind::Scripted(failure, node)))
        } else {
            Ok(Answer { node, attempts: 1 })
        })
    }
}

impl Leaf {
    /// Asks a node whether it is alive, past everything else.
    pub(crate) fn probe(&self, node: u16) -> impl Future<Output = Result<Answer, Error>> + Send + use<> {
        let fails = matches!(self.world.trouble(node, self.world.now()), Some(What::Fails(_)));
        self.world.note_extra(false);
        Attempt {
            world: self.world.clone(),
            node,
            id: u32::MAX,
            number: 0,
            sent: None,
            fails,
            ticket: None,
        }
    }
}

/// The leaf: one attempt to the node of the ticket, or of the job.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) world: World,
    pub(crate) reaper: Reaper<Pin<Box<Attempt>>>,
}

impl Service<Req> for Leaf {
    type Response = Answer;
    type Error = Error;
    type Future = Kept<Pin<Box<Attempt>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Req) -> Self::Future {
        let attempt = &request.context().attempt;
        let (mut number, is_hedge) = (attempt.number(), attempt.is_hedge());
        if is_hedge || number > 1 {
            self.world.note_extra(is_hedge);
        }
        // Its work is another one.
        number += if is_hedge { 1_000 } else { 0 };
        let ticket = request.context_mut().take_ticket();
        let endpoint = ticket.as_ref().map(|ticket| Arc::clone(ticket.endpoint()));
        let chosen = endpoint.as_ref().map(|endpoint| endpoint.id().0 as u16);
        let node = chosen.or(request.value.target).expect("a node was chosen");
        let fails = matches!(self.world.trouble(node, self.world.now()), Some(What::Fails(_)));
        let attempt = Attempt {
            world: self.world.clone(),
            node,
            id: request.value.id,
            number,
            sent: None,
            fails,
            ticket,
        };
        self.reaper.keep(Box::pin(attempt), endpoint)
    }
}
