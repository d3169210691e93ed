//! What all handles to one cluster share.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::progress::Progress;
use crate::supervise::Supervisor;
use crate::tls::Tls;

/// A frozen node never answers a management command.
const COMMAND_WITHIN: Duration = Duration::from_secs(180);

#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) members: Vec<Member>,
    pub(crate) credentials: Option<(String, String)>,
    pub(crate) tls: Option<Tls>,
    pub(crate) limit: Duration,
    pub(crate) progress: Progress,
}

#[derive(Debug)]
pub(crate) struct Member {
    /// With the client port.
    pub(crate) address: String,
    /// None at a cluster that is not ours.
    pub(crate) control: Option<Control>,
    pub(crate) frozen: AtomicBool,
    pub(crate) port_closed: AtomicBool,
}

#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) supervisor: Supervisor,
    pub(crate) log: PathBuf,
    /// Where a log goes that an error points to, after the cluster's files are gone.
    pub(crate) rescue_name: String,
    pub(crate) node_tool: Vec<OsString>,
    /// The supervised process is an engine's client, and no signal to it reaches the node.
    pub(crate) in_container: bool,
}

impl Fleet {
    pub(crate) fn credentials(&self) -> Option<(&str, &str)> {
        self.credentials
            .as_ref()
            .map(|(user, password)| (user.as_str(), password.as_str()))
    }

    /// Ends all nodes; blocks until they are gone.
    pub(crate) fn end(&self) {
        let controls = || self.members.iter().filter_map(|member| member.control.as_ref());
        // All are told before any is waited for, so that they die side by side.
        controls().for_each(|control| control.supervisor.release());
        controls().for_each(|control| control.supervisor.wait());
    }
}

impl Member {
    pub(crate) fn new(address: String, control: Option<Control>) -> Self {
        Self {
            address,
            control,
            frozen: AtomicBool::new(false),
            port_closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn control(&self, what: &str) -> Result<&Control, Error> {
        self.control
            .as_ref()
            .ok_or_else(|| Error::not_controlled(&self.address, what))
    }

    /// As [`control`](Self::control), for what is done to the process.
    pub(crate) fn process(&self, what: &str) -> Result<&Supervisor, Error> {
        let control = self.control(what)?;
        if control.in_container {
            return Err(Error::not_controlled(&self.address, what));
        }
        Ok(&control.supervisor)
    }

    /// Running, and not frozen by us.
    pub(crate) fn is_awake(&self) -> bool {
        !self.frozen.load(Ordering::Relaxed)
            && self
                .control
                .as_ref()
                .is_some_and(|control| control.supervisor.is_alive())
    }

    pub(crate) async fn node_tool(&self, args: &[&str]) -> Result<String, Error> {
        let control = self.control("manage")?;
        let shown = || format!("nodetool {} at {}", args.join(" "), self.address);
        let (program, common) = control.node_tool.split_first().expect("a program");
        let output = tokio::process::Command::new(program)
            .args(common)
            .args(args)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(COMMAND_WITHIN, output)
            .await
            .map_err(|_| {
                let message = format!("{} gave no answer within {COMMAND_WITHIN:?}", shown());
                Error::new(ErrorKind::Command, message)
            })?
            .map_err(|error| Error::with_source(ErrorKind::Command, shown(), error))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        let complaint = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(
            ErrorKind::Command,
            format!("{} failed: {}{}", shown(), complaint.trim(), said.trim()),
        ))
    }
}
