use scripted_cassandra::{Action, Consistency, ErrorFrame, Match, Opcode};
use scylla::errors::{DbError, OperationType, RequestAttemptError, WriteType};
use scylla::statement::Consistency as Level;

use crate::support::{INSERT, attempt, builder, cluster, db_error, insert, query, session};

#[tokio::test]
async fn each_error_arrives_with_all_its_fields() {
    let cluster = builder(1).rate_limit_error(0x7000).start().await.unwrap();
    let session = session(&cluster).await;
    let prepared = session.prepare(INSERT).await.unwrap();
    let quorum = Consistency::QUORUM;
    let write_timeout = |write_type: &str, expected| {
        let frame = ErrorFrame::write_timeout(quorum, 1, 2, write_type);
        let expected = DbError::WriteTimeout {
            consistency: Level::Quorum,
            received: 1,
            required: 2,
            write_type: expected,
        };
        (frame, expected)
    };
    let plain = |code, expected| (ErrorFrame::code(code, "m"), expected);
    let cases = [
        plain(0x0000, DbError::ServerError),
        plain(0x000A, DbError::ProtocolError),
        plain(0x0100, DbError::AuthenticationError),
        plain(0x1001, DbError::Overloaded),
        plain(0x1002, DbError::IsBootstrapping),
        plain(0x1003, DbError::TruncateError),
        plain(0x2000, DbError::SyntaxError),
        plain(0x2100, DbError::Unauthorized),
        plain(0x2200, DbError::Invalid),
        plain(0x2300, DbError::ConfigError),
        plain(0x1600, DbError::Other(0x1600)),
        plain(0x4711, DbError::Other(0x4711)),
        (
            ErrorFrame::cas_write_unknown(quorum, 1, 2),
            DbError::Other(0x1700),
        ),
        (
            ErrorFrame::unavailable(Consistency::LOCAL_QUORUM, 3, 2),
            DbError::Unavailable {
                consistency: Level::LocalQuorum,
                required: 3,
                alive: 2,
            },
        ),
        write_timeout("SIMPLE", WriteType::Simple),
        write_timeout("BATCH", WriteType::Batch),
        write_timeout("UNLOGGED_BATCH", WriteType::UnloggedBatch),
        write_timeout("BATCH_LOG", WriteType::BatchLog),
        write_timeout("COUNTER", WriteType::Counter),
        write_timeout("CAS", WriteType::Cas),
        write_timeout("VIEW", WriteType::View),
        write_timeout("CDC", WriteType::Cdc),
        write_timeout("NEW", WriteType::Other("NEW".to_owned())),
        (
            ErrorFrame::read_timeout(quorum, 1, 2, true),
            DbError::ReadTimeout {
                consistency: Level::Quorum,
                received: 1,
                required: 2,
                data_present: true,
            },
        ),
        (
            ErrorFrame::read_failure(quorum, 1, 2, 3, false),
            DbError::ReadFailure {
                consistency: Level::Quorum,
                received: 1,
                required: 2,
                numfailures: 3,
                data_present: false,
            },
        ),
        (
            ErrorFrame::write_failure(Consistency::ALL, 1, 3, 2, "SIMPLE"),
            DbError::WriteFailure {
                consistency: Level::All,
                received: 1,
                required: 3,
                numfailures: 2,
                write_type: WriteType::Simple,
            },
        ),
        (
            ErrorFrame::function_failure("ks", "f", &["int", "text"]),
            DbError::FunctionFailure {
                keyspace: "ks".to_owned(),
                function: "f".to_owned(),
                arg_types: vec!["int".to_owned(), "text".to_owned()],
            },
        ),
        (
            ErrorFrame::already_exists("ks", "t"),
            DbError::AlreadyExists {
                keyspace: "ks".to_owned(),
                table: "t".to_owned(),
            },
        ),
        (
            ErrorFrame::rate_limit(0x7000, 1, true),
            DbError::RateLimitReached {
                op_type: OperationType::Write,
                rejected_by_coordinator: true,
            },
        ),
    ];
    for (frame, expected) in cases {
        let rule = cluster
            .on(Match::opcode(Opcode::Execute))
            .times(1)
            .then(frame.message("why"));
        let error = insert(&session, &prepared, 1).await.unwrap_err();
        assert_eq!(db_error(error), (expected, "why".to_owned()));
        assert_eq!(rule.applied(), 1);
        rule.remove();
    }
    assert_eq!(cluster.ledger().executions("INSERT", &1_i32.to_be_bytes()), 0);
    insert(&session, &prepared, 1).await.unwrap();
    assert_eq!(cluster.ledger().executions("INSERT", &1_i32.to_be_bytes()), 1);
}

#[tokio::test]
async fn what_the_driver_cannot_read_arrives_as_such() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    let once = |action: Action| cluster.on(Match::opcode(Opcode::Query)).times(1).then(action);
    let text = "SELECT * FROM ks.t";

    once(
        ErrorFrame::unavailable(Consistency::ONE, 1, 0)
            .fields([0, 1])
            .into(),
    );
    let error = attempt(query(&session, text).await.unwrap_err());
    assert!(
        matches!(error, RequestAttemptError::CqlErrorParseError(_)),
        "{error:?}"
    );

    once(ErrorFrame::unavailable(Consistency(99), 1, 0).into());
    let error = attempt(query(&session, text).await.unwrap_err());
    assert!(
        matches!(error, RequestAttemptError::CqlErrorParseError(_)),
        "{error:?}"
    );

    once(Action::Frame(0x02, Vec::new()));
    let error = attempt(query(&session, text).await.unwrap_err());
    assert!(
        matches!(error, RequestAttemptError::UnexpectedResponse(_)),
        "{error:?}"
    );

    once(Action::Frame(0x08, vec![0, 0, 0, 99]));
    let error = attempt(query(&session, text).await.unwrap_err());
    assert!(
        matches!(error, RequestAttemptError::CqlResultParseError(_)),
        "{error:?}"
    );

    once(Action::Bytes(vec![0xFF; 9]));
    let error = attempt(query(&session, text).await.unwrap_err());
    assert!(
        matches!(error, RequestAttemptError::BrokenConnectionError(_)),
        "{error:?}"
    );
}

#[tokio::test]
async fn warnings_and_traces_come_with_the_answer() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    cluster
        .on(Match::opcode(Opcode::Execute))
        .then(Action::warn(["careful", "slow"]));
    let mut prepared = session.prepare("SELECT * FROM ks.t").await.unwrap();
    prepared.set_tracing(true);
    let result = session.execute_unpaged(&prepared, &[]).await.unwrap();
    assert_eq!(result.warnings().collect::<Vec<_>>(), ["careful", "slow"]);
    assert!(result.tracing_id().is_some());
    assert!(result.is_rows());
    assert!(cluster.ledger().of(Opcode::Execute, "SELECT")[0].tracing);
}
