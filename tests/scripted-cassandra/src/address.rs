//! Loopback addresses that no other cluster on this machine has.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};

use uuid::Uuid;

use crate::error::Error;

/// The most nodes of one cluster. The last addresses of a block are not for nodes.
pub(crate) const MAX_NODES: usize = 250;

/// A block `127.x.y.*` with a listener for each node. It is taken for as long as the mark lives.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) listeners: Vec<TcpListener>,
    pub(crate) mark: TcpListener,
}

const TRIES: u16 = 64;

/// Takes a block that is free, beginning at a random one.
pub(crate) fn take(nodes: usize, port: u16) -> Result<Block, Error> {
    let mut last = None;
    for _ in 0..TRIES {
        let [x, y, ..] = Uuid::new_v4().into_bytes();
        // The first numbers are left to people and to clusters of real nodes, which are below 127.1.
        match bind(x % 200 + 20, y, nodes, port) {
            Ok(block) => return Ok(block),
            Err((at, error)) if error.kind() == io::ErrorKind::AddrInUse => last = Some((at, error)),
            Err((at, error)) => return Err(Error::io(format!("cannot listen on {at}"), error)),
        }
    }
    Err(match last {
        Some((at, error)) => Error::io(format!("no free block of addresses, such as {at}"), error),
        None => Error::new("no free block of addresses"),
    })
}

fn bind(x: u8, y: u8, nodes: usize, port: u16) -> Result<Block, (SocketAddrV4, io::Error)> {
    let listen = |last: usize| {
        let last = u8::try_from(last).unwrap_or(u8::MAX);
        let at = SocketAddrV4::new(Ipv4Addr::new(127, x, y, last), port);
        TcpListener::bind(at).map_err(|error| (at, error))
    };
    let mark = listen(254)?;
    let listeners: Result<_, _> = (1..=nodes).map(listen).collect();
    Ok(Block {
        listeners: listeners?,
        mark,
    })
}
