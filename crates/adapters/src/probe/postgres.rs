//! PostgreSQL probes: a query over a connection of its own, because a server that takes no new connections is down for
//! the next user.
//!
//! | what the server says (SQLSTATE)                                                     | outcome         |
//! |-------------------------------------------------------------------------------------|-----------------|
//! | the query ends without an error, whatever it returns                                | as expected     |
//! | `57014` the query was cancelled by `statement_timeout`                              | timed out       |
//! | `28…` credentials, `42501` rights, `42601` syntax, `25006` the query would write    | not performed   |
//! | `57P03` starting up, `53300` too many connections, `3D000` no such database, others | not as expected |
//!
//! `sslmode` means what it means to `psql`: `require` encrypts, `verify-ca` and `verify-full` verify as well (both with
//! the host's name).

use std::error::Error as _;
use std::fmt::Write;
use std::pin::pin;
use std::time::Duration;

use backout_core::config::{Probe, SecretOrText};
use backout_core::port::{ProbeOutcome, Reading};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, Config, Connection, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::outcome::{Performed, answered, not_as_expected, not_performed, of_io, prepared};
use super::redact::Lookup;
use super::tls::{self, Tls};

/// The query of a probe that has none.
const SIMPLEST: &str = "SELECT 1";

/// How to connect, and what is asked.
struct Prepared {
    config: Config,
    verify: bool,
    query: String,
    limit: Duration,
}

/// Asks PostgreSQL the query, or `SELECT 1`.
pub(super) async fn probe(
    tls: &Tls,
    lookup: &mut Lookup<'_>,
    probe: &Probe,
    (url, query): (&SecretOrText, Option<&str>),
) -> Performed {
    let ready = prepared(probe.timeout, async {
        let (config, verify) = config(lookup.text(url).await?.reveal())?;
        lookup.hide(&String::from_utf8_lossy(config.get_password().unwrap_or_default()));
        Ok(Prepared {
            config,
            verify,
            query: read_only(query.unwrap_or(SIMPLEST), probe.timeout),
            limit: probe.timeout,
        })
    });
    let ready = ready.await?;
    let ((), took) = answered(probe.timeout, ask(tls, &ready)).await?;
    let what = format!("{} answered", place(&ready.config));
    Ok(Reading { outcome: ProbeOutcome::AsExpected { what }, latency: Some(took) })
}

/// The connection's parameters, and whether the certificate is verified.
fn config(text: &str) -> Performed<(Config, bool)> {
    let verified = ["sslmode=verify-full", "sslmode=verify-ca"];
    let verify = verified.iter().any(|mode| text.contains(mode));
    let text = verified.iter().fold(text.to_owned(), |text, mode| text.replace(mode, "sslmode=require"));
    // What is wrong with it is not said: the parser quotes what it stumbled over.
    let mut config: Config = text
        .parse()
        .map_err(|_| not_performed("its address cannot be read: wanted is postgres://… with options that are known"))?;
    config.application_name("backout");
    Ok((config, verify))
}

/// The query in a transaction that changes nothing, ends in time, and leaves nothing behind in a pooled connection.
fn read_only(query: &str, limit: Duration) -> String {
    format!("BEGIN READ ONLY; SET LOCAL statement_timeout = {}; {query}\n; COMMIT", limit.as_millis().max(1))
}

async fn ask(tls: &Tls, ready: &Prepared) -> Performed<()> {
    let failed = |error| of_error(&error, ready);
    if ready.config.get_ssl_mode() == SslMode::Disable {
        let (client, connection) = ready.config.connect(NoTls).await.map_err(failed)?;
        return query(client, connection, &ready.query).await.map_err(failed);
    }
    let connector = MakeRustlsConnect::new((*tls.config(ready.verify)?).clone());
    let (client, connection) = ready.config.connect(connector).await.map_err(failed)?;
    query(client, connection, &ready.query).await.map_err(failed)
}

/// Runs the query. The connection is driven by this very task: nothing is left behind when the probe is dropped.
async fn query<S, T>(client: Client, connection: Connection<S, T>, query: &str) -> Result<(), Error>
where
    Connection<S, T>: Future<Output = Result<(), Error>>,
{
    let mut answer = pin!(client.batch_execute(query));
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        ended = connection => ended.and(answer.await),
    }
}

fn of_error(error: &Error, ready: &Prepared) -> ProbeOutcome {
    let place = place(&ready.config);
    if let Some(error) = error.as_db_error() {
        return of_server(error, ready.limit);
    }
    let io = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    match (io, io.and_then(tls::cause)) {
        (_, Some(cause)) => not_as_expected(format!("{place}: TLS handshake failed: {cause}")),
        (Some(error), None) => of_io(error, &place),
        (None, None) if error.is_closed() => {
            not_as_expected(format!("{place} closed the connection without an answer"))
        }
        (None, None) => not_performed(format!("{place}: {error}")),
    }
}

fn of_server(error: &DbError, limit: Duration) -> ProbeOutcome {
    let (code, what) = (error.code(), format!("{} ({})", error.message(), error.code().code()));
    let not_ours = [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::SYNTAX_ERROR, SqlState::READ_ONLY_SQL_TRANSACTION];
    match code {
        code if *code == SqlState::QUERY_CANCELED => ProbeOutcome::TimedOut { after: limit },
        code if code.code().starts_with("28") || not_ours.contains(code) => not_performed(what),
        _ => not_as_expected(what),
    }
}

/// Where the server is, without credentials.
fn place(config: &Config) -> String {
    let mut place = "PostgreSQL at".to_owned();
    for (index, host) in config.get_hosts().iter().enumerate() {
        let ports = config.get_ports();
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        // Writing to a string cannot fail.
        let _ = match host {
            Host::Tcp(name) => write!(place, " {name}:{port}"),
            Host::Unix(folder) => write!(place, " {}", folder.display()),
        };
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssl_modes_of_psql_are_understood() {
        for (mode, ssl, verified) in [
            ("disable", SslMode::Disable, false),
            ("require", SslMode::Require, false),
            ("verify-ca", SslMode::Require, true),
            ("verify-full", SslMode::Require, true),
        ] {
            let (config, verify) = config(&format!("postgres://u:p@db/shop?sslmode={mode}")).unwrap();
            assert_eq!((config.get_ssl_mode(), verify), (ssl, verified), "{mode}");
            assert_eq!(config.get_application_name(), Some("backout"));
        }
    }

    #[test]
    fn an_address_that_is_not_understood_is_not_quoted() {
        for text in ["postgres://u:hunter2@db?colour=blue", "host=db hunter2", "hunter2"] {
            let outcome = config(text).err().unwrap();
            assert!(outcome.holds().is_none() && !outcome.what().contains("hunter2"), "{outcome:?}");
        }
    }

    #[test]
    fn a_place_names_every_host_and_no_credentials() {
        let (config, _) = config("host=a,/run/postgresql port=1,2 user=u password=hunter2").unwrap();
        assert_eq!(place(&config), "PostgreSQL at a:1 /run/postgresql");
    }
}
