//! One node of the official image, where there is a container engine and no Java.
//!
//! Written from the image's documentation and never run: no engine was at hand.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use crate::builder::Builder;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind};

const ANSWER_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) program: PathBuf,
}

impl Engine {
    /// A client alone is no engine, so each is asked. The error says what was found.
    pub(crate) async fn find(environment: &Environment) -> Result<Self, String> {
        let mut found = Vec::new();
        for name in ["docker", "podman"] {
            let Some(program) = environment.program(name) else {
                continue;
            };
            let info = tokio::process::Command::new(&program)
                .arg("info")
                .stdin(std::process::Stdio::null())
                .kill_on_drop(true)
                .output();
            match tokio::time::timeout(ANSWER_WITHIN, info).await {
                Ok(Ok(output)) if output.status.success() => return Ok(Self { program }),
                _ => found.push(format!("`{} info` fails", program.display())),
            }
        }
        Err(match found.is_empty() {
            true => "neither in PATH".to_owned(),
            false => found.join(", "),
        })
    }

    /// Refuses what only the way by Java can do.
    pub(crate) fn check(&self, builder: &Builder, nodes: usize) -> Result<(), Error> {
        let asked = if nodes > 1 {
            "more than one node"
        } else if builder.authentication {
            "authentication"
        } else if builder.tls {
            "TLS"
        } else if !builder.yaml.is_empty() {
            "a setting of cassandra.yaml"
        } else {
            return Ok(());
        };
        Err(Error::new(
            ErrorKind::NoWayToStart,
            format!(
                "{} starts one plain node, but {asked} was asked for; install Java 11 or 17 and Maven",
                self.program.display()
            ),
        ))
    }

    /// In the foreground, so that the supervisor sees its end. On the host's network, because a node
    /// tells clients its own address.
    pub(crate) fn run(
        &self,
        name: &str,
        builder: &Builder,
        address: Ipv4Addr,
        jmx_port: u16,
        data_center: &str,
    ) -> Vec<OsString> {
        let heap = builder.heap_mb;
        let options = format!(
            "-Dcassandra.jmx.local.port={jmx_port} -Dcassandra.native_transport_port={} \
             -Dcassandra.skip_wait_for_gossip_to_settle=0",
            builder.port
        );
        let mut line: Vec<OsString> = vec![self.program.clone().into()];
        line.extend(["run", "--rm", "--network", "host", "--name", name].map(OsString::from));
        for (variable, value) in [
            ("CASSANDRA_LISTEN_ADDRESS", address.to_string()),
            ("CASSANDRA_RPC_ADDRESS", address.to_string()),
            (
                "CASSANDRA_ENDPOINT_SNITCH",
                "GossipingPropertyFileSnitch".to_owned(),
            ),
            ("CASSANDRA_DC", data_center.to_owned()),
            ("MAX_HEAP_SIZE", format!("{heap}M")),
            ("HEAP_NEWSIZE", format!("{}M", heap / 4)),
            ("JVM_EXTRA_OPTS", options),
        ] {
            line.extend(["-e".into(), format!("{variable}={value}").into()]);
        }
        line.push(format!("cassandra:{}", builder.version).into());
        line
    }

    pub(crate) fn node_tool(&self, name: &str, jmx_port: u16) -> Vec<OsString> {
        let mut line: Vec<OsString> = vec![self.program.clone().into()];
        line.extend(["exec", name, "nodetool", "-p"].map(OsString::from));
        line.push(jmx_port.to_string().into());
        line
    }

    /// A shell command.
    pub(crate) fn remove(&self, name: &str) -> String {
        let program = self.program.to_string_lossy().replace('\'', r"'\''");
        format!("'{program}' rm -f {name}")
    }
}
