//! Runs one plan with one way to choose.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, Stream};
use tokio::runtime::Builder;
use tower::layer::util::Identity;
use tower_cassandra_layers::health::Table;
use tower_cassandra_layers::hedge::Hedge;
use tower_service::Service;

use crate::dice::Dice;
use crate::figures::{Record, Run};
use crate::plan::{MILLI, Plan};
use crate::rivals::{Chooser, Ewma, Sees};
use crate::stack::{Limits, Ours, hedges, leaf, request, retries};
use crate::support::{Answer, Error};
use crate::world::{Job, Req, World};

/// A way to choose the node, and the limits around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arm {
    Random,
    TowerP2c,
    Ours,
    Oracle,
    /// With the limits of a session.
    RandomShipped,
    OursShipped,
    /// With second attempts beside slow ones.
    OursHedged,
    OursHedgedRarely,
    OracleHedged,
    OursHedgedShipped,
    /// Without them, and with the budget that holds where there are some.
    OursShippedSaving,
}

impl Arm {
    pub(crate) const CHOICE: [Self; 4] = [Self::Random, Self::TowerP2c, Self::Ours, Self::Oracle];
    pub(crate) const ALL: [Self; 6] = [
        Self::Random,
        Self::TowerP2c,
        Self::Ours,
        Self::Oracle,
        Self::RandomShipped,
        Self::OursShipped,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Random => "random replica",
            Self::TowerP2c => "tower p2c peak EWMA",
            Self::Ours => "ours",
            Self::Oracle => "oracle",
            Self::RandomShipped => "random, session's limits",
            Self::OursShipped => "ours, session's limits",
            Self::OursHedged => "ours, hedged",
            Self::OursHedgedRarely => "ours, hedged at p99.9",
            Self::OracleHedged => "oracle, hedged",
            Self::OursHedgedShipped => "ours, hedged, session's limits",
            Self::OursShippedSaving => "ours, session's limits, 10 % budget",
        }
    }

    const fn limits(self) -> Limits {
        match self {
            Self::RandomShipped | Self::OursShipped | Self::OursHedgedShipped | Self::OursShippedSaving => {
                Limits::SHIPPED
            }
            _ => Limits::WIDE,
        }
    }

    fn hedge(self) -> Option<Hedge> {
        match self {
            Self::OursHedged | Self::OracleHedged | Self::OursHedgedShipped => Some(Hedge::default()),
            Self::OursHedgedRarely => Some(Hedge::default().quantile(0.999)),
            _ => None,
        }
    }
}

/// Runs it on a clock of its own.
#[allow(
    clippy::disallowed_types,
    reason = "how long the run itself takes, whose clock is paused"
)]
pub(crate) fn run(plan: &Plan, arm: Arm, seed: u64) -> Run {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let started = std::time::Instant::now();
    let mut run = runtime.block_on(with_arm(plan, arm, seed));
    run.took = started.elapsed();
    run
}

async fn with_arm(plan: &Plan, arm: Arm, seed: u64) -> Run {
    let world = &World::new(plan, seed);
    let leaf = &leaf(world);
    let limits = arm.limits();
    let attempts = || limits.attempts(leaf);
    let clients = 0..plan.clients;
    match arm {
        Arm::Random | Arm::RandomShipped | Arm::Oracle | Arm::OracleHedged => {
            let sees = match arm {
                Arm::Oracle | Arm::OracleHedged => Sees::Everything,
                _ => Sees::Nothing,
            };
            let choosers = clients.map(|client| Chooser::new(attempts(), world.clone(), sees, client));
            lay_and_drive(world, arm, choosers.map(alone).collect()).await
        }
        Arm::TowerP2c => {
            let balancers = clients.map(|client| Ewma::new(&attempts(), world, client));
            lay_and_drive(world, arm, balancers.map(alone).collect()).await
        }
        _ => {
            let ours: Vec<_> = clients.map(|client| Ours::new(world, leaf, client)).collect();
            let balancers = ours
                .iter()
                .map(|ours| (ours.balance(attempts()), Some(ours.table.clone())));
            lay_and_drive(world, arm, balancers.collect()).await
        }
    }
}

