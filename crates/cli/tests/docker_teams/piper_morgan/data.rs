//! The database, and what is cached of it.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::page::is_well;
use crate::client::Writer;
use crate::measured::{Table, What};
use crate::team::{Team, only_taken_back};

const APP: &str = "app";

/// What was asked, as the database has it.
fn asked(team: &Team) -> BTreeSet<String> {
    team.sql("SELECT words FROM questions").into_iter().collect()
}

/// What was answered and is not there.
fn missing<'a>(team: &Team, acknowledged: &'a [String]) -> Vec<&'a String> {
    let there = asked(team);
    acknowledged.iter().filter(|words| !there.contains(*words)).collect()
}

/// How many answers of version 2 are cached, as Redis itself counts them.
fn cached_by_2(team: &Team) -> String {
    let count = "local n = 0 for _, key in ipairs(redis.call('KEYS', 'answer:*')) do \
                 if redis.call('GET', key) == '2' then n = n + 1 end end return n";
    let mut stream = TcpStream::connect(("127.0.0.1", team.port("REDIS"))).unwrap();
    stream.write_all(format!("EVAL \"{count}\" 0\r\nQUIT\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap().to_owned()
}

pub(super) fn a_migration_that_fails_half_way_goes_back_without_the_data(team: &Team, table: &mut Table) {
    let (since, before, databases) = (team.journal().last(), team.seen(), team.databases());
    let writer = Writer::start(team.port("APP"), "/ask", "migrating");
    let ended = team.guard(&["2", APP, "APP_MODE=migrates"]);
    let acknowledged = writer.stop();
    ended.expect_code(3);
    only_taken_back(&[APP], &before, &team.seen());
    assert_eq!(missing(team, &acknowledged), Vec::<&String>::new());
    assert_eq!(team.databases(), databases, "version 1 runs on what the half of the migration left");
    let columns = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute \
                   WHERE attrelid = 'questions'::regclass AND attnum > 0";
    assert_eq!(team.sql(columns), ["question words asked_by"]);
    assert!(is_well(team));
    table.add(team, since, ("a migration that fails half-way", What::Service));
}

pub(super) fn answers_without_their_questions_come_back_with_what_was_asked_meanwhile(team: &Team, table: &mut Table) {
    let (since, databases) = (team.journal().last(), team.databases());
    let orphans = "SELECT count(*) FROM answers LEFT JOIN questions USING (question) WHERE questions.question IS NULL";
    let writer = Writer::start(team.port("APP"), "/ask", "damaging");
    let ended = team.guard(&["2", APP, "APP_MODE=corrupt"]);
    let acknowledged = writer.stop();
    ended.expect_code(3);
    assert_eq!((team.version().as_deref(), team.sql(orphans)), (Some("1"), vec!["0".to_owned()]));
    assert!(is_well(team));
    let aside: Vec<String> = team.databases().into_iter().filter(|name| !databases.contains(name)).collect();
    let [aside] = aside.as_slice() else { panic!("{aside:?}") };
    assert!(aside.starts_with("piper_morgan_staging_damaged_"), "{aside}");
    assert_eq!(team.sql_in(aside, orphans), ["1"]);
    assert_eq!(team.sql_in(aside, "SHOW default_transaction_read_only"), ["on"]);
    assert_eq!(cached_by_2(team), ":0", "what version 2 has cached is served by version 1");

    assert!(!missing(team, &acknowledged).is_empty(), "nothing was lost, so nothing is shown");
    team.backout(&["backup", "reimport", "--yes"]).expect_code(0);
    assert_eq!(missing(team, &acknowledged), Vec::<&String>::new());
    assert_eq!(team.sql(orphans), ["0"]);
    table.add(team, since, ("damaged rows", What::Database));
}
