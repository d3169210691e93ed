//! What is known of each statement text: its markers, its result columns, its id.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cql::{Statement, parse};
use crate::error_frames::ErrorFrame;
use crate::metadata;
use crate::plan::Plan;
use crate::rows::Rows;
use crate::schema::Schema;

pub(crate) const ID: usize = 16;

/// One text, in one keyspace if it depends on that.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) text: Arc<str>,
    pub(crate) id: [u8; ID],
    pub(crate) plan: Result<Arc<Plan>, ErrorFrame>,
    /// Whether the driver asks this for itself.
    pub(crate) of_driver: bool,
    /// That of the connection, for a text that names none.
    keyspace: Option<Box<str>>,
    epoch: u64,
    known: Vec<bool>,
}

/// All texts seen so far, each with an index that its id holds.
#[derive(Debug)]
pub(crate) struct Statements {
    entries: Vec<Entry>,
    by_text: HashMap<Box<str>, Vec<usize>>,
    answers: HashMap<Box<str>, Arc<Rows>>,
    salt: u32,
    nodes: usize,
    with_store: bool,
}

impl Statements {
    pub(crate) fn new(nodes: usize, with_store: bool) -> Self {
        Self {
            entries: Vec::new(),
            by_text: HashMap::new(),
            answers: HashMap::new(),
            salt: 0,
            nodes,
            with_store,
        }
    }

    /// The answer to a text; the caller says that the schema has changed, so that all is derived anew.
    pub(crate) fn set_answer(&mut self, text: &str, rows: Rows) {
        self.answers.insert(text.into(), Arc::new(rows));
    }

    /// The index of a text, read in the keyspace of a connection.
    pub(crate) fn intern(&mut self, text: &str, current: Option<&str>, schema: &Schema) -> usize {
        let current = current.unwrap_or("");
        if let Some(index) = self.find(text, current) {
            self.refresh(index, schema);
            return index;
        }
        let parsed = parse(text);
        let free = match &parsed {
            Ok(statement) => statement.table().is_none_or(|table| table.keyspace.is_some()),
            Err(_) => true,
        };
        let keyspace: Option<Box<str>> = (!free).then(|| current.into());
        let index = self.entries.len();
        self.entries.push(Entry {
            text: text.into(),
            id: id(index, self.salt, text, keyspace.as_deref().unwrap_or("")),
            plan: self.plan(parsed, text, keyspace.as_deref(), schema),
            of_driver: metadata::is_of_driver(text),
            keyspace,
            epoch: schema.epoch,
            known: vec![false; self.nodes],
        });
        self.by_text.entry(text.into()).or_default().push(index);
        index
    }

    fn find(&self, text: &str, current: &str) -> Option<usize> {
        let mut found = self.by_text.get(text)?.iter().copied();
        found.find(|&index| {
            let keyspace = self.entries[index].keyspace.as_deref();
            keyspace.is_none_or(|keyspace| keyspace == current)
        })
    }

    fn plan(
        &self,
        parsed: Result<Statement, ErrorFrame>,
        text: &str,
        keyspace: Option<&str>,
        schema: &Schema,
    ) -> Result<Arc<Plan>, ErrorFrame> {
        let answer = self.answers.get(text).cloned();
        let keyspace = keyspace.filter(|keyspace| !keyspace.is_empty());
        Plan::new(parsed, keyspace, schema, answer, self.with_store).map(Arc::new)
    }

    fn refresh(&mut self, index: usize, schema: &Schema) {
        let entry = &self.entries[index];
        if entry.epoch != schema.epoch {
            let text = Arc::clone(&entry.text);
            let plan = self.plan(parse(&text), &text, entry.keyspace.as_deref(), schema);
            let entry = &mut self.entries[index];
            entry.plan = plan;
            entry.epoch = schema.epoch;
        }
    }

    pub(crate) fn get(&self, index: usize) -> &Entry {
        &self.entries[index]
    }

    /// The index behind an id, if it is the id of a text.
    pub(crate) fn by_id(&mut self, id: &[u8], schema: &Schema) -> Option<usize> {
        let (number, _) = id.split_first_chunk()?;
        let index = u32::from_be_bytes(*number) as usize;
        let entry = self.entries.get(index)?;
        if entry.id != id {
            return None;
        }
        if entry.epoch != schema.epoch {
            self.refresh(index, schema);
        }
        Some(index)
    }

    pub(crate) fn is_known(&self, index: usize, node: usize) -> bool {
        self.entries[index].known[node]
    }

    pub(crate) fn learn(&mut self, index: usize, node: usize) {
        self.entries[index].known[node] = true;
    }

    pub(crate) fn unlearn(&mut self, index: usize, node: usize) {
        self.entries[index].known[node] = false;
    }

    /// Makes a node forget all that was prepared.
    pub(crate) fn forget(&mut self, node: usize) {
        for entry in &mut self.entries {
            entry.known[node] = false;
        }
    }

    /// Gives every text another id, which no node knows.
    pub(crate) fn renew_ids(&mut self) {
        self.salt += 1;
        for (index, entry) in self.entries.iter_mut().enumerate() {
            let keyspace = entry.keyspace.as_deref().unwrap_or("");
            entry.id = id(index, self.salt, &entry.text, keyspace);
            entry.known.fill(false);
        }
    }
}

fn id(index: usize, salt: u32, text: &str, keyspace: &str) -> [u8; ID] {
    let bytes = keyspace.bytes().chain([0]).chain(text.bytes());
    let hash = bytes.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    let mut id = [0; ID];
    id[..4].copy_from_slice(&u32::try_from(index).unwrap_or(u32::MAX).to_be_bytes());
    id[4..8].copy_from_slice(&salt.to_be_bytes());
    id[8..].copy_from_slice(&hash.to_be_bytes());
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Table;
    use crate::types::Type;

    fn schema() -> Schema {
        let mut schema = Schema::new();
        for keyspace in ["a", "b"] {
            schema
                .tables
                .push(Table::new(keyspace, "t").partition_key("id", Type::Int));
        }
        schema
    }

    #[test]
    fn an_id_is_that_of_the_text_and_its_keyspace() {
        let schema = schema();
        let mut statements = Statements::new(2, true);
        let free = statements.intern("SELECT id FROM a.t", Some("b"), &schema);
        assert_eq!(statements.intern("SELECT id FROM a.t", None, &schema), free);
        let in_a = statements.intern("SELECT id FROM t", Some("a"), &schema);
        let in_b = statements.intern("SELECT id FROM t", Some("b"), &schema);
        assert_ne!(statements.get(in_a).id, statements.get(in_b).id);
        let nowhere = statements.intern("SELECT id FROM t", None, &schema);
        assert!(statements.get(nowhere).plan.is_err());
        assert_eq!(statements.intern("SELECT id FROM t", Some("a"), &schema), in_a);
    }

    #[test]
    fn each_node_knows_what_it_has_prepared() {
        let schema = schema();
        let mut statements = Statements::new(2, true);
        let index = statements.intern("SELECT id FROM a.t", None, &schema);
        statements.learn(index, 1);
        let id = statements.get(index).id;
        assert_eq!(statements.by_id(&id, &schema), Some(index));
        assert!(!statements.is_known(index, 0) && statements.is_known(index, 1));
        statements.forget(1);
        assert!(!statements.is_known(index, 1));
        statements.renew_ids();
        assert_eq!(statements.by_id(&id, &schema), None);
    }
}
