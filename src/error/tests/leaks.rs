use std::error::Error as _;

use tower_cassandra_layers::Applied;
use uuid::Uuid;

use super::*;
use crate::error::{AttemptError, ErrorKind};

#[test]
fn neither_display_nor_debug_quotes_the_server_or_the_statement() {
    let mut carried = 0;
    for line in table::lines() {
        let error = line.error;
        let exposed = error.source().map(|source| format!("{source}"));
        carried += usize::from(exposed.is_some_and(|text| text.contains(SECRET)));
        for text in [format!("{error}"), format!("{error:?}"), format!("{error:#?}")] {
            assert!(!text.contains(SECRET), "{}: {text}", line.id);
        }
    }
    assert!(carried > 30, "only {carried} lines had something to hide");
}

#[test]
fn attempts_do_not_quote_either() {
    let failure = error(db(DbError::Invalid)).judge(Nature::Write);
    let figures = tower_cassandra_layers::classify::AttemptFigures {
        number: 1,
        node: None,
        queued: std::time::Duration::ZERO,
        pause: std::time::Duration::ZERO,
        elapsed: std::time::Duration::ZERO,
        failure,
    };
    let error = Error::accumulate(None, error(db(DbError::Invalid)), &figures);
    let attempt = &error.attempts()[0];
    for text in [format!("{error:?}"), format!("{attempt}"), format!("{attempt:?}")] {
        assert!(!text.contains(SECRET), "{text}");
    }
    assert!(attempt.source().unwrap().to_string().contains(SECRET));
}

#[test]
fn display_is_one_lower_case_line_with_the_numbers() {
    let node = Some(Uuid::from_u128(7));
    let error = Error::from_execution(db(write_timeout("SIMPLE")), Nature::Write, node);
    assert_eq!(
        error.to_string(),
        "write timeout on the server, code 0x1100, consistency Quorum, required 2, received 1, write type SIMPLE, \
         node 00000000-0000-0000-0000-000000000007, possibly applied"
    );
    for line in table::lines() {
        let text = line.error.to_string();
        assert!(
            text.starts_with(|c: char| c.is_lowercase()) && !text.contains('\n'),
            "{text}"
        );
    }
    let config = Error::config("size", 0, "one or more");
    assert_eq!(
        config.to_string(),
        "invalid configuration: `size` cannot be 0: give one or more"
    );
    assert_eq!(
        Error::protocol_version(4, 5).to_string(),
        "protocol version not available: version 4 is spoken, 5 required"
    );
}

#[test]
fn every_field_of_the_server_survives_every_way() {
    let all = |server: DbError| {
        let message = || SECRET.to_owned();
        [
            Error::from_execution(db(server.clone()), Nature::Write, None),
            Error::from_attempt(
                RequestAttemptError::DbError(server.clone(), message()),
                Nature::Read,
                None,
            ),
            Error::from_prepare(
                PrepareError::AllAttemptsFailed {
                    first_attempt: RequestAttemptError::DbError(server, message()),
                },
                Nature::Prepare,
                None,
            ),
        ]
    };
    for error in all(unavailable()) {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.message(), Some(SECRET));
        assert_eq!(error.code(), Some(0x1000));
        assert_eq!(error.consistency(), Some(Consistency::Quorum));
        assert_eq!(
            (error.required(), error.alive(), error.received()),
            (Some(2), Some(1), None)
        );
    }
    for error in all(read_failure()) {
        assert_eq!(
            (error.received(), error.required(), error.failures()),
            (Some(1), Some(2), Some(1))
        );
        assert_eq!((error.code(), error.data_present()), (Some(0x1300), Some(true)));
    }
    for error in all(read_timeout(1, false)) {
        assert_eq!(
            (error.code(), error.received(), error.data_present()),
            (Some(0x1200), Some(1), Some(false))
        );
        assert!(error.is_timeout());
    }
    for error in all(write_failure("CDC")) {
        assert_eq!(error.write_type(), Some(&WriteType::Cdc));
        assert_eq!((error.code(), error.failures()), (Some(0x1500), Some(1)));
    }
    for error in all(DbError::FunctionFailure {
        keyspace: "shop".to_owned(),
        function: "f".to_owned(),
        arg_types: vec!["int".to_owned()],
    }) {
        assert_eq!((error.keyspace(), error.function()), (Some("shop"), Some("f")));
        assert_eq!(error.arg_types(), Some(&["int".to_owned()][..]));
    }
    for table in ["users", ""] {
        for error in all(DbError::AlreadyExists {
            keyspace: "shop".to_owned(),
            table: table.to_owned(),
        }) {
            assert_eq!(error.keyspace(), Some("shop"));
            assert_eq!(error.table().unwrap_or_default(), table);
            assert_eq!(error.table().is_some(), !table.is_empty());
        }
    }
    for error in all(DbError::Unprepared {
        statement_id: vec![7].into(),
    }) {
        assert_eq!(error.statement_id(), Some(&[7][..]));
    }
    for error in all(DbError::Other(0x1600)) {
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Other(0x1600), Some(0x1600))
        );
        assert_eq!(error.label(), "other");
        assert!(error.is_unclassified());
    }
}

#[test]
fn it_is_one_pointer_and_goes_everywhere() {
    fn everywhere<T: Send + Sync + Clone + std::error::Error + 'static>() {}
    everywhere::<Error>();
    everywhere::<AttemptError>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Error>>(), size_of::<usize>());
    let error = error(db(unavailable()));
    assert!(Arc::ptr_eq(&error.0, &error.clone().0));
}

#[test]
fn the_driver_s_error_is_wrapped_once() {
    let error = error(db(unavailable()));
    let source = error.source().unwrap();
    assert!(source.is::<RequestAttemptError>());
    assert!(source.source().is_none());
    assert!(!error.to_string().contains(&source.to_string()));
    assert_eq!(error.applied(), Applied::No);
}
