//! Addresses and ports, taken before a node is started.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};

use crate::error::{Error, ErrorKind};

/// Where nodes talk to each other.
pub(crate) const STORAGE_PORT: u16 = 7000;

/// The most nodes of one cluster: each block has this many management ports.
pub(crate) const MAX_NODES: usize = 64;

/// Blocks tried when none was asked for. The first ones are left to people.
const BLOCKS: std::ops::RangeInclusive<u8> = 10..=249;

/// A block of addresses, `127.0.<block>.1` and up, that no other starter on this machine gives out
/// for as long as this lives.
#[derive(Debug)]
pub(crate) struct Reservation {
    block: u8,
    // The kernel is the one lock that all processes and users share, and that nobody leaves behind.
    _guard: TcpListener,
}

impl Reservation {
    pub(crate) fn address(&self, node: usize) -> Ipv4Addr {
        address(self.block, node)
    }

    pub(crate) fn jmx_port(&self, node: usize) -> u16 {
        jmx_port(self.block, node)
    }
}

/// Takes the wanted block, or else the first free one.
pub(crate) fn reserve(wanted: Option<u8>, nodes: usize, client_port: u16) -> Result<Reservation, Error> {
    if let Some(block) = wanted {
        return take(block, nodes, client_port).map_err(|taken| taken.into_error(None));
    }
    let mut first = None;
    for block in BLOCKS {
        match take(block, nodes, client_port) {
            Ok(reservation) => return Ok(reservation),
            Err(taken) if taken.source.kind() == io::ErrorKind::AddrInUse => {
                first.get_or_insert(taken);
            }
            // An address that is not there, or not allowed, will not be in the next block either.
            Err(taken) => return Err(taken.into_error(None)),
        }
    }
    let hint = "every block of addresses has one in use: does a server listen on all addresses? \
                Choose another client port, or stop it";
    Err(match first {
        Some(taken) => taken.into_error(Some(hint)),
        None => Error::new(ErrorKind::Address, hint),
    })
}

struct Taken {
    at: SocketAddrV4,
    what: &'static str,
    source: io::Error,
}

impl Taken {
    fn into_error(self, hint: Option<&str>) -> Error {
        let Self { at, what, source } = self;
        let mut message = match source.kind() {
            io::ErrorKind::AddrInUse => format!("{at} ({what}) is in use"),
            io::ErrorKind::AddrNotAvailable => format!(
                "{at} ({what}) is not an address of this machine; only Linux answers on all of \
                 127.0.0.0/8, elsewhere add an alias for it to the loopback interface \
                 (macOS: sudo ifconfig lo0 alias {})",
                at.ip()
            ),
            _ => format!("{at} ({what}) cannot be used"),
        };
        if let Some(hint) = hint {
            message.push_str("; ");
            message.push_str(hint);
        }
        Error::with_source(ErrorKind::Address, message, source)
    }
}

fn take(block: u8, nodes: usize, client_port: u16) -> Result<Reservation, Taken> {
    let bind = |ip: Ipv4Addr, port: u16, what: &'static str| {
        let at = SocketAddrV4::new(ip, port);
        TcpListener::bind(at).map_err(|source| Taken { at, what, source })
    };
    let guard = bind(
        Ipv4Addr::new(127, 0, block, 254),
        STORAGE_PORT,
        "the mark of another local cluster",
    )?;
    for node in 0..nodes {
        let ip = address(block, node);
        bind(ip, client_port, "for clients")?;
        bind(ip, STORAGE_PORT, "between nodes")?;
        bind(Ipv4Addr::LOCALHOST, jmx_port(block, node), "for management")?;
    }
    Ok(Reservation { block, _guard: guard })
}

fn address(block: u8, node: usize) -> Ipv4Addr {
    let last = u8::try_from(node + 1).expect("at most MAX_NODES nodes");
    Ipv4Addr::new(127, 0, block, last)
}

/// All management ports are on one address, so they are told apart by block. They stay below the
/// ports that the kernel hands out to clients.
fn jmx_port(block: u8, node: usize) -> u16 {
    let node = u16::try_from(node).expect("at most MAX_NODES nodes");
    10_000 + u16::from(block) * MAX_NODES as u16 + node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clusters_never_get_the_same_block() {
        let one = reserve(None, 1, 9042).unwrap();
        let two = reserve(None, 1, 9042).unwrap();
        assert_ne!(one.block, two.block);
        let error = reserve(Some(one.block), 1, 9042).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Address);
        assert!(error.to_string().contains("another local cluster"), "{error}");
    }

    #[test]
    fn a_port_in_use_is_named() {
        let _other = TcpListener::bind("127.0.251.2:9042").unwrap();
        let error = reserve(Some(251), 3, 9042).unwrap_err();
        assert!(error.to_string().contains("127.0.251.2:9042"), "{error}");
    }

    #[test]
    fn management_ports_do_not_overlap() {
        assert_eq!(jmx_port(10, MAX_NODES - 1) + 1, jmx_port(11, 0));
        assert!(jmx_port(u8::MAX, MAX_NODES - 1) < 32_768);
    }
}
