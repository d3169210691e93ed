//! Which statements that nobody marked are idempotent: what the text says, and what only the schema knows.

use super::Inner;
use crate::cluster::{has_counters, has_lists, writes_lists};
use crate::cql::Tokens;
use crate::nature::Nature;
use crate::statement::{Prepared, Statement, TextFacts, Verb, What, is_list};

impl Inner {
    /// Is it idempotent by what its text and the schema say? A member of a batch may say it by its mark.
    pub(super) fn infer_idempotent(&self, statement: &Statement) -> bool {
        let counts = || self.may_delete_counters(statement);
        // A marker does not say that it is a list. One that is written as a whole twice with the same timestamp is doubled:
        // what it replaces has to be older than what it writes.
        let lists = || self.table_has_lists(statement) != Some(false);
        match &statement.what {
            What::Text(_) => statement.reads_idempotent() && !counts(),
            What::Unbound(..) => statement.reads_idempotent() && !counts() && !lists(),
            What::Bound { bound, .. } => {
                let prepared = bound.prepared();
                let counter = prepared.nature().is_counter() || counts();
                let list =
                    || prepared.binds_list() && self.binds_whole_lists(statement, prepared) != Some(false);
                prepared.reads_idempotent() && !counter && !list()
            }
            What::Batch(batch) => batch.members.iter().all(|member| {
                let mark = member.options.idempotent;
                !self.writes_counter(member) && mark.unwrap_or_else(|| self.infer_idempotent(member))
            }),
            What::Prepare(_) => false,
        }
    }

    /// May it delete counters? It does not say so itself. Who deletes them twice deletes what others counted in between: counters have no timestamps
    /// by which the second time would be the first. Of a table that is not known the careful answer; a logged batch has no counters.
    fn may_delete_counters(&self, statement: &Statement) -> bool {
        match statement.verb() {
            Verb::Delete => self.table_has_counters(statement) != Some(false),
            // Its tables are not looked for.
            Verb::UnloggedBatch => {
                let text = match &statement.what {
                    What::Text(text) | What::Unbound(text, _) => &text.text,
                    What::Bound { bound, .. } => bound.prepared().text(),
                    What::Batch(_) | What::Prepare(_) => return false,
                };
                Tokens::of(text).any(|token| token.is_word("DELETE"))
            }
            _ => false,
        }
    }

    /// Does it write to a counter? For statements that were not prepared; the others were looked at then.
    pub(super) fn writes_counter(&self, statement: &Statement) -> bool {
        let text = match &statement.what {
            What::Text(text) | What::Unbound(text, _) => text,
            What::Batch(batch) => return batch.members.iter().any(|member| self.writes_counter(member)),
            What::Bound { bound, .. } => {
                let prepared = bound.prepared();
                let nature = prepared.nature();
                // A batch that was prepared as one text: nobody looked for its tables.
                let adds = || TextFacts::read(prepared.text()).adds;
                return nature.is_counter() || (nature == Nature::UnloggedBatch && adds());
            }
            What::Prepare(_) => return false,
        };
        // Who deletes counters does not say so. Of a table that is not known the mark is believed.
        if statement.verb() == Verb::Delete {
            return self.table_has_counters(statement) == Some(true);
        }
        // Of a table that is not known the careful answer.
        text.facts.adds && self.table_has_counters(statement).unwrap_or(true)
    }

    fn table_has_counters(&self, statement: &Statement) -> Option<bool> {
        self.ask_schema(statement, has_counters)
    }

    fn table_has_lists(&self, statement: &Statement) -> Option<bool> {
        self.ask_schema(statement, has_lists)
    }

    /// By the columns of its markers and not by those of the table that are known: one that was added a moment ago may be the list.
    fn binds_whole_lists(&self, statement: &Statement, prepared: &Prepared) -> Option<bool> {
        let lists = prepared.markers().filter(|(.., typ)| is_list(typ));
        let names = lists.map(|(_, _, name, _)| name);
        self.ask_schema(statement, |state, keyspace, table| {
            writes_lists(state, keyspace, table, names)
        })
    }

    /// What the schema says of the statement's table; none if it is not known.
    fn ask_schema(
        &self,
        statement: &Statement,
        question: impl FnOnce(&scylla::cluster::ClusterState, &str, &str) -> Option<bool>,
    ) -> Option<bool> {
        let (keyspace, table) = statement.table()?;
        let driver = self.driver().ok()?;
        let current = driver.get_keyspace();
        let keyspace = keyspace.or_else(|| current.as_ref().map(|name| name.as_str()))?;
        question(&driver.get_cluster_state(), keyspace, table)
    }
}
