//! Many nodes, many sessions, many requests under way.

use std::task::{Context, Poll};

use tower_cassandra_layers::Call;
use tower_service::Service;

use crate::drive::{Case, Rounds, poll};
use crate::leaf::{Leaf, Request};
use crate::replicas::ask_each;
use crate::stack::{holding, stack};

pub(crate) const fn case(name: &'static str, run: fn(Leaf, &mut Rounds<'_>)) -> Case {
    Case {
        name,
        reaches_leaf: true,
        run,
    }
}

pub(crate) const CASES: &[Case] = &[
    case("nodes_3", nodes::<3>),
    case("nodes_30", nodes::<30>),
    case("nodes_300", nodes::<300>),
    case("nodes_1000", nodes::<1_000>),
    case("sessions_1", sessions::<1>),
    case("sessions_10", sessions::<10>),
    case("sessions_100", sessions::<100>),
    case("under_way_0", under_way::<0>),
    case("under_way_100", under_way::<100>),
    case("under_way_1000", under_way::<1_000>),
    case("under_way_10000", under_way::<10_000>),
];

fn nodes<const N: u32>(leaf: Leaf, rounds: &mut Rounds<'_>) {
    let service = holding(|| stack(N, leaf));
    rounds.drive(service);
}

/// Of three nodes each, used in turn.
fn sessions<const N: usize>(leaf: Leaf, rounds: &mut Rounds<'_>) {
    let services: Vec<_> = holding(|| (0..N).map(|_| stack(3, leaf.clone())).collect());
    rounds.drive(InTurn { services, next: 0 });
}

/// So many others are waited for meanwhile.
fn under_way<const N: u32>(leaf: Leaf, rounds: &mut Rounds<'_>) {
    let mut service = stack(3, leaf);
    let waiting = holding(|| {
        let futures = (0..N).map(|key| {
            let mut future = Box::pin(service.call(Call::new(key).idempotent(true).with_class("prepared")));
            assert!(poll(future.as_mut()).is_pending());
            future
        });
        futures.collect::<Vec<_>>()
    });
    // All nodes have answered lately, as they would have.
    ask_each(&mut service, 3, 1);
    rounds.drive(service);
    drop(waiting);
}

struct InTurn<S> {
    services: Vec<S>,
    next: usize,
}

impl<S: Service<Request>> Service<Request> for InTurn<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.next += 1;
        if self.next >= self.services.len() {
            self.next = 0;
        }
        self.services[self.next].poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> S::Future {
        self.services[self.next].call(request)
    }
}
