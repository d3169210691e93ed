//! `Display` and `Debug`, by hand: neither may hold what the server or the driver's errors quote.

use std::fmt;

use scylla::errors::WriteType;
use tower_cassandra_layers::Applied;

use super::Error;
use super::source::Detail;

/// The write type as the protocol spells it. An unknown one is text of the server, which we do not repeat.
const fn spelled(write_type: &WriteType) -> &'static str {
    match write_type {
        WriteType::Simple => "SIMPLE",
        WriteType::Batch => "BATCH",
        WriteType::UnloggedBatch => "UNLOGGED_BATCH",
        WriteType::Counter => "COUNTER",
        WriteType::BatchLog => "BATCH_LOG",
        WriteType::Cas => "CAS",
        WriteType::View => "VIEW",
        WriteType::Cdc => "CDC",
        WriteType::Other(_) => "unknown",
    }
}

/// Writes `, name value` for each fact that is there.
struct Numbers<'a>(&'a Error);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.0;
        if let Some(code) = error.code() {
            write!(f, ", code 0x{code:04x}")?;
        }
        if let Some(consistency) = error.consistency() {
            write!(f, ", consistency {consistency}")?;
        }
        for (name, number) in [
            ("required", error.required()),
            ("alive", error.alive()),
            ("received", error.received()),
            ("failed", error.failures()),
        ] {
            if let Some(number) = number {
                write!(f, ", {name} {number}")?;
            }
        }
        if let Some(data_present) = error.data_present() {
            f.write_str(if data_present { ", with data" } else { ", no data" })?;
        }
        if let Some(write_type) = error.write_type() {
            write!(f, ", write type {}", spelled(write_type))?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        match &self.0.core.detail {
            Detail::None => {}
            Detail::Timeout { limit, waited: None } => write!(f, ": {limit}")?,
            Detail::Timeout {
                limit,
                waited: Some(waited),
            } => write!(f, ": {limit}, waited {waited:?}")?,
            Detail::Rejected(reason) => write!(f, ": {}", reason.label())?,
            Detail::Config(config) => write!(f, ": {config}")?,
            Detail::Protocol { negotiated, required } => {
                write!(f, ": version {negotiated} is spoken, {required} required")?
            }
            #[cfg(feature = "config")]
            Detail::Setting(setting) => write!(f, ": {setting}")?,
            Detail::Tls(failure) => write!(f, ": TLS: {failure}")?,
            Detail::Text(text) => write!(f, ": {text}")?,
        }
        write!(f, "{}", Numbers(self))?;
        if let Some(node) = self.node() {
            write!(f, ", node {node}")?;
        }
        match self.attempts().len() {
            0 | 1 => {}
            attempts => write!(f, ", {attempts} attempts")?,
        }
        match self.applied() {
            Applied::No => Ok(()),
            Applied::Maybe => f.write_str(", possibly applied"),
            Applied::Yes => f.write_str(", applied"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("applied", &self.applied())
            .field("advice", &self.advice())
            .field("stopped", &self.0.stop)
            .field("text", &format_args!("{self}"))
            .field("attempts", &self.attempts())
            .finish_non_exhaustive()
    }
}
