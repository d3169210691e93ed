//! From options to a running cluster.

use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io::ErrorKind as IoKind;
use std::net::Ipv4Addr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::builder::Builder;
use crate::cluster::LocalCluster;
use crate::config::NodeConfig;
use crate::container::Engine;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind};
use crate::fleet::{Control, Fleet, Member};
use crate::jars;
use crate::java::{Java, NodeProcess};
use crate::ports::{self, Reservation};
use crate::ready;
use crate::supervise::{Supervisor, Task};
use crate::tls::Tls;
use crate::way::{Jars, Way, choose};

pub(crate) async fn start(builder: &Builder, environment: &Environment) -> Result<LocalCluster, Error> {
    match choose(builder, environment).await? {
        Way::External(points) => external(builder, environment, points).await,
        Way::Java(java, Jars::Cached(jars)) => by_java(builder, &java, &jars).await,
        Way::Java(java, Jars::FromMaven(maven)) => {
            let version = &builder.version;
            let jars = jars::fetch(environment, &maven, version, &builder.progress).await?;
            by_java(builder, &java, &jars).await
        }
        Way::Container(engine) => by_container(builder, &engine).await,
    }
}

async fn external(
    builder: &Builder,
    environment: &Environment,
    points: Vec<String>,
) -> Result<LocalCluster, Error> {
    const ANSWER_WITHIN: Duration = Duration::from_secs(5);

    let named = points.join(",");
    let mut answered = false;
    for point in &points {
        let connect = TcpStream::connect(point);
        answered |= matches!(timeout(ANSWER_WITHIN, connect).await, Ok(Ok(_)));
        if answered {
            break;
        }
    }
    if !answered {
        return Err(Error::new(
            ErrorKind::NoWayToStart,
            format!(
                "CASSANDRA_CONTACT_POINTS names {named}, and none of them accepts a connection. \
                 Start that cluster, or unset the variable to have one started"
            ),
        ));
    }
    builder
        .progress
        .say(format!("using the cluster at {named}, starting none"));
    let members = points.into_iter().map(|point| Member::new(point, None));
    let fleet = Fleet {
        members: members.collect(),
        credentials: environment.credentials(),
        tls: None,
        limit: builder.start_timeout,
        progress: builder.progress.clone(),
    };
    Ok(LocalCluster::new(fleet, None, None))
}

async fn by_java(builder: &Builder, java: &Java, jars: &Path) -> Result<LocalCluster, Error> {
    let data_centers = builder.layout()?;
    let nodes = data_centers.len();
    let reservation = ports::reserve(builder.address_block, nodes, builder.port)?;
    let addresses: Vec<Ipv4Addr> = (0..nodes).map(|node| reservation.address(node)).collect();
    let base = new_directory()?;
    // Before any file is written, so that somebody removes them.
    let mut members = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        let process = NodeProcess {
            java,
            jars,
            dir: &node_dir(&base, index),
            jmx_port: reservation.jmx_port(index),
            heap_mb: builder.heap_mb,
            jit: builder.jit,
        };
        let run = Run {
            command: process.server(),
            node_tool: process.node_tool(),
            container: None,
        };
        members.push(member(builder, &base, index, *address, run)?);
    }

    let tls = match builder.tls {
        true => Some(Tls::make(java, &base.join("tls"), &addresses).await?),
        false => None,
    };
    for (index, data_center) in data_centers.iter().enumerate() {
        let config = NodeConfig {
            index,
            addresses: &addresses,
            data_center,
            port: builder.port,
            authentication: builder.authentication,
            tls: tls.as_ref(),
            extra: &builder.yaml,
        };
        config.write(&node_dir(&base, index))?;
    }
    let fleet = fleet(builder, members, tls);
    let layout = data_centers.join(", ");
    run(builder, fleet, base, reservation, &layout).await
}

