//! No process outlives the one that asked for it.
//!
//! Each child is started by a small `sh` that reads a pipe from us. However we end, by `SIGKILL` for
//! one, the kernel closes our end; the script then kills its child and removes its directory.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

/// Longer than the kernel takes to give back the memory of a large heap.
const GONE_WITHIN: Duration = Duration::from_secs(60);

/// What a supervisor runs, and what it leaves.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) dir: PathBuf,
    pub(crate) keep: bool,
    pub(crate) log: PathBuf,
    /// A shell command that is run at the end.
    pub(crate) cleanup: String,
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug)]
pub(crate) struct Supervisor {
    pipes: Mutex<Option<Pipes>>,
    script: Mutex<Option<Child>>,
    pid: Mutex<Option<u32>>,
    dir: PathBuf,
    keep: bool,
}

#[derive(Debug)]
struct Pipes {
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Supervisor {
    /// Starts the script only; its command runs at the order [`start`](Self::start).
    pub(crate) fn spawn(task: &Task) -> io::Result<Self> {
        let mut script = Command::new("/bin/sh")
            .arg("-c")
            .arg(include_str!("supervise.sh"))
            .arg("local-cassandra-supervisor")
            .arg(&task.dir)
            .arg(if task.keep { "keep" } else { "remove" })
            .arg(&task.log)
            .arg(&task.cleanup)
            .args(&task.command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A signal to our process group, KILL even, is for us and not for the cleanup.
            .process_group(0)
            .spawn()?;
        let pipes = script.stdin.take().zip(script.stdout.take());
        Ok(Self {
            pipes: Mutex::new(pipes.map(|(orders, answers)| Pipes {
                orders,
                answers: BufReader::new(answers),
            })),
            script: Mutex::new(Some(script)),
            pid: Mutex::new(None),
            dir: task.dir.clone(),
            keep: task.keep,
        })
    }

    /// Runs the command, after ending a run that was still going on. Returns its process id.
    pub(crate) fn start(&self) -> io::Result<u32> {
        let answer = self.order("start")?;
        let pid = answer.parse().map_err(|_| unexpected(&answer))?;
        *lock(&self.pid) = Some(pid);
        Ok(pid)
    }

    /// The process id of the last run.
    pub(crate) fn pid(&self) -> Option<u32> {
        *lock(&self.pid)
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.order("alive").is_ok_and(|answer| answer == "yes")
    }

    /// Stops the process in the kernel's sense: it stays, and does nothing.
    pub(crate) fn freeze(&self) -> io::Result<()> {
        self.signal("freeze")
    }

    pub(crate) fn resume(&self) -> io::Result<()> {
        self.signal("resume")
    }

    /// Ends the process; blocks until it is gone.
    pub(crate) fn kill(&self) -> io::Result<()> {
        self.signal("kill")
    }

    fn signal(&self, order: &str) -> io::Result<()> {
        match self.order(order)?.as_str() {
            "done" => Ok(()),
            "dead" => Err(io::Error::other("the process is not running")),
            answer => Err(unexpected(answer)),
        }
    }

    fn order(&self, order: &str) -> io::Result<String> {
        let mut pipes = lock(&self.pipes);
        let pipes = pipes.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        pipes.orders.write_all(format!("{order}\n").as_bytes())?;
        let mut answer = String::new();
        if pipes.answers.read_line(&mut answer)? == 0 {
            return Err(io::Error::other("the node's supervisor has ended"));
        }
        Ok(answer.trim_end().to_owned())
    }

    /// Tells the script that we are done, without waiting for what it then does.
    pub(crate) fn release(&self) {
        // Were the script itself killed, nobody else would end its child.
        if let Some(script) = &mut *lock(&self.script)
            && let Ok(Some(_)) = script.try_wait()
        {
            self.end_orphan();
        }
        lock(&self.pipes).take();
    }

    /// After [`release`](Self::release): until everything is gone, but not for ever.
    pub(crate) fn wait(&self) {
        let Some(mut script) = lock(&self.script).take() else {
            return;
        };
        let (done, gone) = mpsc::channel();
        std::thread::spawn(move || {
            let _ = script.wait();
            let _ = done.send(());
        });
        let _ = gone.recv_timeout(GONE_WITHIN);
    }

    fn end_orphan(&self) {
        if let Some(pid) = lock(&self.pid).take() {
            // The number may be another's by now, so look at who it is.
            let dir = self.dir.as_os_str().as_encoded_bytes();
            let ours = std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline"))
                .is_ok_and(|line| line.windows(dir.len()).any(|part| part == dir));
            if ours {
                let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
            }
        }
        if !self.keep {
            self.remove_files();
        }
    }

    /// As the script does at its end: the last node of a cluster takes with it what they shared.
    fn remove_files(&self) {
        let _ = std::fs::remove_dir_all(&self.dir);
        let nodes = self.dir.parent().filter(|nodes| nodes.ends_with("nodes"));
        if let Some(nodes) = nodes
            && std::fs::remove_dir(nodes).is_ok()
            && let Some(base) = nodes.parent()
        {
            let _ = std::fs::remove_dir_all(base);
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.release();
        self.wait();
    }
}

fn unexpected(answer: &str) -> io::Error {
    io::Error::other(format!("the node's supervisor answered {answer:?}"))
}

/// A panic elsewhere leaves nothing half done here, so poison means nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::time::{sleep, timeout};

    use super::*;

    /// Runs `tail -f`, which waits for ever and names the directory in its command line as nodes do.
    fn supervised(name: &str, keep: bool) -> (Supervisor, PathBuf) {
        let base = std::env::temp_dir().join(format!("supervise-{name}-{}", std::process::id()));
        let dir = base.join("nodes").join("1");
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("file");
        std::fs::write(&file, "").unwrap();
        let task = Task {
            keep,
            log: dir.join("log"),
            dir,
            cleanup: String::new(),
            command: vec!["tail".into(), "-f".into(), file.into()],
        };
        (Supervisor::spawn(&task).unwrap(), base)
    }

    async fn until(so: impl Fn() -> bool) {
        let wait = async {
            while !so() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(60), wait).await.expect("so");
    }

    fn proc_file(pid: u32, name: &str) -> String {
        let path = Path::new("/proc").join(pid.to_string()).join(name);
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// Right after its start the process is still a copy of the script, and ignores signals as that does.
    async fn start(supervisor: &Supervisor) -> u32 {
        let pid = supervisor.start().unwrap();
        until(|| proc_file(pid, "cmdline").starts_with("tail")).await;
        pid
    }

    async fn gone(pid: u32) {
        until(|| {
            let status = proc_file(pid, "status");
            status.is_empty() || status.contains("State:\tZ")
        })
        .await;
    }

    #[tokio::test]
    async fn the_end_takes_the_process_and_its_files_even_if_it_is_frozen() {
        let (supervisor, base) = supervised("end", false);
        let pid = start(&supervisor).await;
        assert!(supervisor.is_alive());
        supervisor.freeze().unwrap();
        assert!(supervisor.is_alive());
        drop(supervisor);
        gone(pid).await;
        assert!(!base.exists());
    }

    #[tokio::test]
    async fn a_start_ends_the_run_before() {
        let (supervisor, base) = supervised("again", true);
        let first = start(&supervisor).await;
        let second = start(&supervisor).await;
        gone(first).await;
        assert!(supervisor.is_alive());
        supervisor.kill().unwrap();
        assert!(!supervisor.is_alive());
        assert!(supervisor.freeze().is_err());
        drop(supervisor);
        gone(second).await;
        assert!(base.join("nodes/1/file").exists());
        std::fs::remove_dir_all(base).unwrap();
    }

    #[tokio::test]
    async fn a_process_that_ends_by_itself_is_noticed() {
        let (supervisor, _) = supervised("itself", false);
        let pid = start(&supervisor).await;
        let kill = Command::new("kill").arg(pid.to_string()).status();
        assert!(kill.unwrap().success());
        until(|| !supervisor.is_alive()).await;
    }

    #[tokio::test]
    async fn the_process_ends_even_if_its_supervisor_was_killed() {
        let (supervisor, base) = supervised("orphan", false);
        let pid = start(&supervisor).await;
        if let Some(script) = &mut *lock(&supervisor.script) {
            script.kill().unwrap();
            script.wait().unwrap();
        }
        assert!(!supervisor.is_alive());
        drop(supervisor);
        gone(pid).await;
        assert!(!base.exists());
    }
}
