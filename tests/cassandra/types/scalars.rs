//! Numbers, texts, times, ids, bytes, addresses.

use std::f64::consts::PI;
use std::net::IpAddr;

use scylla::value::{CqlDate, CqlDecimal, CqlDuration, CqlTime, CqlTimestamp, CqlTimeuuid, CqlVarint};
use tower_cassandra::scylla;
use uuid::Uuid;

use super::{round_trip, stored};
use crate::support::{Bed, now};

fn decimal(digits: i64, scale: i32) -> CqlDecimal {
    CqlDecimal::from_signed_be_bytes_and_exponent(digits.to_be_bytes().to_vec(), scale)
}

fn varint(n: i64) -> CqlVarint {
    CqlVarint::from_signed_bytes_be(n.to_be_bytes().to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_01_numbers_keep_every_digit() {
    let Some(bed) = Bed::make("typ_01").await else {
        return;
    };
    round_trip(&bed, "tinyint", vec![i8::MIN, 0, i8::MAX]).await;
    round_trip(&bed, "smallint", vec![i16::MIN, 0, i16::MAX]).await;
    round_trip(&bed, "int", vec![i32::MIN, 0, i32::MAX]).await;
    round_trip(&bed, "bigint", vec![i64::MIN, 0, i64::MAX]).await;
    // Bit by bit, which is more than close enough.
    round_trip(&bed, "float", vec![314.0_f32 / 100.0, -314.0 / 100.0, 0.0]).await;
    round_trip(&bed, "double", vec![PI, -PI, f64::MIN_POSITIVE]).await;
    let long = 123_456_789_123_456_789;
    let decimals = vec![decimal(123_456, 3), decimal(-123_456, 3), decimal(long, 9)];
    round_trip(&bed, "decimal", decimals).await;
    let varints = vec![varint(123_456_789), varint(-123_456_789), varint(long), varint(0)];
    round_trip(&bed, "varint", varints).await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_02_texts_come_back_letter_by_letter() {
    let Some(bed) = Bed::make("typ_02").await else {
        return;
    };
    let spaces = " ".repeat(100);
    let texts = [
        "你好世界 🌍",
        "café, naïve, Zürich",
        "",
        &spaces,
        "one\r\ntwo\tthree\0four",
    ];
    for typ in ["text", "varchar"] {
        round_trip(&bed, typ, texts.map(str::to_owned).to_vec()).await;
    }
    round_trip(
        &bed,
        "ascii",
        vec![String::new(), "plain\r\n\t".to_owned(), spaces.clone()],
    )
    .await;
    let null = stored::<Option<&str>, String>(&bed, "text", vec![None, Some("")]).await;
    assert_eq!(null, [None, Some(String::new())]);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_03_times_keep_their_precision() {
    let Some(bed) = Bed::make("typ_03").await else {
        return;
    };
    let timestamps = [
        now().0,
        946_684_800_000,
        2_147_483_647_000,
        0,
        -1,
        i64::MIN,
        i64::MAX,
    ];
    round_trip(&bed, "timestamp", timestamps.map(CqlTimestamp).to_vec()).await;
    // Days, with 1970-01-01 in the middle: 2000-01-01, 2038-01-19, the first and the last.
    let epoch = 1_u32 << 31;
    let dates = [epoch, epoch + 10_957, epoch + 24_855, 0, u32::MAX];
    round_trip(&bed, "date", dates.map(CqlDate).to_vec()).await;
    let second = 1_000_000_000_i64;
    let times = [
        0,
        (14 * 3_600 + 30 * 60 + 45) * second + 123_000_000,
        86_399 * second + 999_999_000,
        86_400 * second - 1,
    ];
    round_trip(&bed, "time", times.map(CqlTime).to_vec()).await;
    // What the server makes of the same times.
    bed.run("CREATE TABLE times (id int PRIMARY KEY, t timestamp, d date, o time)")
        .await;
    bed.run(
        "INSERT INTO times (id, t, d, o) VALUES (1, '2000-01-01T00:00:00Z', '2038-01-19', '14:30:45.123')",
    )
    .await;
    let read = bed.session.execute("SELECT t, d, o FROM times").await.unwrap();
    assert_eq!(
        read.one::<(CqlTimestamp, CqlDate, CqlTime)>().unwrap(),
        Some((
            CqlTimestamp(946_684_800_000),
            CqlDate(epoch + 24_855),
            CqlTime(times[1])
        ))
    );
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_04_ids_come_back_and_those_of_the_server_are_right() {
    let Some(bed) = Bed::make("typ_04").await else {
        return;
    };
    let version_1 = Uuid::from_fields(
        0x5895_2b48,
        0x9ea4,
        0x11ee,
        &[0xb9, 0xd1, 2, 0x42, 0xac, 0x12, 0, 2],
    );
    round_trip(&bed, "uuid", vec![Uuid::new_v4(), version_1, Uuid::nil()]).await;
    round_trip(&bed, "timeuuid", vec![CqlTimeuuid::from(version_1)]).await;
    bed.run("CREATE TABLE ids (id uuid PRIMARY KEY, t timeuuid)")
        .await;
    bed.run("INSERT INTO ids (id, t) VALUES (uuid(), now())").await;
    let insert = bed.prepare("INSERT INTO ids (id, t) VALUES (?, ?)").await;
    let ours = (Uuid::new_v4(), CqlTimeuuid::from(version_1));
    bed.session.execute(insert.bind(ours).unwrap()).await.unwrap();
    let response = bed.session.execute("SELECT id, t FROM ids").await.unwrap();
    let rows = response.rows::<(Uuid, CqlTimeuuid)>().unwrap();
    assert_eq!(rows.len(), 2);
    for (id, t) in rows {
        assert_eq!((id.get_version_num(), Uuid::from(t).get_version_num()), (4, 1));
    }
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_05_bytes_and_truth() {
    let Some(bed) = Bed::make("typ_05").await else {
        return;
    };
    let blobs = vec![b"Hello World".to_vec(), vec![0, 1, 2, 3, 0xff], Vec::new()];
    round_trip(&bed, "blob", blobs).await;
    let read = stored::<Option<Vec<u8>>, Vec<u8>>(&bed, "blob", vec![None, Some(vec![])]).await;
    assert_eq!(read, [None, Some(vec![])]);
    let read = stored::<Option<bool>, bool>(&bed, "boolean", vec![Some(true), Some(false), None]).await;
    assert_eq!(read, [Some(true), Some(false), None]);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_06_addresses_of_both_kinds() {
    let Some(bed) = Bed::make("typ_06").await else {
        return;
    };
    bed.run("CREATE TABLE hosts (id int PRIMARY KEY, a inet, b inet)")
        .await;
    let insert = bed.prepare("INSERT INTO hosts (id, a, b) VALUES (?, ?, ?)").await;
    let select = bed.prepare("SELECT a, b FROM hosts WHERE id = ?").await;
    let pairs = [
        ("192.168.1.1", "10.0.0.1"),
        ("8.8.8.8", "1.1.1.1"),
        ("::1", "fe80::1"),
        ("2001:db8::8a2e:370:7334", "2001:db8::1"),
        ("::ffff:192.0.2.128", "::"),
    ];
    for (id, (a, b)) in (0..).zip(pairs) {
        let pair: (IpAddr, IpAddr) = (a.parse().unwrap(), b.parse().unwrap());
        let row = (id, pair.0, pair.1);
        bed.session.execute(insert.bind(row).unwrap()).await.unwrap();
        let response = bed.session.execute(select.bind((id,)).unwrap()).await.unwrap();
        assert_eq!(response.one::<(IpAddr, IpAddr)>().unwrap(), Some(pair));
    }
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typ_11_what_is_no_number_is_kept() {
    let Some(bed) = Bed::make("typ_11").await else {
        return;
    };
    let floats = vec![f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -0.0];
    let read = stored::<f32, f32>(&bed, "float", floats.clone()).await;
    for (written, read) in floats.into_iter().zip(read) {
        assert_eq!(read.map(f32::to_bits), Some(written.to_bits()));
    }
    let doubles = vec![f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.0];
    let read = stored::<f64, f64>(&bed, "double", doubles.clone()).await;
    for (written, read) in doubles.into_iter().zip(read) {
        assert_eq!(read.map(f64::to_bits), Some(written.to_bits()));
    }
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn durations_keep_months_days_and_nanoseconds_apart() {
    let Some(bed) = Bed::make("durations").await else {
        return;
    };
    let duration = |months, days, nanoseconds| CqlDuration {
        months,
        days,
        nanoseconds,
    };
    let durations = vec![
        duration(0, 0, 0),
        duration(14, 3, 4_500_000_000),
        duration(-1, -2, -3),
        duration(i32::MAX, i32::MAX, i64::MAX),
    ];
    round_trip(&bed, "duration", durations).await;
    bed.run("CREATE TABLE d (id int PRIMARY KEY, v duration)").await;
    bed.run("INSERT INTO d (id, v) VALUES (1, 1y2mo3d4s500ms)").await;
    let read = bed.session.execute("SELECT v FROM d").await.unwrap();
    let read = read.one::<(CqlDuration,)>().unwrap().unwrap().0;
    assert_eq!(read, duration(14, 3, 4_500_000_000));
    bed.done().await;
}
