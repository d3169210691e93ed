//! The table, the same for machines, and the budgets.

use crate::callgrind::Counts;

/// Of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) allocations: f64,
    pub(crate) bytes: f64,
    /// Of the future of a request, in bytes.
    pub(crate) size: f64,
    pub(crate) counts: Option<Counts>,
}

impl Figures {
    /// The part of a balancer's figures that is its choice.
    pub(crate) fn of_choice(mut self) -> Self {
        if let Some(counts) = &mut self.counts {
            (counts.instructions, counts.timers, counts.clocks) = (counts.choice, 0.0, 0.0);
        }
        self
    }
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<(String, &'static str, Figures)>,
}

const UNCOUNTED: &str = "NOT COUNTED";

impl Table {
    /// The first one counts: every program has the control.
    pub(crate) fn add(&mut self, name: &str, leaf: &'static str, figures: Figures) {
        if self.get(name, leaf).is_some() {
            return;
        }
        self.rows.push((name.to_owned(), leaf, figures));
    }

    fn get(&self, name: &str, leaf: &str) -> Option<Figures> {
        let found = self.rows.iter().find(|row| row.0 == name && row.1 == leaf);
        found.map(|row| row.2)
    }

    pub(crate) fn print(&self) {
        const HEAD: &str = "instr  allocs   bytes  timers  clocks";
        println!(
            "\nper request{:15} | future | leaf ready {:27} | leaf pending once",
            "", ""
        );
        println!("{:26} |  bytes | {HEAD:38} | {HEAD}", "");
        println!("{:-<27}+--------+{:-<40}+{:-<38}", "", "", "");
        for (name, _, ready) in self.rows.iter().filter(|row| row.1 == "ready") {
            let pending = self.get(name, "pending").map(columns).unwrap_or_default();
            let size = number(ready.size);
            println!("{name:26} | {size:>6} | {:38} | {pending}", columns(*ready));
        }
        println!();
        for (name, leaf, figures) in &self.rows {
            let counts = figures.counts;
            println!(
                "overhead: {name} {leaf} instr={} allocs={} bytes={} timers={}",
                counts.map_or("-".into(), |counts| format!("{:.0}", counts.instructions)),
                number(figures.allocations),
                number(figures.bytes),
                counts.map_or("-".into(), |counts| number(counts.timers)),
            );
        }
    }

    /// Prints each budget with what was reached. False when a floor is exceeded, and when something was not counted that should have been: of cases
    /// that were left out on purpose there are no budgets, and of all others there are, whatever became of them.
    pub(crate) fn print_budgets(&self, is_complete: bool) -> bool {
        println!("\n{:52} {:>8} {:>8} {:>8}", "budget", "reached", "floor", "aim");
        let mut kept = true;
        for (name, leaf, _) in self.rows.iter().filter(|row| row.2.counts.is_none()) {
            println!("{name} {leaf}: {UNCOUNTED}");
            kept = false;
        }
        for budget in self.budgets(is_complete) {
            let verdict = if budget.reached.is_nan() {
                kept = false;
                UNCOUNTED
            } else if budget.reached > budget.floor {
                kept = false;
                "EXCEEDED"
            } else if budget.reached > budget.aim {
                "floor"
            } else {
                "aim"
            };
            let Budget { what, .. } = &budget;
            let [reached, floor, aim] = [budget.reached, budget.floor, budget.aim].map(number);
            println!("{what:52} {reached:>8} {floor:>8} {aim:>8}  {verdict}");
        }
        kept
    }

