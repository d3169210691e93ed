use crate::opcode::Consistency;
use crate::wire::Put;

/// The body of an ERROR frame: a code, a message, and the fields of that code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ErrorFrame {
    code: i32,
    message: String,
    fields: Vec<u8>,
}

macro_rules! without_fields {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(message: impl Into<String>) -> Self {
            Self::code($code, message)
        })*
    };
}

impl ErrorFrame {
    /// An error without fields, of a code that need not exist.
    #[must_use]
    pub fn code(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: Vec::new(),
        }
    }

    without_fields! {
        /// 0x0000, a mistake in the server.
        server_error = 0x0000;
        /// 0x000A, a frame that must not be.
        protocol_error = 0x000A;
        /// 0x0100, wrong user or password.
        bad_credentials = 0x0100;
        /// 0x1001, too much to do.
        overloaded = 0x1001;
        /// 0x1002, the node is still starting.
        bootstrapping = 0x1002;
        /// 0x1003, a TRUNCATE failed.
        truncate_error = 0x1003;
        /// 0x1600, the log of changes is full.
        cdc_write_failure = 0x1600;
        /// 0x2000, a text that is not CQL.
        syntax_error = 0x2000;
        /// 0x2100, a user without the right.
        unauthorized = 0x2100;
        /// 0x2200, a statement that makes no sense.
        invalid = 0x2200;
        /// 0x2300, a wrong configuration.
        config_error = 0x2300;
    }

    fn with_fields(code: i32, message: &str, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut frame = Self::code(code, message);
        write(&mut frame.fields);
        frame
    }

    /// 0x1000, too few replicas are alive to begin.
    #[must_use]
    pub fn unavailable(consistency: Consistency, required: i32, alive: i32) -> Self {
        Self::with_fields(0x1000, "Cannot achieve consistency level", |out| {
            out.put_u16(consistency.0);
            out.put_i32(required);
            out.put_i32(alive);
        })
    }

    /// 0x1100, too few replicas answered a write in time. The write type is any string.
    #[must_use]
    pub fn write_timeout(consistency: Consistency, received: i32, required: i32, write_type: &str) -> Self {
        Self::with_fields(0x1100, "Operation timed out", |out| {
            put_counts(out, consistency, received, required);
            out.put_string(write_type);
        })
    }

    /// 0x1200, too few replicas answered a read in time.
    #[must_use]
    pub fn read_timeout(consistency: Consistency, received: i32, required: i32, data_present: bool) -> Self {
        Self::with_fields(0x1200, "Operation timed out", |out| {
            put_counts(out, consistency, received, required);
            out.put_u8(data_present.into());
        })
    }

    /// 0x1300, replicas failed at a read.
    #[must_use]
    pub fn read_failure(
        consistency: Consistency,
        received: i32,
        required: i32,
        failures: i32,
        data_present: bool,
    ) -> Self {
        Self::with_fields(0x1300, "Operation failed", |out| {
            put_counts(out, consistency, received, required);
            out.put_i32(failures);
            out.put_u8(data_present.into());
        })
    }

    /// 0x1400, a function failed.
    #[must_use]
    pub fn function_failure(keyspace: &str, function: &str, argument_types: &[&str]) -> Self {
        Self::with_fields(0x1400, "execution of the function failed", |out| {
            out.put_string(keyspace);
            out.put_string(function);
            out.put_string_list(argument_types);
        })
    }

    /// 0x1500, replicas failed at a write. The write type is any string.
    #[must_use]
    pub fn write_failure(
        consistency: Consistency,
        received: i32,
        required: i32,
        failures: i32,
        write_type: &str,
    ) -> Self {
        Self::with_fields(0x1500, "Operation failed", |out| {
            put_counts(out, consistency, received, required);
            out.put_i32(failures);
            out.put_string(write_type);
        })
    }

    /// 0x1700, a conditional write of which nobody knows whether it was done.
    #[must_use]
    pub fn cas_write_unknown(consistency: Consistency, received: i32, required: i32) -> Self {
        Self::with_fields(0x1700, "CAS operation result is unknown", |out| {
            put_counts(out, consistency, received, required);
        })
    }

    /// 0x2400, what was to be created is there; a keyspace if the table is empty.
    #[must_use]
    pub fn already_exists(keyspace: &str, table: &str) -> Self {
        Self::with_fields(0x2400, "Cannot add what already exists", |out| {
            out.put_string(keyspace);
            out.put_string(table);
        })
    }

    /// 0x2500, an id that the node does not know.
    #[must_use]
    pub fn unprepared(id: &[u8]) -> Self {
        Self::with_fields(0x2500, "Prepared query not found", |out| out.put_short_bytes(id))
    }

    /// The rate limit error of ScyllaDB, by the code of
    /// [`Builder::rate_limit_error`](crate::Builder::rate_limit_error). Operation 0 is a read, 1 a write.
    #[must_use]
    pub fn rate_limit(code: i32, operation: u8, rejected_by_coordinator: bool) -> Self {
        Self::with_fields(code, "Rate limit reached", |out| {
            out.put_u8(operation);
            out.put_u8(rejected_by_coordinator.into());
        })
    }

    /// The same with another message.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The same with other bytes for the fields, such as too few.
    #[must_use]
    pub fn fields(mut self, fields: impl Into<Vec<u8>>) -> Self {
        self.fields = fields.into();
        self
    }

    pub(crate) fn error_code(&self) -> i32 {
        self.code
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.put_i32(self.code);
        out.put_string(&self.message);
        out.put(&self.fields);
    }
}

fn put_counts(out: &mut Vec<u8>, consistency: Consistency, received: i32, required: i32) {
    out.put_u16(consistency.0);
    out.put_i32(received);
    out.put_i32(required);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_come_before_the_last_field() {
        let frame = ErrorFrame::write_failure(Consistency::QUORUM, 1, 2, 3, "CAS").message("m");
        let mut out = Vec::new();
        frame.write(&mut out);
        let expected = [
            0, 0, 0x15, 0, 0, 1, b'm', 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 3, b'C', b'A', b'S',
        ];
        assert_eq!(out, expected);
    }
}
