//! Just enough of a client to ask a node about the cluster. The driver under test must not be the
//! judge of whether the cluster is ready.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const LIMIT: Duration = Duration::from_secs(5);

/// No answer of a system table comes near.
const MAX_FRAME: usize = 16 << 20;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Consistency {
    One = 1,
    All = 5,
}

pub(crate) type Row = Vec<Option<Vec<u8>>>;

#[derive(Debug)]
pub(crate) struct Connection(TcpStream);

impl Connection {
    /// Connects and logs in.
    pub(crate) async fn open(address: &str, credentials: Option<(&str, &str)>) -> io::Result<Self> {
        limited(async {
            let mut this = Self(TcpStream::connect(address).await?);
            let mut body = Vec::new();
            body.extend(1_u16.to_be_bytes());
            put_string(&mut body, "CQL_VERSION");
            put_string(&mut body, "3.0.0");
            match this.ask(0x01, &body).await? {
                (0x02, _) => Ok(this),
                (0x03, _) => {
                    let (user, password) =
                        credentials.ok_or_else(|| other("the node asks for a password"))?;
                    let token = format!("\0{user}\0{password}");
                    let mut body = Vec::new();
                    put_bytes(&mut body, token.as_bytes());
                    match this.ask(0x0F, &body).await? {
                        (0x10, _) => Ok(this),
                        (opcode, _) => Err(other(format!("answered a login by {opcode:#04x}"))),
                    }
                }
                (opcode, _) => Err(other(format!("answered STARTUP by {opcode:#04x}"))),
            }
        })
        .await
    }

    pub(crate) async fn rows(&mut self, query: &str, at: Consistency) -> io::Result<Vec<Row>> {
        limited(async {
            let mut body = Vec::new();
            put_bytes(&mut body, query.as_bytes());
            body.extend((at as u16).to_be_bytes());
            body.push(0);
            match self.ask(0x07, &body).await? {
                (0x08, body) => Reader(&body).rows(),
                (opcode, _) => Err(other(format!("answered a query by {opcode:#04x}"))),
            }
        })
        .await
    }

    async fn ask(&mut self, opcode: u8, body: &[u8]) -> io::Result<(u8, Vec<u8>)> {
        let mut frame = vec![4, 0, 0, 0, opcode];
        put_bytes(&mut frame, body);
        self.0.write_all(&frame).await?;

        let mut header = [0; 9];
        self.0.read_exact(&mut header).await?;
        let opcode = header[4];
        let length = u32::from_be_bytes([header[5], header[6], header[7], header[8]]) as usize;
        if length > MAX_FRAME {
            return Err(other("not an answer of a Cassandra node"));
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        if opcode == 0 {
            let mut reader = Reader(&body);
            let code = reader.int()?;
            return Err(other(format!("{} (code {code:#06x})", reader.string()?)));
        }
        Ok((opcode, body))
    }
}

async fn limited<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(LIMIT, work)
        .await
        .unwrap_or_else(|_| Err(other(format!("no answer within {LIMIT:?}"))))
}

fn put_string(to: &mut Vec<u8>, text: &str) {
    to.extend((text.len() as u16).to_be_bytes());
    to.extend(text.as_bytes());
}

fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend((bytes.len() as u32).to_be_bytes());
    to.extend(bytes);
}

fn other(message: impl Into<String>) -> io::Error {
    io::Error::other(message.into())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(taken)
    }

    fn short(&mut self) -> io::Result<u16> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn int(&mut self) -> io::Result<i32> {
        let bytes = self.take(4)?;
        Ok(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn string(&mut self) -> io::Result<String> {
        let length = self.short()?;
        Ok(String::from_utf8_lossy(self.take(length.into())?).into_owned())
    }

    fn rows(mut self) -> io::Result<Vec<Row>> {
        const ROWS: i32 = 2;
        const GLOBAL_TABLE: i32 = 1;
        const SIMPLE_TYPES: std::ops::RangeInclusive<u16> = 0x01..=0x15;

        if self.int()? != ROWS {
            return Ok(Vec::new());
        }
        let flags = self.int()?;
        let columns = self.int()?;
        if flags & GLOBAL_TABLE != 0 {
            self.string()?;
            self.string()?;
        }
        for _ in 0..columns {
            if flags & GLOBAL_TABLE == 0 {
                self.string()?;
                self.string()?;
            }
            self.string()?;
            if !SIMPLE_TYPES.contains(&self.short()?) {
                return Err(other("a column of a type this client does not know"));
            }
        }
        let count = self.int()?;
        (0..count)
            .map(|_| (0..columns).map(|_| self.cell()).collect())
            .collect()
    }

    fn cell(&mut self) -> io::Result<Option<Vec<u8>>> {
        match usize::try_from(self.int()?) {
            Ok(length) => Ok(Some(self.take(length)?.to_vec())),
            Err(_) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_nulls_kept() {
        let mut body = Vec::new();
        for int in [2_i32, 1, 2] {
            body.extend(int.to_be_bytes());
        }
        for name in ["system", "local", "a"] {
            put_string(&mut body, name);
        }
        body.extend(0x0C_u16.to_be_bytes());
        put_string(&mut body, "b");
        body.extend(0x0D_u16.to_be_bytes());
        body.extend(1_i32.to_be_bytes());
        put_bytes(&mut body, b"xy");
        body.extend((-1_i32).to_be_bytes());

        let rows = Reader(&body).rows().unwrap();
        assert_eq!(rows, [vec![Some(b"xy".to_vec()), None]]);
        assert!(Reader(&body[..body.len() - 1]).rows().is_err());
    }
}
