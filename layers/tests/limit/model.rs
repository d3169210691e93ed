//! The concurrency limit against a model that is too simple to be wrong: a list that is searched from the start for whoever
//! may run. `SEED=n` repeats a run, `FULL=1` runs a hundred times as many cases.

use std::task::Poll;

use tower::{Layer, Service};
use tower_cassandra_layers::limit::concurrency::ResponseFuture;
use tower_cassandra_layers::limit::{ConcurrencyLimit, ConcurrencyLimitLayer, ConcurrencyLimited, Reason};
use tower_cassandra_layers::{Call, Priority};

use crate::support::{Leaf, Random, Task, full};

type Future = ResponseFuture<Leaf, Call<u32>>;

const LABELS: [Option<&str>; 4] = [None, Some("export"), Some("import"), Some("other")];
const CLASSES: [Priority; 3] = [Priority::Low, Priority::Normal, Priority::High];

#[derive(Clone, Copy, Debug, PartialEq)]
struct One {
    value: u32,
    weight: u64,
    class: Priority,
    label: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Model {
    limit: u64,
    queue: usize,
    shares: [(&'static str, f64); 2],
    running: Vec<One>,
    /// In order of arrival.
    waiting: Vec<One>,
    rejected: Vec<(u32, Reason)>,
}

impl Model {
    fn share(&self, label: Option<&str>, whole: u64) -> Option<u64> {
        let share = self.shares.iter().find(|(known, _)| Some(*known) == label)?;
        Some(((share.1 * whole as f64) as u64).max(1))
    }

    fn most(&self, label: Option<&str>) -> u64 {
        self.share(label, self.limit).unwrap_or(self.limit)
    }

    fn used(&self, label: Option<&str>) -> u64 {
        let same = self
            .running
            .iter()
            .filter(|one| label.is_none() || one.label == label);
        same.map(|one| one.weight).sum()
    }

    fn held(&self, one: &One) -> bool {
        let most = self.most(one.label);
        let has_share = self.share(one.label, 1).is_some();
        has_share && one.weight <= most && self.used(one.label) + one.weight > most
    }

    /// Serves until nobody can be served.
    fn serve(&mut self) {
        loop {
            let mut order = self.waiting.clone();
            order.sort_by_key(|one| std::cmp::Reverse(one.class));
            let mut held = vec![];
            let first = order.into_iter().find(|one| {
                if self.held(one) {
                    held.push(one.label);
                }
                !held.contains(&one.label)
            });
            let Some(first) = first else { return };
            if first.weight > self.most(first.label) {
                self.rejected.push((first.value, Reason::TooHeavy));
            } else if self.used(None) + first.weight <= self.limit {
                self.running.push(first);
            } else {
                return;
            }
            self.waiting.retain(|one| *one != first);
        }
    }

    fn arrive(&mut self, one: One) {
        if one.weight > self.most(one.label) {
            return self.rejected.push((one.value, Reason::TooHeavy));
        }
        // Does it need a place in the queue?
        let mut without = self.clone();
        without.waiting.push(one);
        without.serve();
        if !without.waiting.contains(&one) {
            *self = without;
            return;
        }
        let before = self.waiting.clone();
        self.waiting.push(one);
        let own = before.iter().filter(|other| other.label == one.label).count();
        let room = self.share(one.label, self.queue as u64);
        let own_full = room.is_some_and(|room| own >= room as usize);
        if before.len() < self.queue && !own_full {
            return self.serve();
        }
        let lower = before.iter().filter(|other| other.class < one.class);
        let lower = lower.filter(|other| !own_full || other.label == one.label);
        // The last of the lowest: `rev` because the first of equal ones is the minimum.
        let victim = lower.rev().min_by_key(|other| other.class).copied();
        let goes = victim.unwrap_or(one);
        self.waiting.retain(|other| *other != goes);
        self.rejected.push((goes.value, Reason::ConcurrencyQueueFull));
        self.serve();
    }

    fn end(&mut self, value: u32) {
        self.running.retain(|one| one.value != value);
        self.waiting.retain(|one| one.value != value);
        self.serve();
    }
}

struct Real {
    service: ConcurrencyLimited<Leaf>,
    tasks: Vec<(u32, Task<Future>)>,
    rejected: Vec<(u32, Reason)>,
}

impl Real {
    fn arrive(&mut self, one: One) {
        let mut call = Call::new(one.value)
            .with_priority(one.class)
            .with_weight(one.weight as u32);
        if let Some(label) = one.label {
            call = call.with_label(label);
        }
        self.tasks
            .push((one.value, Task::new(self.service.clone().call(call))));
    }

    /// Polls only those that were woken: whoever has to learn of something has to have been told.
    fn settle(&mut self, mut newcomer: Option<u32>) {
        while newcomer.is_some() || self.tasks.iter().any(|(_, task)| task.wakes() > 0) {
            let newcomer = newcomer.take();
            self.tasks.retain_mut(|(value, task)| {
                if task.wakes() == 0 && newcomer != Some(*value) {
                    return true;
                }
                match task.poll() {
                    Poll::Ready(Err(error)) => {
                        self.rejected.push((*value, error.reason().unwrap()));
                        false
                    }
                    _ => true,
                }
            });
        }
    }
}

fn case(random: &mut Random) {
    let (limit, queue) = (1 + random.below(8), random.below(6) as usize);
    let shares = [("export", 0.25), ("import", 0.5)];
    let config = ConcurrencyLimit::new(limit as usize).queue(queue);
    let config = shares
        .iter()
        .fold(config, |config, (label, share)| config.share(label, *share));
    let layer = ConcurrencyLimitLayer::new(config).unwrap();
    let handle = layer.handle();
    let leaf = Leaf::new();
    let log = std::sync::Arc::clone(&leaf.log);
    let mut real = Real {
        service: layer.layer(leaf),
        tasks: vec![],
        rejected: vec![],
    };
    let mut model = Model {
        limit,
        queue,
        shares,
        running: vec![],
        waiting: vec![],
        rejected: vec![],
    };
    let mut history = vec![];
    for value in 0..30 {
        let mut newcomer = None;
        match random.below(11) {
            10 => {
                // Who waits stays, even if there are now too many of them.
                model.queue = random.below(6) as usize;
                handle.set_queue(model.queue).unwrap();
                history.push(format!("queue {}", model.queue));
            }
            0 => {
                model.limit = 1 + random.below(8);
                handle.set_limit(model.limit as usize).unwrap();
                model.serve();
                history.push(format!("limit {}", model.limit));
            }
            1 => {
                let which = random.below(2) as usize;
                model.shares[which].1 = (1 + random.below(8)) as f64 / 8.0;
                let (label, share) = model.shares[which];
                handle.set_share(label, share).unwrap();
                model.serve();
                history.push(format!("{label} {share}"));
            }
            2..5 if !real.tasks.is_empty() => {
                let (value, task) = real
                    .tasks
                    .swap_remove(random.below(real.tasks.len() as u64) as usize);
                drop(task);
                model.end(value);
                history.push(format!("end {value}"));
            }
            _ => {
                let one = One {
                    value,
                    weight: 1 + random.below(3),
                    class: CLASSES[random.below(3) as usize],
                    label: LABELS[random.below(4) as usize],
                };
                real.arrive(one);
                model.arrive(one);
                newcomer = Some(value);
                history.push(format!("{one:?}"));
            }
        }
        real.settle(newcomer);
        let running: u64 = model.used(None);
        let what = || format!("{model:?}\n{history:#?}\nreal: {:?} {handle:?}", log.started());
        assert_eq!(handle.active() as u64, running, "active: {}", what());
        assert_eq!(handle.queued(), model.waiting.len(), "queued: {}", what());
        assert_eq!(log.active(), model.running.len(), "running: {}", what());
        for one in &model.running {
            assert!(
                log.started().contains(&one.value),
                "{} does not run: {}",
                one.value,
                what()
            );
        }
        for (label, _) in shares {
            let used = handle.share_active(label).map(|used| used as u64);
            assert_eq!(used, Some(model.used(Some(label))), "{label}: {}", what());
        }
        let sorted = |list: &[(u32, Reason)]| {
            let mut list = list.to_vec();
            list.sort_by_key(|(value, _)| *value);
            list
        };
        assert_eq!(
            sorted(&real.rejected),
            sorted(&model.rejected),
            "rejected: {}",
            what()
        );
    }
    drop(real);
    assert_eq!((handle.active(), handle.queued()), (0, 0));
}

#[tokio::test]
async fn it_decides_as_the_model_does() {
    let mut random = Random::from_env();
    for _ in 0..if full() { 1_000_000 } else { 10_000 } {
        case(&mut random);
    }
}
