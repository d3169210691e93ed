//! The fault drill: every operation through every fault, and the database as the ledger.

mod bare;
mod bed;
mod fault;
mod goal;
mod ledger;
mod load;
mod log;
pub(crate) mod operation;
mod ours;
mod recovery;
mod row;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use local_cassandra::LocalCluster;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tower_cassandra::uuid::Uuid;

use bare::Bare;
use bed::Bed;
pub(crate) use fault::{FAULTS, Fault};
use goal::Facts;
pub(crate) use goal::Goal;
use ledger::Ledger;
use load::{Client, Load};
pub(crate) use log::Side;
use log::{Event, Log};
use operation::OPERATIONS;
use ours::Ours;
pub(crate) use row::{Row, print_table};
use watch::Watch;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What is done, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) keyspace: String,
    pub(crate) faults: Vec<Fault>,
    /// How long a fault lasts that has no length of its own.
    pub(crate) lasts: Duration,
    pub(crate) warm_up: Duration,
    /// Before each fault: what all is compared with.
    pub(crate) control: Duration,
    /// After a fault at most so long is waited for all to be as before.
    pub(crate) patience: Duration,
    /// Of each client.
    pub(crate) per_second: u32,
    /// The limit of a call of the stack; the default where none is given.
    pub(crate) timeout: Option<Duration>,
    /// Does the plain driver run beside the stack?
    pub(crate) bare: bool,
    /// Has the stack second attempts beside slow first ones?
    pub(crate) hedge: bool,
    pub(crate) seed: u64,
    /// Where every single request is written at the end, one a line.
    pub(crate) events: Option<PathBuf>,
}

/// So long after the end of a fault requests still belong to it.
const AFTERMATH: Duration = Duration::from_secs(5);

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) rows: Vec<Row>,
    pub(crate) goals: Vec<Goal>,
}

/// Runs the drill on three nodes. They are left as they were found.
pub(crate) async fn run(cluster: &LocalCluster, plan: &Plan) -> Result<Outcome> {
    if cluster.is_external() {
        return Err("this drill freezes and kills nodes: unset CASSANDRA_CONTACT_POINTS".into());
    }
    let bed = Bed::make(cluster, &plan.keyspace).await?;
    let ours = Ours::connect(cluster, plan.timeout, plan.hedge, bed.texts(Side::Ours)).await?;
    let ours = Arc::new(ours);
    let mut clients = vec![Client::Ours(Arc::clone(&ours))];
    if plan.bare {
        let bare = Bare::connect(cluster, bed.texts(Side::Bare)).await?;
        clients.push(Client::Bare(Arc::new(bare)));
    }
    let load = Arc::new(Load {
        schedule: operation::schedule(plan.seed),
        per_second: plan.per_second,
        seed: plan.seed,
        over: AtomicBool::new(false),
    });
    let log = Arc::new(Log::new());
    let mut offers = JoinSet::new();
    for client in clients {
        offers.spawn(load::offer(client, Arc::clone(&load), Arc::clone(&log)));
    }
    let drill = Drill {
        cluster,
        plan,
        bed: &bed,
        ours: &ours,
        log: &log,
    };
    let mut outcome = tokio::select! {
        outcome = drill.faults() => outcome?,
        ended = offers.join_next() => match ended {
            Some(Ok(Err(error))) => return Err(error),
            _ => return Err("a client ended before the drill".into()),
        },
    };
    load.over.store(true, Relaxed);
    while let Some(ended) = offers.join_next().await {
        ended??;
    }
    outcome.goals.extend(drill.whole_ledger().await?);
    if let Some(path) = &plan.events {
        log.write(path)?;
    }
    ours.session.close(Duration::from_secs(60)).await?;
    bed.drop_keyspace().await?;
    Ok(outcome)
}

struct Drill<'a> {
    cluster: &'a LocalCluster,
    plan: &'a Plan,
    bed: &'a Bed,
    ours: &'a Ours,
    log: &'a Log,
}