async fn by_container(builder: &Builder, engine: &Engine) -> Result<LocalCluster, Error> {
    let data_centers = builder.layout()?;
    engine.check(builder, data_centers.len())?;
    let reservation = ports::reserve(builder.address_block, 1, builder.port)?;
    let address = reservation.address(0);
    let jmx_port = reservation.jmx_port(0);
    let base = new_directory()?;
    let name = name_of(&base);
    let run_node = Run {
        command: engine.run(&name, builder, address, jmx_port, &data_centers[0]),
        node_tool: engine.node_tool(&name, jmx_port),
        container: Some(engine.remove(&name)),
    };
    let members = vec![member(builder, &base, 0, address, run_node)?];
    let fleet = fleet(builder, members, None);
    run(builder, fleet, base, reservation, &data_centers[0]).await
}

/// The commands of one node.
struct Run {
    command: Vec<OsString>,
    node_tool: Vec<OsString>,
    /// The command that removes it.
    container: Option<String>,
}

fn member(
    builder: &Builder,
    base: &Path,
    index: usize,
    address: Ipv4Addr,
    run: Run,
) -> Result<Member, Error> {
    let dir = node_dir(base, index);
    std::fs::create_dir_all(&dir).map_err(Error::at(&dir))?;
    let log = dir.join("node.log");
    let in_container = run.container.is_some();
    let supervisor = Supervisor::spawn(&Task {
        dir,
        keep: builder.keep_data,
        log: log.clone(),
        cleanup: run.container.unwrap_or_default(),
        command: run.command,
    })
    .map_err(|error| Error::with_source(ErrorKind::Io, "cannot run /bin/sh", error))?;
    let control = Control {
        supervisor,
        log,
        rescue_name: format!("{}-node{}", name_of(base), index + 1),
        node_tool: run.node_tool,
        in_container,
    };
    let address = format!("{address}:{}", builder.port);
    Ok(Member::new(address, Some(control)))
}

fn fleet(builder: &Builder, members: Vec<Member>, tls: Option<Tls>) -> Fleet {
    Fleet {
        members,
        credentials: builder
            .authentication
            .then(|| ("cassandra".to_owned(), "cassandra".to_owned())),
        tls,
        limit: builder.start_timeout,
        progress: builder.progress.clone(),
    }
}

async fn run(
    builder: &Builder,
    fleet: Fleet,
    base: PathBuf,
    reservation: Reservation,
    layout: &str,
) -> Result<LocalCluster, Error> {
    let began = Instant::now();
    let (version, dir) = (&builder.version, base.display().to_string());
    // From here on a failure, or the caller losing patience, ends the nodes side by side.
    let cluster = LocalCluster::new(fleet, Some(base), Some(reservation));
    builder.progress.say(format!(
        "starting Cassandra {version} at {} ({layout}), files in {dir}",
        cluster.contact_points().join(", ")
    ));
    for member in &cluster.fleet().members {
        let started = member.control("start")?.supervisor.start();
        started.map_err(|error| {
            let message = format!("cannot start node {}: {error}", member.address);
            Error::with_source(ErrorKind::Start, message, error)
        })?;
    }
    ready::wait(cluster.fleet(), None).await?;
    builder
        .progress
        .say(format!("ready after {:.1} s", began.elapsed().as_secs_f32()));
    Ok(cluster)
}

/// One that nobody has, in the directory for temporary files, and that nobody else can read.
fn new_directory() -> Result<PathBuf, Error> {
    let temp = std::env::temp_dir();
    let temp = std::path::absolute(&temp).map_err(Error::at(&temp))?;
    let process = std::process::id();
    for count in 1_u32.. {
        let dir = temp.join(format!("local-cassandra-{process}-{count}"));
        match DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) if error.kind() == IoKind::AlreadyExists => {}
            Err(error) => return Err(Error::at(&dir)(error)),
        }
    }
    unreachable!("there are fewer directories than numbers")
}

fn node_dir(base: &Path, index: usize) -> PathBuf {
    // The supervisor knows by the name of the parent what it may remove with the last node.
    base.join("nodes").join((index + 1).to_string())
}

fn name_of(base: &Path) -> String {
    let name = base.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
