//! Changes of the schema by clients.

use crate::ErrorFrame;
use crate::cql::{Ddl, TableRef};
use crate::events::{Event, SchemaChange};
use crate::metadata;
use crate::schema::{ColumnKind, Keyspace, Table};
use crate::shared::State;
use crate::wire::Put;

impl State {
    /// Does it, tells all who have asked for it, and writes the result.
    pub(crate) fn change_schema(
        &mut self,
        ddl: &Ddl,
        current: Option<&str>,
        out: &mut Vec<u8>,
    ) -> Result<(), ErrorFrame> {
        let Some(change) = self.apply_change(ddl, current)? else {
            out.put_i32(1);
            return Ok(());
        };
        self.schema.changed();
        out.put_i32(5);
        change.write(out);
        self.push(&Event::Schema(change), None);
        Ok(())
    }

    /// What has changed, if anything has.
    fn apply_change(&mut self, ddl: &Ddl, current: Option<&str>) -> Result<Option<SchemaChange>, ErrorFrame> {
        let schema = &mut self.schema;
        let change = |change, keyspace: &str, table: Option<&str>| {
            Ok(Some(SchemaChange {
                change,
                keyspace: keyspace.to_owned(),
                table: table.map(str::to_owned),
            }))
        };
        match ddl {
            Ddl::CreateKeyspace {
                name,
                replication,
                if_not_exists,
            } => {
                if schema.keyspaces.contains_key(name) || metadata::is_system(name) {
                    return if *if_not_exists {
                        Ok(None)
                    } else {
                        Err(ErrorFrame::already_exists(name, ""))
                    };
                }
                let datacenters = self.identities.iter().map(|node| node.datacenter.clone());
                let factors = factors(replication, datacenters.collect());
                schema.keyspaces.insert(name.clone(), Keyspace { factors });
                change("CREATED", name, None)
            }
            Ddl::CreateTable {
                table,
                columns,
                if_not_exists,
            } => {
                let keyspace = keyspace_of(table, current)?;
                if !schema.keyspaces.contains_key(keyspace) {
                    return Err(ErrorFrame::invalid(format!(
                        "Keyspace '{keyspace}' doesn't exist"
                    )));
                }
                if schema.table(keyspace, &table.name).is_some() {
                    return if *if_not_exists {
                        Ok(None)
                    } else {
                        Err(ErrorFrame::already_exists(keyspace, &table.name))
                    };
                }
                let new = Table::new(keyspace, &table.name);
                let new = columns
                    .iter()
                    .fold(new, |new, (name, of, kind)| new.add(name, of.clone(), *kind));
                schema.tables.push(new);
                change("CREATED", keyspace, Some(&table.name))
            }
            Ddl::DropKeyspace { name, if_exists } => {
                if schema.keyspaces.remove(name).is_none() {
                    return missing(*if_exists, format!("Keyspace '{name}' doesn't exist"));
                }
                let dropped = schema.tables.extract_if(.., |table| table.keyspace == *name);
                let dropped: Vec<String> = dropped.map(|table| format!("{name}.{}", table.name)).collect();
                self.forget_rows(&dropped);
                change("DROPPED", name, None)
            }
            Ddl::DropTable { table, if_exists } => {
                let keyspace = keyspace_of(table, current)?;
                let before = schema.tables.len();
                schema.tables.retain(|found| !table.is(found, current));
                if schema.tables.len() == before {
                    return missing(
                        *if_exists,
                        format!("Table '{keyspace}.{}' doesn't exist", table.name),
                    );
                }
                self.forget_rows(&[format!("{keyspace}.{}", table.name)]);
                change("DROPPED", keyspace, Some(&table.name))
            }
            Ddl::AddColumns { table, columns } => {
                let keyspace = keyspace_of(table, current)?;
                let Some(found) = schema.table_mut(keyspace, &table.name) else {
                    return missing(false, format!("Table '{keyspace}.{}' doesn't exist", table.name));
                };
                if let Some((name, _)) = columns.iter().find(|(name, _)| found.position(name).is_some()) {
                    return Err(ErrorFrame::invalid(format!(
                        "Column with name '{name}' already exists"
                    )));
                }
                let mut new = found.clone();
                for (name, of) in columns {
                    new = new.add(name, of.clone(), ColumnKind::Regular);
                }
                *found = new;
                if let Some(store) = &mut self.store {
                    store.widen(&format!("{keyspace}.{}", table.name), columns.len());
                }
                change("UPDATED", keyspace, Some(&table.name))
            }
            Ddl::Other => Ok(None),
        }
    }

    fn forget_rows(&mut self, tables: &[String]) {
        if let Some(store) = &mut self.store {
            for table in tables {
                store.truncate(table);
            }
        }
    }
}

fn keyspace_of<'a>(table: &'a TableRef, current: Option<&'a str>) -> Result<&'a str, ErrorFrame> {
    let keyspace = table.keyspace_or(current);
    keyspace.ok_or_else(|| ErrorFrame::invalid("No keyspace has been specified"))
}

fn missing<T>(is_fine: bool, message: String) -> Result<Option<T>, ErrorFrame> {
    if is_fine {
        Ok(None)
    } else {
        Err(ErrorFrame::invalid(message))
    }
}

/// One number for all datacenters, or those that are named.
fn factors(replication: &[(String, String)], mut datacenters: Vec<String>) -> Vec<(String, usize)> {
    datacenters.sort();
    datacenters.dedup();
    let mut factors = Vec::new();
    for (name, factor) in replication {
        let Ok(factor) = factor.parse() else {
            continue;
        };
        if name == "replication_factor" {
            factors.extend(datacenters.iter().map(|datacenter| (datacenter.clone(), factor)));
        } else {
            factors.push((name.clone(), factor));
        }
    }
    factors
}
