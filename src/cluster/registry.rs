//! The sessions of a cluster, and its end.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::session::{Session, WeakSession};

/// What a cluster is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterPhase {
    /// It opens sessions.
    Open,
    /// Its sessions are being closed; no new ones are opened.
    Closing,
    /// All its sessions are closed.
    Closed,
}

#[derive(Debug)]
pub(super) struct Registry {
    state: Mutex<State>,
    closing: Notify,
}

#[derive(Debug)]
struct State {
    phase: ClusterPhase,
    // Weak: a session ends with its last handle, whether its cluster is still there or not.
    sessions: Vec<WeakSession>,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                phase: ClusterPhase::Open,
                sessions: Vec::new(),
            }),
            closing: Notify::new(),
        }
    }
}

impl Registry {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn phase(&self) -> ClusterPhase {
        self.with(|state| state.phase)
    }

    /// Remembers a session; false when the cluster was closed meanwhile.
    pub(super) fn add(&self, session: &Session) -> bool {
        self.with(|state| {
            // So the list is never longer than the sessions that are open, and one.
            state.sessions.retain(|session| !session.is_over());
            if state.phase == ClusterPhase::Open {
                state.sessions.push(session.downgrade());
            }
            state.phase == ClusterPhase::Open
        })
    }

    pub(super) fn open_sessions(&self) -> Vec<Session> {
        self.with(|state| {
            state.sessions.retain(|session| !session.is_over());
            let sessions = state.sessions.iter().filter_map(WeakSession::upgrade);
            sessions.filter(|session| !session.is_closed()).collect()
        })
    }

    /// Closes the door. The sessions are those that are there, those that are still draining included: who comes second waits for them as well.
    pub(super) fn begin_closing(&self) -> Vec<Session> {
        let sessions = self.with(|state| {
            if state.phase == ClusterPhase::Open {
                state.phase = ClusterPhase::Closing;
            }
            state.sessions.iter().filter_map(WeakSession::upgrade).collect()
        });
        self.closing.notify_waiters();
        sessions
    }

    pub(super) fn closed(&self) {
        self.with(|state| {
            state.phase = ClusterPhase::Closed;
            state.sessions = Vec::new();
        });
    }

    /// Ends when the door is closed.
    pub(super) async fn closing(&self) {
        let closing = self.closing.notified();
        tokio::pin!(closing);
        // Registered before the phase is read, so that it cannot be missed in between.
        closing.as_mut().enable();
        if self.phase() == ClusterPhase::Open {
            closing.await;
        }
    }
}
