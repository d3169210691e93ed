//! Which Java runs the nodes, and with which arguments.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::builder::Jit;
use crate::environment::Environment;

/// What Cassandra 4.1 and 5.0 run on.
const VERSIONS: [u32; 2] = [11, 17];

const EXPORTS: [&str; 9] = [
    "java.base/jdk.internal.misc",
    "java.base/java.lang.ref",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "jdk.unsupported/sun.misc",
    "jdk.compiler/com.sun.tools.javac.file",
    "jdk.attach/sun.tools.attach",
];

const OPENS: [&str; 17] = [
    "java.base/java.lang",
    "java.base/java.lang.module",
    "java.base/java.lang.reflect",
    "java.base/java.io",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/sun.nio.ch",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.util.jar",
    "jdk.management/com.sun.management.internal",
    "jdk.compiler/com.sun.tools.javac",
];

#[derive(Clone, Debug)]
pub(crate) struct Java {
    pub(crate) program: PathBuf,
}

impl Java {
    /// Looks at `home`, else `JAVA_HOME`, else the search path. The error says what was found.
    pub(crate) async fn find(environment: &Environment, home: Option<&Path>) -> Result<Self, String> {
        let program = match home.or(environment.java_home.as_deref()) {
            Some(home) => home.join("bin").join("java"),
            None => environment
                .program("java")
                .ok_or("no java in PATH, and JAVA_HOME is not set")?,
        };
        let shown = program.display();
        let output = tokio::process::Command::new(&program)
            .arg("-version")
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| format!("{shown} cannot be run: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        match major_version(&said) {
            Some(major) if VERSIONS.contains(&major) => Ok(Self { program }),
            Some(major) => Err(format!(
                "{shown} is Java {major}, but Cassandra runs on Java 11 or 17"
            )),
            None => Err(format!("{shown} -version said {:?}", said.trim())),
        }
    }

    pub(crate) fn keytool(&self) -> PathBuf {
        let beside = self.program.with_file_name("keytool");
        if beside.exists() {
            beside
        } else {
            PathBuf::from("keytool")
        }
    }
}

/// From `openjdk version "17.0.15" 2025-04-15` or `java version "1.8.0_402"`.
fn major_version(said: &str) -> Option<u32> {
    let quoted = said.split("version \"").nth(1)?;
    let mut numbers = quoted.split(|c: char| !c.is_ascii_digit());
    match numbers.next()?.parse().ok()? {
        1 => numbers.next()?.parse().ok(),
        major => Some(major),
    }
}

/// The `java` command line of one node, program included.
pub(crate) struct NodeProcess<'a> {
    pub(crate) java: &'a Java,
    pub(crate) jars: &'a Path,
    pub(crate) dir: &'a Path,
    pub(crate) jmx_port: u16,
    pub(crate) heap_mb: u32,
    pub(crate) jit: Jit,
}

impl NodeProcess<'_> {
    pub(crate) fn server(&self) -> Vec<OsString> {
        let heap = self.heap_mb;
        let mut line = self.common();
        line.push(join("-javaagent:", &agent(self.jars)));
        line.extend([format!("-Xms{heap}M"), format!("-Xmx{heap}M")].map(OsString::from));
        line.extend(
            [
                "-Xss512k",
                "-Djdk.attach.allowAttachSelf=true",
                "-Dio.netty.tryReflectionSetAccessible=true",
                "-Dcassandra-foreground=yes",
                "-Dcassandra.superuser_setup_delay_ms=0",
                "-Dcassandra.skip_wait_for_gossip_to_settle=0",
                "-Dcassandra.ring_delay_ms=500",
                // Two libraries that would otherwise talk to hosts on the internet or the network.
                "-Dchronicle.analytics.disable=true",
                "-Dchronicle.announcer.disable=true",
            ]
            .map(OsString::from),
        );
        if self.jit == Jit::Fast {
            line.push("-XX:TieredStopAtLevel=1".into());
        }
        line.push(format!("-Dcassandra.jmx.local.port={}", self.jmx_port).into());
        line.push(file_url(
            "-Dcassandra.config=",
            &self.dir.join("conf/cassandra.yaml"),
        ));
        line.push(file_url(
            "-Dlogback.configurationFile=",
            &self.dir.join("conf/logback.xml"),
        ));
        for (property, path) in [
            ("-Dcassandra.storagedir=", self.dir.to_owned()),
            ("-Dcassandra.logdir=", self.dir.to_owned()),
            ("-XX:ErrorFile=", self.dir.join("jvm-error.log")),
        ] {
            line.push(join(property, &path));
        }
        line.push("org.apache.cassandra.service.CassandraDaemon".into());
        line
    }

    pub(crate) fn node_tool(&self) -> Vec<OsString> {
        let mut line = self.common();
        line.push("-XX:TieredStopAtLevel=1".into());
        line.push("-Xmx128M".into());
        line.push(file_url(
            "-Dlogback.configurationFile=",
            &self.dir.join("conf/tools.xml"),
        ));
        line.push("org.apache.cassandra.tools.NodeTool".into());
        line.push("-p".into());
        line.push(self.jmx_port.to_string().into());
        line
    }

    fn common(&self) -> Vec<OsString> {
        let temp = self.dir.join("tmp");
        let mut line: Vec<OsString> = vec![
            self.java.program.clone().into(),
            "-XX:+UseSerialGC".into(),
            // Nodes end by SIGKILL: nothing may be written where it would stay behind.
            "-XX:-UsePerfData".into(),
            join("-Djava.io.tmpdir=", &temp),
            join("-Djna.tmpdir=", &temp),
            join("-Duser.home=", &temp),
        ];
        for module in EXPORTS {
            line.extend(["--add-exports".into(), format!("{module}=ALL-UNNAMED").into()]);
        }
        for module in OPENS {
            line.extend(["--add-opens".into(), format!("{module}=ALL-UNNAMED").into()]);
        }
        let mut class_path = self.dir.join("conf").into_os_string();
        class_path.push(":");
        class_path.push(self.jars.join("*"));
        line.extend(["-cp".into(), class_path]);
        line
    }
}

/// The agent that measures objects; its version depends on that of Cassandra.
fn agent(jars: &Path) -> PathBuf {
    std::fs::read_dir(jars)
        .into_iter()
        .flatten()
        .flatten()
        .find(|entry| entry.file_name().as_encoded_bytes().starts_with(b"jamm-"))
        .map_or_else(|| jars.join("jamm.jar"), |entry| entry.path())
}

fn join(before: &str, path: &Path) -> OsString {
    let mut text: OsString = before.into();
    text.push(path);
    text
}

fn file_url(property: &str, path: &Path) -> OsString {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    let mut url = format!("{property}file://");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            url.push(byte.into());
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_in_their_old_and_new_forms() {
        let debian = "openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime Environment";
        assert_eq!(major_version(debian), Some(17));
        assert_eq!(major_version("java version \"1.8.0_402\""), Some(8));
        assert_eq!(major_version("openjdk version \"21\" 2023-09-19"), Some(21));
        let options = "Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version \"11.0.2\"";
        assert_eq!(major_version(options), Some(11));
        assert_eq!(major_version("no such thing"), None);
    }

    #[test]
    fn a_path_with_a_space_makes_a_url() {
        assert_eq!(file_url("-Dx=", Path::new("/a b/c")), "-Dx=file:///a%20b/c");
    }
}
