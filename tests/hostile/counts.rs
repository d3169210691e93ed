//! Numbers in an answer that cannot be true.

use scripted_cassandra::{Action, Match};
use tower_cassandra::{ClusterBuilder, ErrorKind, Row};

use crate::table::server;

/// Room is reserved by the number of rows, so a number that cannot be true must not get as far as that.
#[tokio::test]
async fn rows_that_there_are_no_bytes_for_are_an_error_and_not_a_reservation() {
    let cluster = server().await;
    let session = ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .no_health_check()
        .connect()
        .await
        .unwrap();
    let answer = |columns: i32, rows: i32, bytes: &[u8]| {
        // Rows; the table is named once.
        let mut body = [2, 1, columns].map(i32::to_be_bytes).concat();
        body.extend(b"\0\x02ks\0\x01t");
        for _ in 0..columns {
            // A column `v` of type int.
            body.extend(b"\0\x01v\0\x09");
        }
        body.extend(rows.to_be_bytes());
        body.extend(bytes);
        Action::Frame(8, body)
    };
    let null = [0xFF; 4];
    for (columns, rows, bytes, good) in [
        (1, 1, &null[..], true),
        (0, 0, &[][..], true),
        (1, 2, &null[..], false),
        (1, i32::MAX, &null[..], false),
        (2, 1, &null[..], false),
        (0, 1, &[][..], false),
        (0, i32::MAX, &null[..], false),
    ] {
        let _ = cluster
            .on(Match::any().statement("SELECT v FROM ks.t"))
            .then(answer(columns, rows, bytes));
        let result = session.execute("SELECT v FROM ks.t").await;
        let place = format!("{columns} columns, {rows} rows: {result:?}");
        match result {
            Ok(response) => {
                assert!(good, "{place}");
                assert_eq!(
                    response.rows::<Row>().unwrap().len(),
                    usize::try_from(rows).unwrap()
                );
            }
            Err(error) => assert!(!good && error.kind() == ErrorKind::Decode, "{place}"),
        }
        cluster.clear_rules();
    }
}
