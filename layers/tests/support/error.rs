//! One error type for all layers, and its judge.

use std::time::Duration;

use tower_cassandra_layers::balance::NoCandidate;
use tower_cassandra_layers::classify::{AttemptFigures, Classify, Stop};
use tower_cassandra_layers::limit::Rejected;
use tower_cassandra_layers::panic::Panicked;
use tower_cassandra_layers::timeout::Elapsed;
use tower_cassandra_layers::{Advice, Applied, Failure, Fault, NodeId, Outcome};

use super::{Answer, Req};

#[derive(Clone, Debug)]
pub enum Kind {
    Scripted(Failure, Option<NodeId>),
    Elapsed(Elapsed),
    Rejected(Rejected),
    NoCandidate,
    Panicked(Panicked),
}

/// What a call ended with, and all that the layers said about it on the way.
#[derive(Clone, Debug)]
pub struct Error {
    pub kind: Kind,
    pub history: Vec<AttemptFigures>,
    pub stop: Option<Stop>,
    pub finished: u32,
}

impl Error {
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            history: Vec::new(),
            stop: None,
            finished: 0,
        }
    }

    pub fn elapsed(&self) -> &Elapsed {
        match &self.kind {
            Kind::Elapsed(elapsed) => elapsed,
            other => panic!("not a time limit: {other:?}"),
        }
    }

    pub fn rejected(&self) -> &Rejected {
        match &self.kind {
            Kind::Rejected(rejected) => rejected,
            other => panic!("not refused: {other:?}"),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for Error {}

impl From<Elapsed> for Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::of(Kind::Elapsed(elapsed))
    }
}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        Self::of(Kind::Rejected(rejected))
    }
}

impl From<NoCandidate> for Error {
    fn from(_: NoCandidate) -> Self {
        Self::of(Kind::NoCandidate)
    }
}

impl From<Panicked> for Error {
    fn from(panicked: Panicked) -> Self {
        Self::of(Kind::Panicked(panicked))
    }
}

pub const fn failure(applied: Applied, advice: Advice, fault: Fault) -> Failure {
    Failure {
        applied,
        advice,
        fault,
        label: "scripted",
    }
}

/// The result of a node that failed.
pub fn fails(applied: Applied, advice: Advice) -> Error {
    Error::of(Kind::Scripted(failure(applied, advice, Fault::Node), None))
}

pub fn fault(fault: Fault) -> Error {
    Error::of(Kind::Scripted(failure(Applied::No, Advice::Never, fault), None))
}

impl Error {
    pub fn judge(&self) -> Failure {
        match &self.kind {
            Kind::Scripted(failure, _) => *failure,
            Kind::Elapsed(elapsed) => failure(elapsed.applied(), Advice::Next, Fault::Node),
            Kind::Rejected(_) => failure(Applied::No, Advice::Never, Fault::Load),
            Kind::NoCandidate => failure(Applied::No, Advice::Backoff, Fault::Client),
            Kind::Panicked(_) => failure(Applied::Maybe, Advice::Never, Fault::Client),
        }
    }

    pub fn after(mut self, earlier: Option<Self>, attempt: &AttemptFigures) -> Self {
        // Somebody further inside has noted its own.
        if self.history.is_empty() {
            self.history.push(*attempt);
        }
        let earlier = earlier.map_or_else(Vec::new, |earlier| earlier.history);
        self.history.splice(0..0, earlier);
        self
    }

    pub fn finished(mut self, why: Stop) -> Self {
        self.stop = Some(why);
        self.finished += 1;
        self
    }

    pub fn node(&self) -> Option<NodeId> {
        match &self.kind {
            Kind::Scripted(_, node) => *node,
            Kind::Elapsed(elapsed) => elapsed.node(),
            Kind::Rejected(_) | Kind::NoCandidate | Kind::Panicked(_) => None,
        }
    }
}

/// Judges by what the error says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    pub alternatives: bool,
}

pub const JUDGE: Judge = Judge { alternatives: true };

impl Classify<Req, Answer, Error> for Judge {
    type Facts = ();

    fn facts(&self, _: &Req) {}

    fn classify(&self, (): &(), result: Result<&Answer, &Error>) -> Outcome {
        result.map_or_else(|error| Outcome::Failure(error.judge()), |_| Outcome::Success)
    }

    fn node(&self, result: Result<&Answer, &Error>) -> Option<NodeId> {
        result.map_or_else(Error::node, |answer| answer.node)
    }

    fn node_beside(&self, error: &Error) -> Option<NodeId> {
        let mut others = error.history.iter().filter_map(|attempt| attempt.node);
        others.find(|other| Some(*other) != error.node())
    }

    fn has_alternatives(&self) -> bool {
        self.alternatives
    }

    fn accumulate(&self, earlier: Option<Error>, error: Error, attempt: &AttemptFigures) -> Error {
        error.after(earlier, attempt)
    }

    fn finish(&self, error: Error, why: Stop) -> Error {
        error.finished(why)
    }

    fn succeeded(&self, answer: &mut Answer, attempts: u32) {
        answer.attempts = attempts;
    }
}
