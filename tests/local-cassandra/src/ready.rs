//! When a cluster is ready. An open port is not enough: for some seconds after it the nodes do not know
//! each other, or count each other as down.

use std::collections::HashSet;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::cql::{Connection, Consistency};
use crate::error::{Error, ErrorKind, chain};
use crate::fleet::{Fleet, Member};
use crate::log;

const POLL: Duration = Duration::from_millis(200);
const NEWS_EVERY: Duration = Duration::from_secs(10);

/// What is not yet so, and at which node.
struct NotYet(usize, String);

/// Waits for all nodes, or for one that was started again.
pub(crate) async fn wait(fleet: &Fleet, restarted: Option<usize>) -> Result<(), Error> {
    let began = Instant::now();
    let mut news = began + NEWS_EVERY;
    let started = match restarted {
        Some(index) => index..index + 1,
        None => 0..fleet.members.len(),
    };
    loop {
        for index in started.clone() {
            let control = fleet.members[index].control("wait for")?;
            if !control.supervisor.is_alive() {
                return Err(failed(fleet, index, "ended before it was ready"));
            }
        }
        let NotYet(index, problem) = match round(fleet, restarted).await {
            Ok(()) => return Ok(()),
            Err(not_yet) => not_yet,
        };
        if began.elapsed() > fleet.limit {
            let how = format!("is not ready after {:?}: {problem}", fleet.limit);
            return Err(failed(fleet, index, &how));
        }
        if Instant::now() > news {
            news += NEWS_EVERY;
            let address = &fleet.members[index].address;
            fleet.progress.say(format!("still waiting: {address}: {problem}"));
        }
        sleep(POLL).await;
    }
}

async fn round(fleet: &Fleet, restarted: Option<usize>) -> Result<(), NotYet> {
    let whole = fleet.members.iter().all(Member::is_awake);
    let asked = fleet.members.iter().enumerate().filter(|(index, member)| {
        let open = !member.port_closed.load(Ordering::Relaxed);
        restarted == Some(*index) || (open && (whole || restarted.is_none()))
    });
    let mut schemas = HashSet::new();
    for (index, member) in asked {
        let schema = if fleet.tls.is_some() {
            ask_node_tool(fleet, member, whole).await
        } else {
            ask(fleet, member, whole).await
        };
        schemas.insert(schema.map_err(|problem| NotYet(index, problem))?);
        if schemas.len() > 1 {
            return Err(NotYet(index, "schema versions differ".to_owned()));
        }
    }
    Ok(())
}

/// The node's schema version, if it knows all others and, unless some are away, reaches them.
async fn ask(fleet: &Fleet, member: &Member, whole: bool) -> Result<Vec<u8>, String> {
    let text = |error: io::Error| error.to_string();
    let mut node = Connection::open(&member.address, fleet.credentials())
        .await
        .map_err(text)?;
    let local = node
        .rows("SELECT schema_version FROM system.local", Consistency::One)
        .await
        .map_err(text)?;
    let peers = node
        .rows("SELECT schema_version FROM system.peers", Consistency::One)
        .await
        .map_err(text)?;
    let others = fleet.members.len() - 1;
    if peers.len() != others {
        return Err(format!("knows {} of {others} other nodes", peers.len()));
    }
    let first = |row: Vec<Option<Vec<u8>>>| row.into_iter().next().flatten();
    let schema = local.into_iter().find_map(first).ok_or("has no schema version")?;
    let reached = "SELECT session_id FROM system_traces.sessions";
    if whole && others > 0 {
        if peers
            .into_iter()
            .any(|peer| first(peer).as_ref() != Some(&schema))
        {
            return Err("schema versions differ".to_owned());
        }
        // An empty table with two replicas of each row: all nodes must answer, or be down.
        node.rows(reached, Consistency::All).await.map_err(text)?;
    }
    Ok(schema)
}

/// The same by way of management, as this package speaks no TLS.
async fn ask_node_tool(fleet: &Fleet, member: &Member, whole: bool) -> Result<Vec<u8>, String> {
    TcpStream::connect(&member.address)
        .await
        .map_err(|error| error.to_string())?;
    let said = member.node_tool(&["describecluster"]).await;
    let (live, schemas) = parse_cluster(&said.map_err(|error| chain(&error))?);
    let all = fleet.members.len();
    match schemas.as_slice() {
        _ if whole && live != all => Err(format!("sees {live} of {all} nodes up")),
        [] => Err("has no schema version".to_owned()),
        [schema] => Ok(schema.clone().into_bytes()),
        [schema, ..] if !whole => Ok(schema.clone().into_bytes()),
        [..] => Err("schema versions differ".to_owned()),
    }
}

/// The number of nodes that are up, and the schema versions.
fn parse_cluster(said: &str) -> (usize, Vec<String>) {
    let live = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("Live: ")?.parse().ok());
    // Further down there is a list of the same form about something else.
    let schemas = said
        .lines()
        .skip_while(|line| !line.contains("Schema versions:"))
        .take_while(|line| !line.contains("Stats for all nodes"))
        .filter_map(|line| Some(line.split_once(": [")?.0.trim().to_owned()));
    (live.unwrap_or(0), schemas.collect())
}

fn failed(fleet: &Fleet, index: usize, how: &str) -> Error {
    let member = &fleet.members[index];
    let mut message = format!("node {} {how}", member.address);
    if let Some(control) = &member.control {
        let kept = log::rescue(&control.log, &control.rescue_name)
            .map_or_else(String::new, |path| format!(" of {}", path.display()));
        message.push_str(&format!(".\nLast lines{kept}:\n{}", log::tail(&control.log)));
    }
    Error::new(ErrorKind::Start, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_node_tool_prints_is_understood() {
        let said = "Cluster Information:\n\tName: [x]\n\tSchema versions:\n\
                    \t\tab-cd: [127.0.10.1, 127.0.10.3]\n\n\t\tUNREACHABLE: [127.0.10.2]\n\n\
                    Stats for all nodes:\n\tLive: 2\n\tUnreachable: 1\n\n\
                    Database versions:\n\t5.0.6: [127.0.10.1:7000]\n";
        let schemas = vec!["ab-cd".to_owned(), "UNREACHABLE".to_owned()];
        assert_eq!(parse_cluster(said), (2, schemas));
    }
}
