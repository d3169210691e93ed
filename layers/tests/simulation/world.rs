//! The nodes, and the queue of answers that are due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

use tower_cassandra_layers::Call;

use crate::dice::{Dice, standstills};
use crate::plan::{Plan, What};

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

    pub(crate) fn note_extra(&self, is_hedge: bool) {
        let mut state = self.state();
        let at = state.now;
        state.extras.push(Extra { at, is_hedge });
    }

    pub(crate) fn trouble(&self, node: u16, now: u64) -> Option<What> {
        let now_there = |t: &&crate::plan::Trouble| t.node == node && t.during.contains(&now);
        self.plan.trouble.iter().find(now_there).map(|t| t.what)
    }

    /// Sends a request to a node. Says when its answer is here, and its slot.
    pub(crate) fn send(&self, node: u16, id: u32, number: u32) -> (u64, u32) {
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

    /// Has what lies in this slot still to be answered? Then its waker is kept.
    pub(crate) fn waits(&self, at: u64, slot: u32, newest: &Waker) -> bool {
        let mut state = self.state();
        if state.now >= at {
            return false;
        }
        let waker = &mut state.slots[slot as usize].0;
        match waker {
            Some(waker) if waker.will_wake(newest) => {}
            _ => *waker = Some(newest.clone()),
        }
        true
    }
}
