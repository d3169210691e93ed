//! What the server said besides the code: every field of the driver's variants.

use scylla::errors::{DbError, OperationType, WriteType};
use scylla::statement::Consistency;

use super::Error;

#[derive(Default)]
struct Facts<'a> {
    code: Option<i32>,
    consistency: Option<Consistency>,
    received: Option<i32>,
    required: Option<i32>,
    alive: Option<i32>,
    failures: Option<i32>,
    data_present: Option<bool>,
    write_type: Option<&'a WriteType>,
    keyspace: Option<&'a str>,
    table: Option<&'a str>,
    function: Option<&'a str>,
    arg_types: Option<&'a [String]>,
    statement_id: Option<&'a [u8]>,
    operation: Option<&'a OperationType>,
    rejected_by_coordinator: Option<bool>,
}

/// The fields of a [`DbError`], by name. All accessors below are of this kind: `None` where the answer has no such
/// field.
#[deny(clippy::wildcard_enum_match_arm)]
fn of(error: &DbError) -> Facts<'_> {
    let code = |code| Facts {
        code: Some(code),
        ..Facts::default()
    };
    match error {
        DbError::ServerError => code(0x0000),
        DbError::ProtocolError => code(0x000A),
        DbError::AuthenticationError => code(0x0100),
        DbError::Unavailable {
            consistency,
            required,
            alive,
        } => Facts {
            consistency: Some(*consistency),
            required: Some(*required),
            alive: Some(*alive),
            ..code(0x1000)
        },
        DbError::Overloaded => code(0x1001),
        DbError::IsBootstrapping => code(0x1002),
        DbError::TruncateError => code(0x1003),
        DbError::WriteTimeout {
            consistency,
            received,
            required,
            write_type,
        } => Facts {
            consistency: Some(*consistency),
            received: Some(*received),
            required: Some(*required),
            write_type: Some(write_type),
            ..code(0x1100)
        },
        DbError::ReadTimeout {
            consistency,
            received,
            required,
            data_present,
        } => Facts {
            consistency: Some(*consistency),
            received: Some(*received),
            required: Some(*required),
            data_present: Some(*data_present),
            ..code(0x1200)
        },
        DbError::ReadFailure {
            consistency,
            received,
            required,
            numfailures,
            data_present,
        } => Facts {
            consistency: Some(*consistency),
            received: Some(*received),
            required: Some(*required),
            failures: Some(*numfailures),
            data_present: Some(*data_present),
            ..code(0x1300)
        },
        DbError::FunctionFailure {
            keyspace,
            function,
            arg_types,
        } => Facts {
            keyspace: Some(keyspace),
            function: Some(function),
            arg_types: Some(arg_types),
            ..code(0x1400)
        },
        DbError::WriteFailure {
            consistency,
            received,
            required,
            numfailures,
            write_type,
        } => Facts {
            consistency: Some(*consistency),
            received: Some(*received),
            required: Some(*required),
            failures: Some(*numfailures),
            write_type: Some(write_type),
            ..code(0x1500)
        },
        DbError::SyntaxError => code(0x2000),
        DbError::Unauthorized => code(0x2100),
        DbError::Invalid => code(0x2200),
        DbError::ConfigError => code(0x2300),
        DbError::AlreadyExists { keyspace, table } => Facts {
            keyspace: Some(keyspace),
            // The server sends an empty name when it is the keyspace that exists.
            table: Some(table.as_str()).filter(|name| !name.is_empty()),
            ..code(0x2400)
        },
        DbError::Unprepared { statement_id } => Facts {
            statement_id: Some(statement_id),
            ..code(0x2500)
        },
        // Its code is negotiated per connection, and the driver does not tell it.
        DbError::RateLimitReached {
            op_type,
            rejected_by_coordinator,
        } => Facts {
            operation: Some(op_type),
            rejected_by_coordinator: Some(*rejected_by_coordinator),
            ..Facts::default()
        },
        DbError::Other(other) => code(*other),
        _ => Facts::default(),
    }
}

/// What a server answered. Each of these is `None` where the answer has no such field, or where there was none.
impl Error {
    fn facts(&self) -> Facts<'_> {
        self.0
            .core
            .answer()
            .map_or_else(Facts::default, |(error, _)| of(error))
    }

    /// The code of the protocol.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.facts().code
    }

    /// The server's message. It may quote the statement, so it is not part of `Display` and `Debug`.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.core.answer().map(|(_, message)| message)
    }

    /// The consistency level that was not reached.
    #[must_use]
    pub fn consistency(&self) -> Option<Consistency> {
        self.facts().consistency
    }

    /// How many replicas answered.
    #[must_use]
    pub fn received(&self) -> Option<i32> {
        self.facts().received
    }

    /// How many replicas had to be alive, or to answer.
    #[must_use]
    pub fn required(&self) -> Option<i32> {
        self.facts().required
    }

    /// How many replicas are alive.
    #[must_use]
    pub fn alive(&self) -> Option<i32> {
        self.facts().alive
    }

    /// How many replicas failed.
    #[must_use]
    pub fn failures(&self) -> Option<i32> {
        self.facts().failures
    }

    /// Did the replica answer that was to send the data, and not only a digest?
    #[must_use]
    pub fn data_present(&self) -> Option<bool> {
        self.facts().data_present
    }

    /// Which part of a write it was.
    #[must_use]
    pub fn write_type(&self) -> Option<&WriteType> {
        self.facts().write_type
    }

    /// The keyspace that exists already, or that of the function that failed.
    #[must_use]
    pub fn keyspace(&self) -> Option<&str> {
        self.facts().keyspace
    }

    /// The table that exists already. `None` if it is the keyspace.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        self.facts().table
    }

    /// The function that failed.
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        self.facts().function
    }

    /// The types of the arguments of the function that failed.
    #[must_use]
    pub fn arg_types(&self) -> Option<&[String]> {
        self.facts().arg_types
    }

    /// The id of the prepared statement that the server does not know.
    #[must_use]
    pub fn statement_id(&self) -> Option<&[u8]> {
        self.facts().statement_id
    }

    /// What the server's rate limit refused.
    #[must_use]
    pub fn operation(&self) -> Option<&OperationType> {
        self.facts().operation
    }

    /// Did the coordinator refuse by its rate limit, and no replica? Then nothing was applied.
    #[must_use]
    pub fn rejected_by_coordinator(&self) -> Option<bool> {
        self.facts().rejected_by_coordinator
    }
}
