//! What the generic layers see of a statement.

use tower_cassandra_layers::request::{Context, HedgeClass, Idempotency, Priority, Request};

use super::{Statement, What};
use crate::nature::Nature;

impl Request for Statement {
    fn context(&self) -> &Context {
        &self.context
    }

    fn context_mut(&mut self) -> &mut Context {
        &mut self.context
    }

    /// Two hard stops stand above every mark: conditional writes and counters. Reads at a serial consistency take part in Paxos and
    /// are not repeated either.
    fn idempotency(&self) -> Idempotency {
        let nature = self.nature();
        if nature.never_twice() || nature.is_serial() {
            return Idempotency::No;
        }
        match self.options.idempotent {
            Some(true) => Idempotency::Yes,
            Some(false) => Idempotency::No,
            None if matches!(nature, Nature::Read | Nature::Prepare) || self.options.inferred => {
                Idempotency::Yes
            }
            None => Idempotency::Unknown,
        }
    }

    /// Reads and writes that may be applied twice, and nothing else, however it is marked. What is sent to one host on purpose has no other.
    fn hedge(&self) -> Option<HedgeClass> {
        let class = match self.nature() {
            Nature::Read => HedgeClass::Read,
            Nature::Write | Nature::LoggedBatch | Nature::UnloggedBatch => HedgeClass::Write,
            _ => return None,
        };
        (self.options.host().is_none() && self.idempotency() == Idempotency::Yes).then_some(class)
    }

    /// Preparing passes the limits: it is bounded by the cache, and queries wait for it.
    fn weight(&self) -> u32 {
        u32::from(!matches!(self.what, What::Prepare(_)))
    }

    fn priority(&self) -> Priority {
        self.options.priority
    }

    fn label(&self) -> Option<&str> {
        self.options.label
    }

    fn operation(&self) -> &'static str {
        match &self.what {
            What::Batch(batch) => batch.operation(),
            _ => self.verb().operation(),
        }
    }

    fn class(&self) -> &'static str {
        if self.options.continued {
            return "page";
        }
        match &self.what {
            What::Text(_) => "simple",
            What::Unbound(..) | What::Bound { .. } => "prepared",
            What::Batch(_) => "batch",
            What::Prepare(_) => "prepare",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Batch;
    use scylla::statement::Consistency;

    #[test]
    fn a_mark_wins_except_over_conditional_writes_counters_and_serial_reads() {
        let of = |text: &str, mark: Option<bool>| {
            let mut statement = Statement::new(text);
            statement.options.idempotent = mark;
            statement.idempotency()
        };
        use Idempotency::{No, Unknown, Yes};
        for (text, unmarked, marked) in [
            ("SELECT a FROM t", Yes, Yes),
            ("INSERT INTO t (a) VALUES (1)", Unknown, Yes),
            ("INSERT INTO t (a) VALUES (1) IF NOT EXISTS", No, No),
            ("BEGIN COUNTER BATCH APPLY BATCH", No, No),
            ("TRUNCATE t", Unknown, Yes),
            ("CREATE TABLE t (a int PRIMARY KEY)", Unknown, Yes),
        ] {
            assert_eq!(of(text, None), unmarked, "{text}");
            assert_eq!(of(text, Some(true)), marked, "{text}");
            assert_eq!(of(text, Some(false)), No, "{text}");
        }
        let serial = Statement::new("SELECT a FROM t")
            .consistency(Consistency::LocalSerial)
            .idempotent(true);
        assert_eq!(serial.idempotency(), No);
        let counter = Statement {
            options: super::super::Options {
                counter: true,
                idempotent: Some(true),
                ..Default::default()
            },
            ..Statement::new("UPDATE t SET c = c + 1 WHERE k = 1")
        };
        assert_eq!(counter.idempotency(), No);
    }

    #[test]
    fn the_mark_of_a_batch_counts_and_not_those_of_its_members() {
        let member = Statement::new("INSERT INTO t (a) VALUES (1)").idempotent(true);
        let batch = Batch::logged().with(&member).with(&member);
        assert_eq!(Statement::from(&batch).idempotency(), Idempotency::Unknown);
        assert_eq!(
            Statement::from(batch.idempotent(true)).idempotency(),
            Idempotency::Yes
        );
        let conditional = Batch::logged()
            .with("INSERT INTO t (a) VALUES (1) IF NOT EXISTS")
            .idempotent(true);
        assert_eq!(Statement::from(conditional).idempotency(), Idempotency::No);
    }
}
