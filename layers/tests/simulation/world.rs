//! The nodes, and the queue of answers that are due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use tower_cassandra_layers::balance::{Kept, Reaper, Ticket};
use tower_cassandra_layers::{Advice, Applied, Call, Fault, NodeId, Outcome, Request};
use tower_service::Service;

use crate::plan::{Dice, Plan, What, standstills};
use crate::support::{Answer, Error, Kind, failure};

/// What a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) id: u32,
    /// It may go to so many neighbours from here on.
    pub(crate) first: u16,
    pub(crate) replicas: u16,
    /// The node that a rival of the balancer chose.
    pub(crate) target: Option<u16>,
}

pub(crate) type Req = Call<Job>;

impl Job {
    pub(crate) fn nodes(self, of: u16) -> impl Iterator<Item = u16> {
        (0..self.replicas).map(move |i| (self.first + i) % of)
    }
}

struct Node {
    /// When each worker is free.
    free: BinaryHeap<Reverse<u64>>,
    standstills: Vec<Range<u64>>,
    in_flight: u32,
    /// Finds the standstills that are not over.
    past: usize,
}

impl Node {
    /// When work is done that begins now or later, given that nothing happens while the node stands still.
    fn through(&self, mut at: u64, mut work: u64) -> u64 {
        for still in &self.standstills[self.past..] {
            if still.end <= at {
                continue;
            }
            if still.start > at {
                let until = still.start - at;
                if until >= work {
                    break;
                }
                work -= until;
            }
            at = still.end;
        }
        at + work
    }
}

struct State {
    now: u64,
    nodes: Vec<Node>,
    due: BinaryHeap<Reverse<(u64, u32)>>,
    /// By slot: who is to be woken, and the node that answers.
    slots: Vec<(Option<Waker>, u16)>,
    free_slots: Vec<u32>,
    arrivals: Vec<(u64, u16)>,
    extras: Vec<Extra>,
}

/// What was sent to a node beyond one attempt for each request: a retry, a probe, or a second attempt beside a first one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extra {
    pub(crate) at: u64,
    pub(crate) is_hedge: bool,
}

/// Clones are the same world.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) plan: Arc<Plan>,
    pub(crate) seed: u64,
    state: Arc<Mutex<State>>,
}

impl World {
    pub(crate) fn new(plan: &Plan, seed: u64) -> Self {
        let node = |node| Node {
            free: vec![Reverse(0); plan.workers].into(),
            standstills: standstills(plan, seed, node),
            in_flight: 0,
            past: 0,
        };
        Self {
            seed,
            state: Arc::new(Mutex::new(State {
                now: 0,
                nodes: (0..plan.nodes).map(node).collect(),
                due: BinaryHeap::new(),
                slots: Vec::new(),
                free_slots: Vec::new(),
                arrivals: Vec::with_capacity(plan.requests as usize),
                extras: Vec::new(),
            })),
            plan: Arc::new(plan.clone()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// When the next answer is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.state().due.peek().map(|Reverse((at, _))| *at)
    }

    /// Sets the time and gives all answers that are due by then.
    pub(crate) fn proceed(&self, now: u64) {
        loop {
            let mut state = self.state();
            state.now = now;
            let Some(Reverse((at, slot))) = state.due.peek().copied() else {
                return;
            };
            if at > now {
                return;
            }
            state.due.pop();
            state.free_slots.push(slot);
            let (waker, node) = &mut state.slots[slot as usize];
            let (waker, node) = (waker.take(), *node);
            state.nodes[usize::from(node)].in_flight -= 1;
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// All attempts that reached a node, with the time.
    pub(crate) fn take_arrivals(&self) -> Vec<(u64, u16)> {
        std::mem::take(&mut self.state().arrivals)
    }

    pub(crate) fn take_extras(&self) -> Vec<Extra> {
        std::mem::take(&mut self.state().extras)
    }

    fn note_extra(&self, is_hedge: bool) {
        let mut state = self.state();
        let at = state.now;
        state.extras.push(Extra { at, is_hedge });
    }

    pub(crate) fn trouble(&self, node: u16, now: u64) -> Option<What> {
        let now_there = |t: &&crate::plan::Trouble| t.node == node && t.during.contains(&now);
        self.plan.trouble.iter().find(now_there).map(|t| t.what)
    }

    /// Sends a request to a node. Says when its answer is here, and its slot.
    fn send(&self, node: u16, id: u32, number: u32) -> (u64, u32) {
        let mut dice = Dice::new(self.seed, 16 + u64::from(number), u64::from(id));
        let work = dice.work(self.plan.work);
        let mut state = self.state();
        let now = state.now;
        let what = self.trouble(node, now);
        state.arrivals.push((now, node));
        let there = &mut state.nodes[usize::from(node)];
        let begin = now + self.plan.network / 2;
        while there.standstills.get(there.past).is_some_and(|s| s.end <= now) {
            there.past += 1;
        }
        there.in_flight += 1;
        let end = match what {
            Some(What::Answers(time) | What::Fails(time)) => there.through(begin, time),
            _ => {
                let Reverse(free) = there.free.pop().expect("there are workers");
                let end = there.through(begin.max(free), work);
                there.free.push(Reverse(end));
                end
            }
        };
        let at = end + self.plan.network / 2;
        let slot = state.free_slots.pop().unwrap_or_else(|| {
            state.slots.push((None, 0));
            state.slots.len() as u32 - 1
        });
        state.slots[slot as usize] = (None, node);
        state.due.push(Reverse((at, slot)));
        (at, slot)
    }

    /// What somebody who sees into the nodes expects of one: when it could begin, and how many it owes. A pause that has not begun
    /// is not seen.
    pub(crate) fn outlook(&self, node: u16) -> (u64, u32) {
        let state = self.state();
        let there = &state.nodes[usize::from(node)];
        let free = there.free.peek().map_or(0, |Reverse(at)| *at);
        let paused = there.standstills[there.past..]
            .iter()
            .find(|still| still.contains(&state.now))
            .map_or(0, |still| still.end);
        let slow = match self.trouble(node, state.now) {
            Some(What::Answers(time)) => time,
            Some(What::Fails(_)) => u64::MAX / 2,
            _ => self.plan.work.median,
        };
        (
            (state.now + self.plan.network / 2).max(free).max(paused) + slow,
            there.in_flight,
        )
    }

    pub(crate) fn now(&self) -> u64 {
        self.state().now
    }
}

/// One attempt on one node, from its first poll on.
struct Attempt {
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
        let mut state = this.world.state();
        if state.now < at {
            let waker = &mut state.slots[slot as usize].0;
            match waker {
                Some(waker) if waker.will_wake(cx.waker()) => {}
                _ => *waker = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        drop(state);
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
    pub(crate) reaper: Reaper<Result<Answer, Error>>,
}

impl Service<Req> for Leaf {
    type Response = Answer;
    type Error = Error;
    type Future = Kept<Result<Answer, Error>>;

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
