//! The bounded queue that both limits keep under their mutex: one line for each class of priority and each kind of request,
//! linked through one storage. Storage is reserved with the bound, for as many waiters as it allows; waiting allocates
//! nothing.
//!
//! A waiter owns a [`Place`]. It is settled (granted or refused) by whoever frees capacity, not when it is next polled,
//! so that a waiter nobody polls holds up at most its own share. It keeps its place until it has learned of that. A waiter
//! that is evicted loses its place to the newcomer, and learns of it by the number of the place, which is the newcomer's.
//!
//! Wakers are handed out instead of dropped or woken here: both may run foreign code, which may come back to the mutex.

mod order;
mod waiter;

use std::task::Waker;

pub(super) use self::waiter::{Arrival, Place, Verdict, Waiter};
use crate::request::Priority;

/// Those of one class and kind, first come first served.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    front: Option<u32>,
    back: Option<u32>,
    waiting: usize,
    weight: u64,
}

#[derive(Debug)]
pub(super) struct Queue<T> {
    slots: Vec<Waiter<T>>,
    bound: usize,
    unused: Option<u32>,
    /// The lines of a class lie side by side; the lowest class comes first.
    lines: Box<[Line]>,
    kinds: usize,
    /// Slots that have an owner, settled ones included.
    places: usize,
    waiting: usize,
    arrivals: u64,
}

const HIGHEST_FIRST: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

impl<T> Queue<T> {
    /// At most `bound` waiters of so many kinds, of which there are at most 32.
    pub(super) fn new(bound: usize, kinds: usize) -> Self {
        Self {
            slots: Vec::with_capacity(bound),
            bound,
            unused: None,
            lines: vec![Line::default(); HIGHEST_FIRST.len() * kinds].into_boxed_slice(),
            kinds,
            places: 0,
            waiting: 0,
            arrivals: 0,
        }
    }

    pub(super) const fn bound(&self) -> usize {
        self.bound
    }

    /// Changes how many may wait. Those that wait stay, also beyond a lower bound. Reserves what a higher one needs.
    pub(super) fn set_bound(&mut self, bound: usize) {
        self.slots.reserve_exact(bound.saturating_sub(self.slots.len()));
        self.bound = bound;
    }

    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    fn class(&self, priority: Priority) -> &[Line] {
        let from = priority as usize * self.kinds;
        &self.lines[from..from + self.kinds]
    }

    fn line(&mut self, arrival: &Arrival) -> &mut Line {
        &mut self.lines[arrival.priority as usize * self.kinds + usize::from(arrival.kind)]
    }

    /// The weight of all that wait and go before a newcomer of this class.
    pub(super) fn weight_before(&self, priority: Priority) -> u64 {
        let from = priority as usize * self.kinds;
        self.lines[from..].iter().map(|line| line.weight).sum()
    }

    /// How many of this kind wait.
    pub(super) fn waiting_of(&self, kind: u8) -> usize {
        self.of_kind(kind).map(|line| line.waiting).sum()
    }

    /// The lines of one kind, the lowest class first.
    fn of_kind(&self, kind: u8) -> impl Iterator<Item = &Line> {
        self.lines.iter().skip(usize::from(kind)).step_by(self.kinds)
    }

    pub(super) fn at(&self, index: u32) -> &Waiter<T> {
        &self.slots[index as usize]
    }

    pub(super) fn at_mut(&mut self, index: u32) -> &mut Waiter<T> {
        &mut self.slots[index as usize]
    }

    /// Does this place lie at this index? Whoever asks about the first in a line asks about one that waits.
    pub(super) fn is_at(&self, place: &Place, index: u32) -> bool {
        place.index == index && self.at(index).number == place.number
    }

