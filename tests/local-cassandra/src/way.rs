//! Which of the three ways to a cluster is taken.

use std::path::PathBuf;

use crate::builder::Builder;
use crate::container::Engine;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind};
use crate::jars;
use crate::java::Java;

#[derive(Debug)]
pub(crate) enum Way {
    /// A cluster that runs already.
    External(Vec<String>),
    Java(Java, Jars),
    Container(Engine),
}

#[derive(Debug)]
pub(crate) enum Jars {
    Cached(PathBuf),
    FromMaven(PathBuf),
}

/// Depends on nothing but its arguments and the files they name.
pub(crate) async fn choose(builder: &Builder, environment: &Environment) -> Result<Way, Error> {
    if let Some(points) = environment.external()? {
        return Ok(Way::External(points));
    }
    builder.check()?;

    let java = Java::find(environment, builder.java_home.as_deref()).await;
    if let (Err(found), Some(_)) = (&java, &builder.java_home) {
        // Who names a Java wants that one, and not a container.
        return Err(Error::configuration(found.clone()));
    }
    let jars = match jars::cached(environment, &builder.version) {
        Some(dir) => Ok(Jars::Cached(dir)),
        None => match environment.program("mvn") {
            Some(maven) => Ok(Jars::FromMaven(maven)),
            None => Err("no mvn in PATH".to_owned()),
        },
    };
    let missing = match (java, jars) {
        (Ok(java), Ok(jars)) => return Ok(Way::Java(java, jars)),
        (java, jars) => [java.err(), jars.err()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; "),
    };
    match Engine::find(environment).await {
        Ok(engine) => Ok(Way::Container(engine)),
        Err(engine) => Err(Error::new(
            ErrorKind::NoWayToStart,
            format!(
                "no Cassandra can be started here. One of these is needed:\n\
                 \x20 1. a cluster that runs: set CASSANDRA_CONTACT_POINTS=host:port,host:port\n\
                 \x20 2. Java 11 or 17, and Maven: on Debian and Ubuntu install \
                 openjdk-17-jre-headless and maven, on Fedora java-17-openjdk-headless and maven \
                 (found: {missing})\n\
                 \x20 3. a container engine that answers, Docker or Podman (found: {engine})"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A directory with programs that are one line of shell each.
    struct Programs(PathBuf);

    impl Programs {
        fn new(name: &str, programs: &[(&str, &str)]) -> Self {
            let dir = std::env::temp_dir().join(format!("way-{name}-{}", std::process::id()));
            for (program, line) in programs {
                let file = dir.join(program);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                // Not by us: a file that is open for writing, in a child that another test is just
                // starting, cannot be run.
                let write = r##"printf '#!/bin/sh\n%s\n' "$2" >"$1" && chmod 755 "$1""##;
                let shell = std::process::Command::new("/bin/sh")
                    .args(["-c", write, "sh"])
                    .arg(&file)
                    .arg(line)
                    .status();
                assert!(shell.unwrap().success());
            }
            Self(dir)
        }

        fn environment(&self) -> Environment {
            Environment {
                path: self.0.clone().into(),
                cache: self.0.join("cache"),
                ..Environment::default()
            }
        }
    }

    impl Drop for Programs {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    const JAVA_17: &str = "echo 'openjdk version \"17.0.1\"' >&2";
    const JAVA_21: &str = "echo 'openjdk version \"21.0.1\"' >&2";

    #[tokio::test]
    async fn a_named_cluster_wins_over_all_else() {
        let programs = Programs::new("named", &[("java", JAVA_17), ("mvn", "true")]);
        let environment = Environment {
            contact_points: Some("db".to_owned()),
            ..programs.environment()
        };
        let way = choose(&Builder::new(), &environment).await.unwrap();
        assert!(matches!(way, Way::External(points) if points == ["db:9042"]));
    }

    #[tokio::test]
    async fn java_and_maven_win_over_a_container_engine() {
        let programs = [("java", JAVA_17), ("mvn", "true"), ("docker", "true")];
        let programs = Programs::new("java", &programs);
        let way = choose(&Builder::new(), &programs.environment()).await;
        assert!(matches!(way, Ok(Way::Java(_, Jars::FromMaven(_)))), "{way:?}");
    }

    #[tokio::test]
    async fn jars_in_the_cache_make_maven_needless() {
        let programs = Programs::new("cache", &[("java", JAVA_17), ("cache/5.0.6/complete", "")]);
        let way = choose(&Builder::new(), &programs.environment()).await;
        assert!(matches!(way, Ok(Way::Java(_, Jars::Cached(_)))), "{way:?}");
    }

    #[tokio::test]
    async fn an_engine_counts_only_if_it_answers() {
        let programs = [("docker", "exit 1"), ("podman", "test \"$1\" = info")];
        let programs = Programs::new("engine", &programs);
        let way = choose(&Builder::new(), &programs.environment()).await;
        let Ok(Way::Container(engine)) = way else {
            panic!("{way:?}");
        };
        assert_eq!(engine.program.file_name(), Path::new("podman").file_name());
    }

    #[tokio::test]
    async fn with_nothing_at_hand_the_error_names_the_three_ways() {
        let programs = [("java", JAVA_21), ("docker", "exit 1")];
        let programs = Programs::new("nothing", &programs);
        let error = choose(&Builder::new(), &programs.environment())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoWayToStart);
        let text = error.to_string();
        for part in ["CASSANDRA_CONTACT_POINTS", "is Java 21", "no mvn", "docker info"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
