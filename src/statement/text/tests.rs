use super::*;

fn table(text: &str) -> Option<(Option<String>, String)> {
    TextFacts::read(text).table
}

#[test]
fn the_verb_is_the_first_word_outside_of_comments() {
    for (text, verb) in [
        ("SELECT * FROM t", Verb::Select),
        ("  -- DELETE\n /* DROP */ select 1", Verb::Select),
        ("insert into t (a) values (1)", Verb::Insert),
        (
            "BEGIN BATCH INSERT INTO t (a) VALUES (1) APPLY BATCH",
            Verb::Batch,
        ),
        ("BEGIN UNLOGGED BATCH APPLY BATCH", Verb::UnloggedBatch),
        ("begin counter batch apply batch", Verb::CounterBatch),
        ("CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY)", Verb::Schema),
        ("use shop", Verb::Use),
        ("TRUNCATE t", Verb::Truncate),
        ("LIST ROLES", Verb::Other),
        ("", Verb::Other),
    ] {
        assert_eq!(TextFacts::read(text).verb, verb, "{text}");
    }
}

#[test]
fn a_condition_is_seen_only_where_it_is_one() {
    for (text, conditional) in [
        ("INSERT INTO t (a) VALUES (?) IF NOT EXISTS", true),
        ("UPDATE t SET a = 1 WHERE k = 2 IF a = 3", true),
        ("DELETE FROM t WHERE k = 1 if exists", true),
        ("BEGIN BATCH UPDATE t SET a=1 WHERE k=1 IF a=2 APPLY BATCH", true),
        ("INSERT INTO t (a) VALUES ('IF NOT EXISTS')", false),
        ("INSERT INTO t (a) VALUES ('it''s IF')", false),
        ("UPDATE t SET \"IF\" = 1 WHERE k = 2", false),
        ("UPDATE t SET a = $$ IF $$ WHERE k = 2", false),
        ("UPDATE t SET a = 1 /* IF */ WHERE k = 2 -- IF", false),
        ("CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY)", false),
        ("DROP TABLE IF EXISTS t", false),
    ] {
        assert_eq!(TextFacts::read(text).conditional, conditional, "{text}");
    }
}

#[test]
fn a_write_that_adds_is_seen() {
    for (text, adds) in [
        ("UPDATE t SET n = n + 1 WHERE k = 1", true),
        ("UPDATE t SET n = n - ? WHERE k = 1", true),
        ("UPDATE t SET n += 1 WHERE k = 1", true),
        (
            "BEGIN UNLOGGED BATCH UPDATE t SET n=n+1 WHERE k=1 APPLY BATCH",
            true,
        ),
        ("UPDATE t SET a = '+' /* + */ WHERE k = 1 -- +", false),
        (
            "UPDATE t SET a = 1 WHERE k = 123e4567-e89b-12d3-a456-426614174000",
            false,
        ),
        (
            "UPDATE t SET a = b WHERE k = aaaaaaaa-e89b-12d3-a456-426614174000",
            false,
        ),
        ("INSERT INTO t (k, a) VALUES (1, -1)", false),
        ("SELECT a + 1 FROM t", false),
    ] {
        assert_eq!(TextFacts::read(text).adds, adds, "{text}");
    }
}

#[test]
fn the_table_is_found_with_and_without_keyspace_and_quotes() {
    let some = |ks: Option<&str>, t: &str| Some((ks.map(str::to_owned), t.to_owned()));
    assert_eq!(table("SELECT a FROM Users WHERE b = 1"), some(None, "users"));
    assert_eq!(table("SELECT a FROM ks.users LIMIT 1"), some(Some("ks"), "users"));
    assert_eq!(
        table("INSERT INTO \"Ks\".\"U\"\"x\" (a) VALUES (?)"),
        some(Some("Ks"), "U\"x")
    );
    assert_eq!(
        table("UPDATE ks . t USING TTL 5 SET a = 1"),
        some(Some("ks"), "t")
    );
    assert_eq!(table("DELETE a FROM t WHERE k = 1"), some(None, "t"));
    assert_eq!(table("TRUNCATE TABLE ks.t"), some(Some("ks"), "t"));
    assert_eq!(table("CREATE TABLE t (a int PRIMARY KEY)"), None);
    assert_eq!(table("SELECT"), None);
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "'",
        "\"",
        "$$",
        "/*",
        "--",
        "''",
        "é'ü",
        "SELECT 'a",
        "\u{feff}SELECT",
        "..",
        "FROM .",
        "UPDATE .",
    ] {
        let _ = TextFacts::read(text);
    }
}
