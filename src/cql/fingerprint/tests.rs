use super::*;

fn text(of: &str) -> String {
    Fingerprint::of(of).text().to_owned()
}

#[test]
fn mon_03_equal_but_for_values_white_space_and_case() {
    for (one, other) in [
        (
            "SELECT a FROM t WHERE k = 1",
            "select A\n from\tT where K=:key -- x",
        ),
        ("SELECT a FROM t WHERE k = 'x'", "SELECT a FROM t WHERE k = $$y$$"),
        (
            "SELECT a FROM t WHERE k = -5 LIMIT 1",
            "SELECT a FROM t WHERE k = 5 LIMIT ?",
        ),
        ("SELECT a FROM t WHERE k = true", "SELECT a FROM t WHERE k = NULL"),
        (
            "SELECT a FROM t WHERE k IN (1, 2, 3)",
            "SELECT a FROM t WHERE k in(?)",
        ),
        (
            "SELECT a FROM t WHERE (a, b) IN ((1, 2), (3, 4))",
            "SELECT a FROM t WHERE (a, b) IN ((?, ?))",
        ),
        ("INSERT INTO t (a) VALUES ([1, 2])", "INSERT INTO t(a) VALUES(?)"),
        (
            "INSERT INTO t (a) VALUES ({'a': 1, 'b': {2}})",
            "INSERT INTO t (a) VALUES ({})",
        ),
        (
            "UPDATE t SET s = s + {1} WHERE k = 1",
            "UPDATE t SET s = s + {2, 3} WHERE k = 4",
        ),
        (
            "UPDATE t USING TIMESTAMP -1 SET a = 1 WHERE k = 1h",
            "UPDATE t USING TIMESTAMP ? SET a=? WHERE k=P1Y",
        ),
        ("SELECT a FROM t", "SELECT a FROM t;;"),
        (
            "CREATE ROLE r WITH PASSWORD = 'secret'",
            "CREATE ROLE r WITH PASSWORD = 'other'",
        ),
    ] {
        assert_eq!(Fingerprint::of(one), Fingerprint::of(other), "{one}");
    }
}

#[test]
fn mon_03_different_for_another_verb_column_table_or_quoted_name() {
    let all = [
        "SELECT a FROM t WHERE k = 1",
        "DELETE a FROM t WHERE k = 1",
        "SELECT b FROM t WHERE k = 1",
        "SELECT a FROM u WHERE k = 1",
        "SELECT a FROM ks.t WHERE k = 1",
        "SELECT a FROM \"t\" WHERE k = 1",
        "SELECT a FROM \"T\" WHERE k = 1",
        "SELECT a FROM t WHERE k > 1",
        "SELECT a FROM t WHERE k IN ?",
        "SELECT a FROM t WHERE k IN (?)",
        "SELECT a, b FROM t WHERE k = 1",
        "UPDATE t SET c = c + 1 WHERE k = 1",
        "UPDATE t SET c = c - 1 WHERE k = 1",
        "INSERT INTO t (a) VALUES (now())",
        "INSERT INTO t (a) VALUES (uuid())",
        "INSERT INTO t (a) VALUES (?)",
        "INSERT INTO t (a, b) VALUES (?, ?)",
    ];
    for (at, one) in all.iter().enumerate() {
        for other in &all[at + 1..] {
            assert_ne!(Fingerprint::of(one), Fingerprint::of(other), "{one}\n{other}");
            assert_ne!(text(one), text(other));
        }
    }
}

#[test]
fn no_literal_is_in_the_text() {
    for secret in [
        "INSERT INTO t (a) VALUES ('s3cret')",
        "INSERT INTO t (a) VALUES ([{'s3cret': now()}])",
        "INSERT INTO t (a) VALUES ($$s3cret$$",
        "SELECT 's3cret",
        "SELECT a FROM t /* s3cret",
        "SELECT a FROM t WHERE k = :s3cret -- s3cret",
        "INSERT INTO t JSON '{\"s3cret\": 1}'",
    ] {
        assert!(!text(secret).contains("s3cret"), "{}", text(secret));
    }
}

#[test]
fn what_is_not_all_values_is_kept_with_its_values_folded() {
    assert_eq!(
        text("INSERT INTO t (a) VALUES ({street: 'x', no: f(1, [2])})"),
        "insert into t(a) values ({street: ?, no: f(?, ?)})"
    );
    assert_eq!(
        text("SELECT a FROM t WHERE k IN (1, now())"),
        "select a from t where k in (?, now())"
    );
    assert_eq!(
        text("UPDATE t SET m['a'] = -1 WHERE k<=5"),
        "update t set m[?] = ? where k <= ?"
    );
    assert_eq!(
        text("SELECT count(*), a AS \"A b\" FROM t;"),
        "select count(*), a as \"A b\" from t"
    );
    assert_eq!(
        text("INSERT INTO t JSON ? DEFAULT NULL"),
        "insert into t json ? default null"
    );
}

#[test]
fn a_long_text_is_cut_off_and_its_hash_is_not() {
    let long = |last: &str| format!("SELECT {} {last} FROM t", "ä, ".repeat(Fingerprint::MAX_TEXT));
    let (one, other) = (Fingerprint::of(&long("a")), Fingerprint::of(&long("b")));
    assert_eq!(one.text(), other.text());
    assert!(one.text().len() <= Fingerprint::MAX_TEXT + '…'.len_utf8() && one.text().ends_with('…'));
    assert_ne!(one, other);
}

#[test]
fn a_batch_is_its_members_without_repetitions() {
    let insert = ["INSERT INTO t (a) VALUES (1)", "INSERT INTO t (a) VALUES (2)"];
    let batch = |members: &[&str]| Fingerprint::of_batch("begin unlogged batch", members.iter().copied());
    assert_eq!(batch(&insert), batch(&insert[..1]));
    assert_eq!(
        batch(&insert).text(),
        "begin unlogged batch insert into t(a) values (?); apply batch"
    );
    assert_ne!(batch(&insert), batch(&[insert[0], "DELETE FROM t WHERE k = 1"]));
}

/// Fingerprints are stored and compared across versions: this file only ever grows.
#[test]
fn fingerprints_stay_what_they_were() {
    let golden = include_str!("golden.txt");
    let mut lines = 0;
    for line in golden.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split(" | ");
        let (hash, normal, text) = (parts.next(), parts.next(), parts.next());
        let fingerprint = Fingerprint::of(text.unwrap());
        assert_eq!(Some(fingerprint.text()), normal);
        assert_eq!(Some(fingerprint.to_string().as_str()), hash, "{line}");
        lines += 1;
    }
    assert!(lines >= 20, "{lines}");
}
