//! What the tests look at from outside.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

pub(crate) const STARTUP: [u8; 31] = *b"\x04\0\0\0\x01\0\0\0\x16\0\x01\0\x0bCQL_VERSION\0\x053.0.0";
pub(crate) const READY: u8 = 0x02;
pub(crate) const AUTHENTICATE: u8 = 0x03;

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The kind of the node's answer to a client that introduces itself.
pub(crate) async fn greet(address: &str) -> Option<u8> {
    greet_within(PATIENCE, address).await
}

/// The same of a node that is to say nothing for so long.
pub(crate) async fn greet_within(limit: Duration, address: &str) -> Option<u8> {
    let talk = async {
        let mut node = TcpStream::connect(address).await.ok()?;
        node.write_all(&STARTUP).await.ok()?;
        let mut header = [0; 9];
        node.read_exact(&mut header).await.ok()?;
        (header[0] == 0x84).then_some(header[4])
    };
    timeout(limit, talk).await.ok().flatten()
}

/// Whether it becomes so in time.
pub(crate) async fn eventually(limit: Duration, mut so: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < limit {
        if so() {
            return true;
        }
        sleep(Duration::from_millis(50)).await;
    }
    so()
}

/// The ids of all processes with this text in their command lines.
pub(crate) fn processes_with(text: &str) -> Vec<u32> {
    let here = std::process::id();
    std::fs::read_dir("/proc")
        .expect("a system with /proc")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != here)
        .filter(|pid: &u32| {
            let line = std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline"));
            line.is_ok_and(|line| String::from_utf8_lossy(&line).contains(text))
        })
        .collect()
}

pub(crate) fn text_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
