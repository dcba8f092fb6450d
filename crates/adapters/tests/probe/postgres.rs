//! PostgreSQL of the test-bed, and a socket that says what a starting one would.

use std::time::Duration;

use backout_core::config::ProbeKind;
use backout_core::port::ProbeOutcome;
use tokio_postgres::NoTls;

use super::server::Server;
use super::world::{blamed, env, excused, hurried, outcome, part, probe, read, text};

fn asking(url: &str, query: Option<&str>) -> ProbeKind {
    ProbeKind::Postgres { url: text(url), query: query.map(str::to_owned) }
}

/// Does something to the server, besides the probe.
async fn execute(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

#[tokio::test]
async fn a_server_that_answers_holds() {
    let Some(url) = part("a_server_that_answers_holds", "postgres") else { return };
    let reading = read(&probe(asking(&url, None))).await;
    assert_eq!(reading.outcome.holds(), Some(true), "{reading:?}");
    assert!(reading.latency.is_some());
    let identified = "SELECT 1 / (current_setting('application_name') = 'backout')::int \
                      / (current_setting('statement_timeout') = '5s')::int -- and a comment";
    assert_eq!(outcome(asking(&url, Some(identified))).await.holds(), Some(true));
}

#[tokio::test]
async fn a_query_that_fails_blames_the_service_and_one_that_cannot_be_asked_does_not() {
    let name = "a_query_that_fails_blames_the_service_and_one_that_cannot_be_asked_does_not";
    let Some(url) = part(name, "postgres") else { return };
    let what = blamed(outcome(asking(&url, Some("SELECT * FROM no_such_table"))).await);
    assert_eq!(what, "relation \"no_such_table\" does not exist (42P01)");
    assert!(excused(outcome(asking(&url, Some("SELEKT 1"))).await).ends_with("(42601)"));
}

#[tokio::test]
async fn a_query_that_would_write_writes_nothing() {
    let Some(url) = part("a_query_that_would_write_writes_nothing", "postgres") else { return };
    let table = format!("probe_wrote_this_{}", std::process::id());
    let why = excused(outcome(asking(&url, Some(&format!("CREATE TABLE {table} (id int)")))).await);
    assert_eq!(why, "cannot execute CREATE TABLE in a read-only transaction (25006)");
    blamed(outcome(asking(&url, Some(&format!("SELECT * FROM {table}")))).await);
}

#[tokio::test]
async fn a_slow_query_times_out_and_is_cancelled_on_the_server() {
    let Some(url) = part("a_slow_query_times_out_and_is_cancelled_on_the_server", "postgres") else { return };
    let mark = format!("slow probe {}", std::process::id());
    let query = format!("SELECT pg_sleep(60) /* {mark} */");
    let timed_out = read(&hurried(asking(&url, Some(&query)))).await.outcome;
    assert_eq!(timed_out, ProbeOutcome::TimedOut { after: Duration::from_millis(300) });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let nothing_left = format!(
        "SELECT 1 / (count(*) = 0)::int FROM pg_stat_activity \
         WHERE query LIKE '%pg_sleep%{mark}%' AND state = 'active' AND pid <> pg_backend_pid()"
    );
    assert_eq!(outcome(asking(&url, Some(&nothing_left))).await.holds(), Some(true));
}

#[tokio::test]
async fn a_database_that_is_gone_blames_the_service_and_a_role_that_is_unknown_does_not() {
    let name = "a_database_that_is_gone_blames_the_service_and_a_role_that_is_unknown_does_not";
    let Some(url) = part(name, "postgres") else { return };
    let server = url.strip_suffix("/postgres").unwrap();
    let gone = format!("{server}/no_such_database");
    assert!(blamed(outcome(asking(&gone, None)).await).ends_with("(3D000)"));
    let role = url.replace("postgres@", "no_such_role:hunter2@");
    let why = excused(outcome(asking(&role, None)).await);
    assert!(why.ends_with("(28000)") && !why.contains("hunter2"), "{why}");
}

#[tokio::test]
async fn too_many_connections_blame_the_service() {
    let Some(url) = part("too_many_connections_blame_the_service", "postgres") else { return };
    let role = format!("probe_{}", std::process::id());
    execute(&url, &format!("CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")).await;
    let full = outcome(asking(&url.replace("postgres@", &format!("{role}@")), None)).await;
    execute(&url, &format!("DROP ROLE {role}")).await;
    assert_eq!(blamed(full), format!("too many connections for role \"{role}\" (53300)"));
}

#[tokio::test]
async fn encryption_that_the_server_does_not_offer_is_said() {
    let Some(url) = part("encryption_that_the_server_does_not_offer_is_said", "postgres") else { return };
    let why = excused(outcome(asking(&format!("{url}?sslmode=require"), None)).await);
    assert!(why.contains("TLS"), "{why}");
}

#[tokio::test]
async fn a_server_that_is_starting_up_blames_the_service() {
    let fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
    let server = Server::answering([b"E", length.as_slice(), fields].concat()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", server.port);
    assert_eq!(blamed(outcome(asking(&url, None)).await), "the database system is starting up (57P03)");
}

#[tokio::test]
async fn nobody_listening_is_refused_and_a_name_that_does_not_resolve_blames_nobody() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = outcome(asking(&format!("postgres://u:hunter2@{free}/shop"), None)).await;
    assert_eq!(refused, ProbeOutcome::Refused { what: format!("PostgreSQL at {free}: connection refused") });
    excused(outcome(asking("postgres://u:hunter2@this-name-does-not-resolve.invalid/shop", None)).await);
}

#[tokio::test]
async fn an_address_may_be_a_secret_that_is_missing() {
    let kind = ProbeKind::Postgres { url: env("DATABASE_URL"), query: None };
    assert_eq!(excused(outcome(kind).await), "the environment variable `DATABASE_URL` is not set");
}
