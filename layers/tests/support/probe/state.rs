//! What all clones of a probe share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::support::Error;

/// How it answers when it is asked whether it is ready.
#[derive(Clone, Debug)]
pub enum Readiness {
    Yes,
    /// Not until that changes.
    Never,
    Fails(Error),
    Panics,
}

/// What it does with a call.
#[derive(Clone, Debug)]
pub enum Act {
    Answer,
    Fail(Error),
    /// Nothing, until [`Probe::release`].
    Hold,
    PanicInCall,
    PanicWhenPolled,
}

/// What comes next, and what comes when there is no next.
pub struct Script<T> {
    pub next: VecDeque<T>,
    pub usual: T,
}

impl<T: Clone> Script<T> {
    fn new(usual: T) -> Self {
        let next = VecDeque::new();
        Self { next, usual }
    }

    pub fn step(&mut self) -> T {
        self.next.pop_front().unwrap_or_else(|| self.usual.clone())
    }
}

pub type Verdict = Result<(), Error>;

/// An answer that is held back.
#[derive(Default)]
pub struct Held(pub Mutex<(Option<Verdict>, Option<Waker>)>);

pub struct Shared {
    pub readiness: Mutex<Script<Readiness>>,
    pub unready: Mutex<Vec<Waker>>,
    pub acts: Mutex<Script<Act>>,
    pub held: Mutex<Vec<Arc<Held>>>,
    pub violations: Mutex<Vec<&'static str>>,
    pub reserved: AtomicUsize,
    pub alive: AtomicUsize,
    pub calls: AtomicUsize,
    pub asked: AtomicUsize,
    pub polls: AtomicUsize,
}

impl Default for Shared {
    /// Always ready, answers everything at once.
    fn default() -> Self {
        Self {
            readiness: Mutex::new(Script::new(Readiness::Yes)),
            unready: Mutex::default(),
            acts: Mutex::new(Script::new(Act::Answer)),
            held: Mutex::default(),
            violations: Mutex::default(),
            reserved: AtomicUsize::new(0),
            alive: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            polls: AtomicUsize::new(0),
        }
    }
}

// Planned panics go through here too; nothing is left half done by them.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts itself in a number of [`Shared`] as long as it lives.
pub struct Count(pub Arc<Shared>, fn(&Shared) -> &AtomicUsize);

impl Count {
    pub fn new(shared: &Arc<Shared>, number: fn(&Shared) -> &AtomicUsize) -> Self {
        number(shared).fetch_add(1, SeqCst);
        Self(Arc::clone(shared), number)
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, SeqCst);
    }
}
