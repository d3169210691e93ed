//! Nothing of the database is in what callers get: not in bodies, headers, messages or metadata.

use std::fmt::Write;

use axum_core::response::IntoResponse;
use tonic::Status;
use tower_cassandra::Error;
use tower_cassandra::scylla::errors::{DbError, OperationType, WriteType};
use tower_cassandra::scylla::statement::Consistency;
use tower_cassandra::test_util::{error, server_error};

use crate::{KINDS, text};

const SESAME: &str = "sesame";

/// Answers of a server that quote something in every place there is.
fn telling() -> Vec<Error> {
    let sesame = || SESAME.to_owned();
    let consistency = Consistency::LocalQuorum;
    let errors = [
        DbError::SyntaxError,
        DbError::Invalid,
        DbError::AlreadyExists {
            keyspace: sesame(),
            table: sesame(),
        },
        DbError::FunctionFailure {
            keyspace: sesame(),
            function: sesame(),
            arg_types: vec![sesame()],
        },
        DbError::AuthenticationError,
        DbError::Unauthorized,
        DbError::ConfigError,
        DbError::Unavailable {
            consistency,
            required: 2,
            alive: 1,
        },
        DbError::Overloaded,
        DbError::IsBootstrapping,
        DbError::TruncateError,
        DbError::ReadTimeout {
            consistency,
            received: 0,
            required: 1,
            data_present: false,
        },
        DbError::WriteTimeout {
            consistency,
            received: 0,
            required: 1,
            write_type: WriteType::Other(sesame()),
        },
        DbError::Unprepared {
            statement_id: SESAME.as_bytes().to_vec().into(),
        },
        DbError::ServerError,
        DbError::ProtocolError,
        DbError::RateLimitReached {
            op_type: OperationType::Other(7),
            rejected_by_coordinator: true,
        },
        DbError::Other(0x1600),
    ];
    let message =
        "org.apache.cassandra.exceptions.InvalidRequestException: table ks.sesame, SELECT v FROM ks.sesame";
    errors.map(|error| server_error(error, message)).into()
}

async fn outside(error: Error) -> String {
    let status = Status::from(error.clone());
    let mut all = format!("{} ", status.message());
    let _ = write!(all, "{:?} {:?} ", status.metadata(), status.details());
    let response = error.into_response();
    let _ = write!(all, "{:?} ", response.headers());
    all + &text(response).await
}

#[tokio::test]
async fn no_words_of_the_database_reach_a_caller() {
    for error in KINDS.map(error).into_iter().chain(telling()) {
        let said = format!("{error:?}");
        let outside = outside(error).await.to_lowercase();
        for forbidden in [
            SESAME,
            "cassandra",
            "exception",
            "select",
            "table",
            "keyspace",
            "made for a test",
            "cql",
            "authentic",
            "password",
            "apache",
            "0x",
            "127.0.0.1",
        ] {
            assert!(
                !outside.contains(forbidden),
                "{forbidden} in {outside:?} of {said}"
            );
        }
    }
}
