//! The command line.

use local_cassandra::{Builder, Jit, LocalCluster};

pub(crate) const HELP: &str = "\
Starts Apache Cassandra nodes on loopback addresses, and ends them on Ctrl-C.

Usage: local-cassandra start [options]

  --nodes N          how many nodes (1)
  --version V        release of Cassandra, 4.1 or later (5.0.6)
  --dc A,B,...       data centre of each node (all in dc1)
  --heap MB          heap of each node (512)
  --port PORT        port for clients (9042)
  --block X          addresses 127.0.X.1 and up (the first free block)
  --yaml KEY=VALUE   a setting of cassandra.yaml; may be repeated
  --timeout SECONDS  until the nodes must be ready (300)
  --auth             clients must log in
  --tls              clients must use TLS
  --full-jit         compile as in production: slower to start, faster later
  --keep-data        leave data and logs at the end
  --quiet            do not tell what is being done
  --help             this text
";

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Start(Box<Builder>),
}

pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut args = args.into_iter();
    match args.next().as_deref() {
        Some("start") => {}
        Some("--help" | "-h" | "help") => return Ok(Command::Help),
        Some(other) => return Err(format!("unknown command {other:?}")),
        None => return Err("no command given".to_owned()),
    }
    let mut builder = LocalCluster::builder();
    while let Some(arg) = args.next() {
        let (name, given) = match arg.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (arg.as_str(), None),
        };
        let takes_value = !matches!(
            name,
            "--help" | "-h" | "--auth" | "--tls" | "--full-jit" | "--keep-data" | "--quiet"
        );
        if given.is_some() && !takes_value {
            return Err(format!("{name} takes no value"));
        }
        let mut value = || {
            given
                .clone()
                .or_else(|| args.next())
                .ok_or_else(|| format!("{name} needs a value"))
        };
        builder = match name {
            "--help" | "-h" => return Ok(Command::Help),
            "--nodes" => builder.nodes(number(name, &value()?)?),
            "--version" => builder.version(value()?),
            "--dc" => builder.data_centers(value()?.split(',').map(str::trim)),
            "--heap" => builder.heap_mb(number(name, &value()?)?),
            "--port" => builder.port(number(name, &value()?)?),
            "--block" => builder.address_block(number(name, &value()?)?),
            "--timeout" => {
                let seconds = number(name, &value()?)?;
                builder.start_timeout(std::time::Duration::from_secs(seconds))
            }
            "--yaml" => {
                let setting = value()?;
                let (key, value) = setting
                    .split_once('=')
                    .ok_or_else(|| format!("--yaml {setting} is not KEY=VALUE"))?;
                builder.yaml(key, value)
            }
            "--auth" => builder.authentication(true),
            "--tls" => builder.tls(true),
            "--full-jit" => builder.jit(Jit::Full),
            "--keep-data" => builder.keep_data(true),
            "--quiet" => builder.progress(false),
            other => return Err(format!("unknown option {other}")),
        };
    }
    Ok(Command::Start(Box::new(builder)))
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{name} {text} is not a number that fits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_reach_the_builder() {
        let line = "start --nodes 3 --dc=a,a,b --heap 256 --full-jit --yaml x=y=z --block 7";
        let Ok(Command::Start(builder)) = parsed(line) else {
            panic!("not a start");
        };
        let text = format!("{builder:?}");
        for part in [
            "nodes: Some(3)",
            r#"data_centers: ["a", "a", "b"]"#,
            "heap_mb: 256",
            "jit: Full",
            r#"yaml: [("x", "y=z")]"#,
            "address_block: Some(7)",
            "tls: false",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, part) in [
            ("", "no command"),
            ("stop", "\"stop\""),
            ("start --node 3", "--node"),
            ("start --nodes", "--nodes needs"),
            ("start --nodes three", "three"),
            ("start --block 300", "300"),
            ("start --tls=yes", "--tls takes no"),
            ("start --yaml x", "KEY=VALUE"),
        ] {
            let error = parsed(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
        assert!(matches!(parsed("start --help"), Ok(Command::Help)));
    }
}