impl Drill<'_> {
    async fn faults(&self) -> Result<Outcome> {
        println!("--- warm-up for {:?}", self.plan.warm_up);
        sleep(self.plan.warm_up).await;
        let mut outcome = Outcome::default();
        let mut since = 0;
        for (index, fault) in self.plan.faults.iter().enumerate() {
            let first = operation::scramble(self.plan.seed.wrapping_add(index as u64)) % 3;
            let victims = fault.victims(usize::try_from(first)?, self.cluster.nodes().len());
            let until = self.one(*fault, &victims, since, &mut outcome).await?;
            since = until;
        }
        Ok(outcome)
    }

    /// Once more over all of it, when nothing is under way: nothing was carried out late that was told not to be.
    async fn whole_ledger(&self) -> Result<Vec<Goal>> {
        let mut goals = Vec::new();
        for side in self.sides() {
            let ledger = Ledger::read(self.bed, side).await?;
            let events = self.log.events();
            let verdict = ledger.judge(events.iter().filter(|event| event.side == side));
            println!(
                "ledger: {} at the end double={} lost={}",
                side.name(),
                verdict.double,
                verdict.lost
            );
            if side == Side::Ours {
                goals.extend(goal::at_the_end(verdict));
            }
        }
        Ok(goals)
    }

    fn sides(&self) -> impl Iterator<Item = Side> + use<> {
        std::iter::once(Side::Ours).chain(self.plan.bare.then_some(Side::Bare))
    }

    /// One fault. Judges all requests that ended after the first `since`, and returns how many have ended by then.
    async fn one(
        &self,
        fault: Fault,
        victims: &[usize],
        since: usize,
        outcome: &mut Outcome,
    ) -> Result<usize> {
        sleep(self.plan.control).await;
        let began = self.log.now();
        let nodes = self.host_ids(victims);
        println!(
            "--- {} at {:.0} s: node {victims:?}",
            fault.name(),
            began.as_secs_f64()
        );
        let watch = Watch::start(&self.ours.session, &nodes);
        fault.happen(self.cluster, victims, self.plan.lasts).await?;
        let ended = self.log.now();
        println!("    over after {:.1} s", (ended - began).as_secs_f64());
        let control = {
            let events = self.log.events();
            recovery::p99(&events, Side::Ours, began - self.plan.control, began).unwrap_or_default()
        };
        let healthy = self.plan.hedge.then(|| {
            let events = self.log.events();
            recovery::healthy_p999(&events, Side::Ours, began).unwrap_or_default()
        });
        self.recover(ended, control, &nodes).await;
        self.settle().await;
        self.cluster.ready().await?;

        let (from, to) = (began, ended + AFTERMATH);
        watch.print();
        // What ends while the ledger is read belongs to the next fault.
        let until = self.log.events().len();
        let first = outcome.rows.len();
        for side in self.sides() {
            let ledger = Ledger::read(self.bed, side).await?;
            let events = self.log.events();
            for operation in OPERATIONS {
                let its = |event: &&Event| event.side == side && event.operation == operation;
                let verdict = ledger.judge(events[since..until].iter().filter(its));
                let window: Vec<&Event> = events
                    .iter()
                    .filter(its)
                    .filter(|event| event.ended >= from && event.intended < to)
                    .collect();
                let row = Row::new((operation, fault, side), &window, (from, to), verdict);
                println!("{row}");
                outcome.rows.push(row);
            }
            let now = self.log.now();
            let back = recovery::latency_back(&events, side, ended, now, control);
            let shares: Vec<String> = nodes
                .iter()
                .filter_map(|node| recovery::share(&events, side, ended, ended + AFTERMATH, *node))
                .map(|share| format!("{:.0} %", share * 100.0))
                .collect();
            println!(
                "    {}: p99 back {back:?} after the fault; of its answers in the 5 s after it from the node {}",
                side.name(),
                shares.join(", ")
            );
        }
        let facts = {
            let (events, now) = (self.log.events(), self.log.now());
            let all = self.cluster.nodes().len();
            Facts {
                fault,
                in_flight: watch.in_flight(),
                control,
                healthy,
                latency_back: recovery::latency_back(&events, Side::Ours, ended, now, control),
                share_back: recovery::share_back(&events, Side::Ours, ended, now, &nodes, all),
            }
        };
        let goals = goal::judge(&outcome.rows[first..], &facts);
        goals.iter().for_each(|goal| println!("{goal}"));
        outcome.goals.extend(goals);
        Ok(until)
    }

    fn host_ids(&self, victims: &[usize]) -> Vec<Uuid> {
        let health = self.ours.session.health();
        let address = |index: &usize| self.cluster.node(*index).address();
        let node = |address: &str| health.nodes.iter().find(|node| node.address == address);
        victims
            .iter()
            .filter_map(|index| node(address(index)))
            .map(|node| node.host_id)
            .collect()
    }

    /// Waits until all is as before, within the plan's patience.
    async fn recover(&self, ended: Duration, control: Duration, nodes: &[Uuid]) {
        let all = self.cluster.nodes().len();
        loop {
            sleep(Duration::from_secs(1)).await;
            let now = self.log.now();
            let after = now - ended;
            let events = self.log.events();
            let back = recovery::latency_back(&events, Side::Ours, ended, now, control).is_some()
                && recovery::share_back(&events, Side::Ours, ended, now, nodes, all).is_some();
            if after >= self.plan.patience || (back && after > AFTERMATH) {
                return;
            }
        }
    }

    /// Waits for what is under way; the driver gives up after 30 s.
    async fn settle(&self) {
        let sent: Vec<_> = self.sides().map(|side| (side, self.log.sent(side))).collect();
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(35)
            && !sent.iter().all(|(side, sent)| self.log.have_ended(*side, *sent))
        {
            sleep(Duration::from_millis(200)).await;
        }
    }
}
