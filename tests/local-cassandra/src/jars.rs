//! The server's jars: fetched once per version by Maven and shared by all processes of this user.

use std::fs::{self, File};
use std::io::ErrorKind as IoKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use tokio::time::{Instant, sleep};

use crate::environment::Environment;
use crate::error::{Error, ErrorKind};
use crate::log;
use crate::progress::Progress;
use crate::supervise::{Supervisor, Task};

const POLL: Duration = Duration::from_millis(100);
const NEWS_EVERY: Duration = Duration::from_secs(10);
const FETCH_WITHIN: Duration = Duration::from_secs(15 * 60);

/// Written last, so that its presence means that all else is there.
const MARK: &str = "complete";

/// Where the jars of a version are, if they have been fetched.
pub(crate) fn cached(environment: &Environment, version: &str) -> Option<PathBuf> {
    let dir = environment.cache.join(version);
    dir.join(MARK).exists().then_some(dir)
}

/// The directory of the jars, after fetching them if need be.
pub(crate) async fn fetch(
    environment: &Environment,
    maven: &Path,
    version: &str,
    progress: &Progress,
) -> Result<PathBuf, Error> {
    let cache = &environment.cache;
    fs::create_dir_all(cache).map_err(Error::at(cache))?;
    let _lock = lock(&cache.join(format!("{version}.lock")), version, progress).await?;
    // Another process may have done it while this one waited.
    if let Some(dir) = cached(environment, version) {
        return Ok(dir);
    }

    let work = cache.join(format!(".fetch-{version}"));
    remove(&work)?;
    let jars = work.join("jars");
    fs::create_dir_all(&jars).map_err(Error::at(&jars))?;
    let pom = work.join("pom.xml");
    fs::write(&pom, project(version)).map_err(Error::at(&pom))?;

    progress.say(format!(
        "fetching Cassandra {version} (about 64 MB, only once) into {}",
        cache.display()
    ));
    let began = Instant::now();
    // Its end removes the working directory.
    let _fetch = run_maven(maven, &work, version, progress).await?;

    let mark = jars.join(MARK);
    fs::write(&mark, "").map_err(Error::at(&mark))?;
    let dir = cache.join(version);
    remove(&dir)?;
    fs::rename(&jars, &dir).map_err(Error::at(&dir))?;
    progress.say(format!("fetched in {:.1} s", began.elapsed().as_secs_f32()));
    Ok(dir)
}

async fn run_maven(
    maven: &Path,
    work: &Path,
    version: &str,
    progress: &Progress,
) -> Result<Supervisor, Error> {
    let jars = work.join("jars");
    let output = work.join("maven.log");
    let mut target = std::ffi::OsString::from("-DoutputDirectory=");
    target.push(&jars);
    let mut file = std::ffi::OsString::from("--file=");
    file.push(work.join("pom.xml"));
    // Supervised like a node: Maven is a JVM as well, and may hang on a network.
    let fetch = Supervisor::spawn(&Task {
        dir: work.to_owned(),
        keep: false,
        log: output.clone(),
        cleanup: String::new(),
        command: vec![
            maven.into(),
            "--batch-mode".into(),
            "--no-transfer-progress".into(),
            "-Dstyle.color=never".into(),
            file,
            "dependency:copy-dependencies".into(),
            "-DincludeScope=runtime".into(),
            target,
        ],
    })
    .and_then(|fetch| fetch.start().map(|_| fetch))
    .map_err(|error| Error::with_source(ErrorKind::Fetch, "cannot run Maven", error))?;

    let began = Instant::now();
    let mut news = began + NEWS_EVERY;
    while fetch.is_alive() {
        sleep(POLL).await;
        if began.elapsed() > FETCH_WITHIN {
            return Err(failed(version, "did not end in time", &output));
        }
        if Instant::now() > news {
            news += NEWS_EVERY;
            let count = fs::read_dir(&jars).map_or(0, Iterator::count);
            progress.say(format!("still fetching, {count} jars so far"));
        }
    }
    let said = fs::read_to_string(&output).unwrap_or_default();
    let server = jars.join(format!("cassandra-all-{version}.jar"));
    if said.contains("BUILD SUCCESS") && server.exists() {
        Ok(fetch)
    } else {
        Err(failed(version, "failed", &output))
    }
}

fn failed(version: &str, how: &str, output: &Path) -> Error {
    Error::new(
        ErrorKind::Fetch,
        format!(
            "fetching Cassandra {version} by Maven {how}. Does the version exist, and can Maven \
             reach a repository (~/.m2/settings.xml)? Its last lines:\n{}",
            log::tail(output)
        ),
    )
}

async fn lock(path: &Path, version: &str, progress: &Progress) -> Result<File, Error> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(Error::at(path))?;
    let mut told = false;
    // Asked again and again rather than waited for, so that a caller can give up.
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(Errno::WOULDBLOCK) => {
                if !told {
                    told = true;
                    progress.say(format!("another process is fetching Cassandra {version}"));
                }
                sleep(POLL).await;
            }
            Err(error) => return Err(Error::at(path)(error.into())),
        }
    }
}

fn remove(dir: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != IoKind::NotFound => Err(Error::at(dir)(error)),
        _ => Ok(()),
    }
}

fn project(version: &str) -> String {
    format!(
        "<project>\
         <modelVersion>4.0.0</modelVersion>\
         <groupId>local.cassandra</groupId><artifactId>jars</artifactId><version>1</version>\
         <packaging>pom</packaging>\
         <dependencies><dependency>\
         <groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId>\
         <version>{version}</version>\
         </dependency></dependencies>\
         </project>\n"
    )
}