/// A balancer that probes nobody.
const fn alone<S>(balancer: S) -> (S, Option<Table>) {
    (balancer, None)
}

async fn lay_and_drive<S>(world: &World, arm: Arm, balancers: Vec<(S, Option<Table>)>) -> Run
where
    S: Service<Req, Response = Answer, Error = Error, Future: 'static> + Clone + 'static,
{
    let (limits, hedge) = (arm.limits(), arm.hedge());
    let saves = hedge.is_some() || arm == Arm::OursShippedSaving;
    let balancers = balancers.into_iter().zip(world.seed..);
    match hedge {
        None => {
            let lay = |((balancer, _), seed)| limits.lay(balancer, Identity::new(), retries(saves, seed));
            drive(world, balancers.map(lay).collect()).await
        }
        Some(hedge) => {
            let lay = |((balancer, table), seed)| {
                let retries = retries(saves, seed);
                // As a session does.
                if arm == Arm::OursHedgedShipped
                    && let (Some(table), Some(budget)) = (table, retries.budget())
                {
                    Table::charge_probes_to(&table, budget);
                }
                limits.lay(balancer, hedges(hedge, &retries), retries)
            };
            drive(world, balancers.map(lay).collect()).await
        }
    }
}

/// What is due next: the arrival of a request, or an answer.
async fn drive<S>(world: &World, mut clients: Vec<S>) -> Run
where
    S: Service<Req, Response = Answer, Error = Error>,
    S::Future: 'static,
{
    let plan = &world.plan;
    let mut dice = Dice::new(world.seed, 5, 0);
    let mut record = Record::new(plan);
    let mut under_way = FuturesUnordered::new();
    let mut arrival = Some(dice.gap(plan.per_second));
    let (mut now, mut sent) = (0, 0);
    loop {
        let next = match (arrival, world.next_due()) {
            (Some(arrival), Some(due)) => arrival.min(due),
            (Some(at), None) | (None, Some(at)) => at,
            // What is left waits for a timer.
            (None, None) if !under_way.is_empty() => now + MILLI,
            (None, None) => break,
        };
        advance(&mut now, next).await;
        world.proceed(now);
        if arrival == Some(now) {
            let (client, job) = draw(&mut dice, plan, sent, now);
            let service = &mut clients[client];
            let ready = poll_fn(|cx| service.poll_ready(cx)).now_or_never();
            assert!(matches!(ready, Some(Ok(()))), "what waits does so in its future");
            let answer = service.call(request(job));
            under_way.push(async move { (now, answer.await.is_ok()) });
            sent += 1;
            record.called(now);
            arrival = (sent < plan.requests).then(|| now + dice.gap(plan.per_second));
        }
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some((from, ok))) = Pin::new(&mut under_way).poll_next(&mut cx) {
            record.ended(from, now, ok);
        }
        record.steps += 1;
    }
    record.finish(plan, world.take_arrivals(), world.take_extras())
}

/// Sets the clock, by hand and to the nanosecond. The timers of the layers and the tasks of the reaper and the prober have their turn
/// at every millisecond.
async fn advance(now: &mut u64, to: u64) {
    while to / MILLI > *now / MILLI {
        let edge = (*now / MILLI + 1) * MILLI;
        tokio::time::advance(Duration::from_nanos(edge - *now)).await;
        *now = edge;
    }
    if to > *now {
        let step = tokio::time::advance(Duration::from_nanos(to - *now));
        // Its first poll sets the clock; then it would only wait for its next turn.
        let _ = std::pin::pin!(step).poll(&mut Context::from_waker(Waker::noop()));
        *now = to;
    }
}

fn draw(dice: &mut Dice, plan: &Plan, id: u32, now: u64) -> (usize, Job) {
    let client = dice.below(u64::from(plan.clients)) as usize;
    let first = dice.below(u64::from(plan.nodes)) as u16;
    let joined = plan.joins.is_none_or(|at| now >= at);
    let everywhere = plan.replicas == plan.nodes;
    let job = Job {
        id,
        first: if everywhere { 0 } else { first },
        replicas: if joined { plan.replicas } else { plan.replicas - 1 },
        target: None,
    };
    (client, job)
}
