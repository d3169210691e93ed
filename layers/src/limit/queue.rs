//! The bounded line of waiters that both limits keep under their mutex. Storage is reserved once, for as many waiters
//! as the bound allows; waiting allocates nothing.
//!
//! A waiter owns a [`Place`]. It is settled (granted or refused) by whoever frees capacity, not when it is next polled,
//! so that a waiter nobody polls holds up at most its own share. It keeps its place until it has learned of that.
//!
//! Wakers are handed out instead of dropped or woken here: both may run foreign code, which may come back to the mutex.

use std::task::Waker;

/// What was decided about a waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing yet.
    Waiting,
    /// It has what it asked for, and has to give it back.
    Granted,
    /// It asks for more than there will ever be.
    Refused,
}

/// A place in the line. Neither `Clone` nor `Copy`: its owner gives it back once, by [`Queue::leave`].
#[derive(Debug)]
pub(super) struct Place(u32);

/// One waiter. `T` is what the limit notes about it.
#[derive(Debug)]
pub(super) struct Waiter<T> {
    pub(super) weight: u32,
    pub(super) note: T,
    verdict: Verdict,
    waker: Option<Waker>,
    /// Neighbours in the line while waiting; `next` also links the unused slots.
    previous: Option<u32>,
    next: Option<u32>,
}

impl<T> Waiter<T> {
    /// The waker to call, which stays: the waiter goes on waiting.
    pub(super) fn waker(&self) -> Option<Waker> {
        self.waker.clone()
    }
}

#[derive(Debug)]
pub(super) struct Queue<T> {
    slots: Vec<Waiter<T>>,
    bound: usize,
    unused: Option<u32>,
    front: Option<u32>,
    back: Option<u32>,
    /// Slots that have an owner, settled ones included.
    places: usize,
    waiting: usize,
    /// Of those that wait.
    weight: u64,
}

impl<T> Queue<T> {
    pub(super) fn new(bound: usize) -> Self {
        Self {
            slots: Vec::with_capacity(bound),
            bound,
            unused: None,
            front: None,
            back: None,
            places: 0,
            waiting: 0,
            weight: 0,
        }
    }

    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// The weight of all that wait.
    pub(super) const fn weight(&self) -> u64 {
        self.weight
    }

    pub(super) const fn is_full(&self) -> bool {
        self.places >= self.bound
    }

    /// Adds a waiter at the end, unless the line is full.
    pub(super) fn join(&mut self, weight: u32, note: T, waker: &Waker) -> Option<Place> {
        if self.is_full() {
            return None;
        }
        let waiter = Waiter {
            weight,
            note,
            verdict: Verdict::Waiting,
            waker: Some(waker.clone()),
            previous: self.back,
            next: None,
        };
        let index = match self.unused {
            Some(index) => {
                self.unused = self.slots[index as usize].next;
                self.slots[index as usize] = waiter;
                index
            }
            None => {
                // Below the bound, hence within the reserved storage, and the bound is far below `u32::MAX`.
                self.slots.push(waiter);
                (self.slots.len() - 1) as u32
            }
        };
        match self.back {
            Some(back) => self.slots[back as usize].next = Some(index),
            None => self.front = Some(index),
        }
        self.back = Some(index);
        self.places += 1;
        self.waiting += 1;
        self.weight += u64::from(weight);
        Some(Place(index))
    }

    pub(super) fn front(&self) -> Option<&Waiter<T>> {
        self.front.map(|index| &self.slots[index as usize])
    }

    pub(super) fn front_mut(&mut self) -> Option<&mut Waiter<T>> {
        self.front.map(|index| &mut self.slots[index as usize])
    }

    pub(super) fn is_front(&self, place: &Place) -> bool {
        self.front == Some(place.0)
    }

    pub(super) fn get(&self, place: &Place) -> &Waiter<T> {
        &self.slots[place.0 as usize]
    }

    pub(super) fn get_mut(&mut self, place: &Place) -> &mut Waiter<T> {
        &mut self.slots[place.0 as usize]
    }

    pub(super) fn verdict(&self, place: &Place) -> Verdict {
        self.get(place).verdict
    }

    /// Takes the first out of the line and notes what was decided. `tell` hands out its waker, to be woken after the
    /// mutex is free; a waiter that settles itself need not be told.
    pub(super) fn settle_front(&mut self, verdict: Verdict, tell: bool) -> Option<Waker> {
        let index = self.front?;
        self.unlink(index);
        let waiter = &mut self.slots[index as usize];
        waiter.verdict = verdict;
        if tell { waiter.waker.take() } else { None }
    }

    /// Takes note of the waker of the newest poll. The one it replaces, if any, is to be dropped after the mutex is free.
    pub(super) fn refresh(&mut self, place: &Place, waker: &Waker) -> Option<Waker> {
        let waiter = self.get_mut(place);
        if waiter.waker.as_ref().is_some_and(|old| old.will_wake(waker)) {
            return None;
        }
        waiter.waker.replace(waker.clone())
    }

    /// Gives a place back, in whatever state. The waker, if any, is to be dropped after the mutex is free.
    pub(super) fn leave(&mut self, place: Place) -> (Verdict, Option<Waker>) {
        let index = place.0;
        let verdict = self.verdict(&place);
        if verdict == Verdict::Waiting {
            self.unlink(index);
        }
        let waiter = &mut self.slots[index as usize];
        waiter.next = self.unused;
        self.unused = Some(index);
        self.places -= 1;
        (verdict, waiter.waker.take())
    }

    fn unlink(&mut self, index: u32) {
        let waiter = &mut self.slots[index as usize];
        let (previous, next) = (waiter.previous.take(), waiter.next.take());
        self.waiting -= 1;
        self.weight -= u64::from(waiter.weight);
        match previous {
            Some(previous) => self.slots[previous as usize].next = next,
            None => self.front = next,
        }
        match next {
            Some(next) => self.slots[next as usize].previous = previous,
            None => self.back = previous,
        }
    }
}