    /// Adds a waiter at the end of its line, unless there is no place for it. If another had to go for it, the waker of
    /// that one comes with the place.
    pub(super) fn join(
        &mut self,
        arrival: Arrival,
        room: usize,
        note: T,
        waker: &Waker,
    ) -> Option<(Place, Option<Waker>)> {
        let free = self.places < self.bound && (self.kinds == 1 || self.waiting_of(arrival.kind) < room);
        let mut evicted = None;
        if !free {
            let victim = self.victim(&arrival, room)?;
            self.unlink(victim);
            evicted = self.at_mut(victim).waker.take();
            self.vacate(victim);
        }
        self.arrivals += 1;
        let number = self.arrivals;
        let waiter = Waiter {
            arrival,
            note,
            number,
            verdict: Verdict::Waiting,
            waker: Some(waker.clone()),
            previous: self.line(&arrival).back,
            next: None,
        };
        let index = match self.unused {
            Some(index) => {
                self.unused = self.at(index).next;
                *self.at_mut(index) = waiter;
                index
            }
            None => {
                // Below the bound, hence within the reserved storage, and the bound is far below `u32::MAX`.
                self.slots.push(waiter);
                (self.slots.len() - 1) as u32
            }
        };
        let line = self.line(&arrival);
        let back = line.back.replace(index);
        line.front.get_or_insert(index);
        line.waiting += 1;
        line.weight += u64::from(arrival.weight);
        if let Some(back) = back {
            self.at_mut(back).next = Some(index);
        }
        self.places += 1;
        self.waiting += 1;
        Some((Place { index, number }, evicted))
    }

    pub(super) fn verdict(&self, place: &Place) -> Verdict {
        let waiter = self.at(place.index);
        if waiter.number == place.number {
            waiter.verdict
        } else {
            Verdict::Evicted
        }
    }

    /// The waiter of a place that was not lost.
    pub(super) fn get(&self, place: &Place) -> Option<&Waiter<T>> {
        self.slots
            .get(place.index as usize)
            .filter(|waiter| waiter.number == place.number)
    }

    pub(super) fn get_mut(&mut self, place: &Place) -> Option<&mut Waiter<T>> {
        self.slots
            .get_mut(place.index as usize)
            .filter(|waiter| waiter.number == place.number)
    }

    /// Takes one that waits out of its line and notes what was decided. `tell` hands out its waker, to be woken after the
    /// mutex is free; a waiter that settles itself need not be told.
    pub(super) fn settle(&mut self, index: u32, verdict: Verdict, tell: bool) -> Option<Waker> {
        self.unlink(index);
        let waiter = self.at_mut(index);
        waiter.verdict = verdict;
        if tell { waiter.waker.take() } else { None }
    }

    /// Takes note of the waker of the newest poll. The one it replaces, if any, is to be dropped after the mutex is free.
    pub(super) fn refresh(&mut self, place: &Place, waker: &Waker) -> Option<Waker> {
        let waiter = self.get_mut(place)?;
        if waiter.waker.as_ref().is_some_and(|old| old.will_wake(waker)) {
            return None;
        }
        waiter.waker.replace(waker.clone())
    }

    /// Gives a place back, in whatever state. The waker, if any, is to be dropped after the mutex is free.
    pub(super) fn leave(&mut self, place: Place) -> (Verdict, Option<Waker>) {
        let verdict = self.verdict(&place);
        match verdict {
            // The place belongs to another.
            Verdict::Evicted => return (verdict, None),
            Verdict::Waiting => self.unlink(place.index),
            Verdict::Granted | Verdict::Refused => {}
        }
        let waker = self.at_mut(place.index).waker.take();
        self.vacate(place.index);
        (verdict, waker)
    }

    fn vacate(&mut self, index: u32) {
        self.at_mut(index).next = self.unused;
        self.unused = Some(index);
        self.places -= 1;
    }

    fn unlink(&mut self, index: u32) {
        let waiter = self.at_mut(index);
        let (previous, next) = (waiter.previous.take(), waiter.next.take());
        let arrival = waiter.arrival;
        self.waiting -= 1;
        let line = self.line(&arrival);
        line.waiting -= 1;
        line.weight -= u64::from(arrival.weight);
        if previous.is_none() {
            line.front = next;
        }
        if next.is_none() {
            line.back = previous;
        }
        if let Some(previous) = previous {
            self.at_mut(previous).next = next;
        }
        if let Some(next) = next {
            self.at_mut(next).previous = previous;
        }
    }
}