    fn budgets(&self, is_complete: bool) -> Vec<Budget> {
        let mut budgets = Vec::new();
        let mut add = |what: String, reached: Option<f64>, floor: f64, aim: f64| {
            let reached = reached.or(is_complete.then_some(f64::NAN));
            budgets.extend(reached.map(|reached| Budget {
                what,
                reached,
                floor,
                aim,
            }));
        };
        let full = |leaf| self.get("full_stack", leaf);
        let instructions = full("pending").and_then(|f| f.counts).map(|c| c.instructions);
        add(
            "full stack, pending: instructions".into(),
            instructions,
            2_000.0,
            1_200.0,
        );
        for leaf in ["ready", "pending"] {
            let timers = full(leaf).and_then(|f| f.counts).map(|c| c.timers);
            add(format!("full stack, {leaf}: timers"), timers, 1.0, 0.0);
        }
        // It has its timer in common with the limit inside.
        for (what, with, without) in [
            ("hedge around an attempt limit", "hedge", "timeout_attempt"),
            ("hedge in the full stack", "full_stack_hedge", "full_stack"),
        ] {
            for leaf in ["ready", "pending"] {
                let counts = |name| self.get(name, leaf).and_then(|figures| figures.counts);
                let (with, without) = (counts(with), counts(without));
                let more = with.zip(without).map(|(a, b)| a.instructions - b.instructions);
                add(format!("{what}, {leaf}: instructions more"), more, 150.0, 100.0);
                let more = with.zip(without).map(|(a, b)| a.timers - b.timers);
                add(format!("{what}, {leaf}: timers more"), more, 0.0, 0.0);
            }
        }
        for name in LAYERS {
            for leaf in ["ready", "pending"] {
                let what = format!("{name}, {leaf}: instructions of its own");
                add(what, self.own(name, leaf), 250.0, 150.0);
            }
        }
        for (name, what, control, floor) in [
            ("both_metrics", "both metrics layers", "leaf", 250.0),
            // What a layer costs that does nothing is no fault of theirs.
            ("metrics_disabled", "metrics switched off", "wrapper", 10.0),
            ("span", "a span to which nobody listens", "wrapper", 20.0),
        ] {
            for leaf in ["ready", "pending"] {
                let more = self.own(name, leaf).zip(self.own(control, leaf));
                let what = format!("{what}, {leaf}: instructions");
                add(what, more.map(|(all, control)| all - control), floor, floor);
            }
        }
        for leaf in ["ready", "pending"] {
            let choice = |name| {
                self.get(name, leaf)
                    .and_then(|f| f.counts)
                    .map(|c| c.instructions)
            };
            let (three, twelve) = (choice("choice_3"), choice("choice_12"));
            let thousand = choice("choice_1000");
            for (nodes, choice) in [("three", three), ("twelve", twelve)] {
                let what = format!("choice of {nodes}, {leaf}: instructions");
                add(what, choice, 400.0, 300.0);
            }
            let rest = self
                .own("balance_3", leaf)
                .zip(three)
                .map(|(all, choice)| all - choice);
            add(
                format!("balance_3, {leaf}: without the choice"),
                rest,
                250.0,
                150.0,
            );
            let ratio = three.zip(thousand).map(|(three, thousand)| thousand / three);
            add(format!("choice at 1,000 nodes to 3, {leaf}"), ratio, 1.05, 1.05);
        }
        for name in REFUSALS {
            let own = self.own(name, "ready");
            add(format!("{name}: instructions"), own, 300.0, 150.0);
        }
        let ours = [
            "full_stack",
            "full_stack_hedge",
            "hedge",
            "balance_3",
            "balance_12",
            "balance_1000",
        ]
        .into_iter();
        let reach_leaf = ours
            .chain(LAYERS)
            .flat_map(|name| [(name, "ready"), (name, "pending")]);
        // A refused request never gets to the leaf.
        for (name, leaf) in reach_leaf.chain(REFUSALS.map(|name| (name, "ready"))) {
            let allocations = self.get(name, leaf).map(|figures| figures.allocations);
            add(format!("{name}, {leaf}: allocations"), allocations, 0.0, 0.0);
        }
        budgets
    }

    /// The instructions of a layer beyond those of the leaf under it, without the registration of timers.
    fn own(&self, name: &str, leaf: &str) -> Option<f64> {
        let counts = |name, leaf| self.get(name, leaf).and_then(|figures| figures.counts);
        let instructions = |name, leaf| counts(name, leaf).map(|counts| counts.instructions);
        let timer = instructions("tokio_timer", "pending")? - instructions("leaf", "pending")?;
        let of_layer = counts(name, leaf)?;
        Some(of_layer.instructions - instructions("leaf", leaf)? - of_layer.timers * timer)
    }
}

struct Budget {
    what: String,
    reached: f64,
    floor: f64,
    aim: f64,
}

const LAYERS: [&str; 9] = [
    "timeout_call",
    "timeout_call_timer",
    "timeout_attempt",
    "concurrency_limit",
    "rate_limit",
    "retry",
    "metrics",
    "attempt_metrics",
    "catch_panic",
];

const REFUSALS: [&str; 2] = ["reject_full_queue", "reject_empty_bucket"];

fn columns(figures: Figures) -> String {
    let [instructions, timers, clocks] = match figures.counts {
        Some(counts) => [
            format!("{:.0}", counts.instructions),
            number(counts.timers),
            number(counts.clocks),
        ],
        None => ["-", "-", "-"].map(str::to_owned),
    };
    let (allocations, bytes) = (number(figures.allocations), number(figures.bytes));
    format!("{instructions:>5} {allocations:>7} {bytes:>7} {timers:>7} {clocks:>7}")
}

/// Without decimals where there are none, so that one allocation in a thousand requests does not look like none.
fn number(n: f64) -> String {
    if n.is_nan() {
        "-".to_owned()
    } else if (n - n.round()).abs() < 1e-9 {
        format!("{n:.0}")
    } else if n.abs() < 10.0 {
        format!("{n:.3}")
    } else {
        format!("{n:.0}")
    }
}
