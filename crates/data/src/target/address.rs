//! Where a database is, and as whom.

use std::time::Duration;

use backout_adapters::probe::client_tls;
use backout_core::port::PortError;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Session;
use crate::words::failed;

/// How long connecting may take.
const CONNECTS_WITHIN: Duration = Duration::from_secs(10);

/// The port of a server that names none.
const PORT: u16 = 5432;

/// Where a database is, and as whom. Shown without its password.
#[derive(Clone)]
pub struct Address {
    config: Config,
    mode: &'static str,
}

/// `sslmode` as `psql` has it, with what the driver calls it and whether certificates are verified.
const MODES: [(&str, SslMode, bool); 6] = [
    ("disable", SslMode::Disable, false),
    ("allow", SslMode::Prefer, false),
    ("prefer", SslMode::Prefer, false),
    ("require", SslMode::Require, false),
    ("verify-ca", SslMode::Require, true),
    ("verify-full", SslMode::Require, true),
];

impl Address {
    /// Reads `postgres://…` or `host=… dbname=…`.
    ///
    /// # Errors
    /// What is wrong is not quoted: a password may be in it.
    pub fn parse(text: &str) -> Result<Self, PortError> {
        let named = |(mode, ..): &&(&str, SslMode, bool)| {
            let (in_url, in_words) = (format!("sslmode={mode}&"), format!("sslmode={mode} "));
            text.contains(&in_url) || text.contains(&in_words) || text.ends_with(&format!("sslmode={mode}"))
        };
        let (mode, ssl, _) = MODES.iter().find(named).copied().unwrap_or(("prefer", SslMode::Prefer, false));
        let text =
            text.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
        let text = text.replace("sslmode=allow", "sslmode=prefer");
        let mut config: Config = text.parse().map_err(|_| {
            PortError::new("its address cannot be read").hint("wanted is postgres://USER@HOST:PORT/DATABASE")
        })?;
        config.application_name("backout").ssl_mode(ssl).connect_timeout(CONNECTS_WITHIN);
        if config.get_dbname().is_none() {
            let user = config.get_user().unwrap_or("postgres").to_owned();
            config.dbname(user);
        }
        Ok(Self { config, mode })
    }

    /// A server on this machine that asks for no password and speaks no TLS; `host` is an address, or the folder of a socket.
    #[must_use]
    pub fn local(host: &str, port: u16, user: &str, dbname: &str) -> Self {
        let mut config = Config::new();
        config.host(host).port(port).user(user).dbname(dbname).application_name("backout");
        config.ssl_mode(SslMode::Disable).connect_timeout(CONNECTS_WITHIN);
        Self { config, mode: "disable" }
    }

    /// The same server and role, another database.
    #[must_use]
    pub fn to_database(&self, dbname: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(dbname);
        other
    }

    /// The database's name on the server.
    #[must_use]
    pub fn dbname(&self) -> &str {
        self.config.get_dbname().unwrap_or("postgres")
    }

    /// The role.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.config.get_user()
    }

    /// The password, where there is one.
    #[must_use]
    pub fn password(&self) -> Option<String> {
        self.config.get_password().map(|password| String::from_utf8_lossy(password).into_owned())
    }

    /// The environment variables by which `libpq` comes to the same database.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        });
        let hosts: Vec<String> = hosts.collect();
        // Said even where it is the usual one: the environment that a program is started in may name another.
        let ports = self.config.get_ports();
        let ports: Vec<String> = if ports.is_empty() { &[PORT] } else { ports }.iter().map(u16::to_string).collect();
        let given = [
            ("PGHOST", Some(hosts.join(",")).filter(|hosts| !hosts.is_empty())),
            ("PGPORT", Some(ports.join(","))),
            ("PGUSER", self.user().map(str::to_owned)),
            ("PGPASSWORD", self.password()),
            ("PGDATABASE", Some(self.dbname().to_owned())),
            ("PGSSLMODE", Some(self.mode.to_owned())),
            ("PGCONNECT_TIMEOUT", Some(CONNECTS_WITHIN.as_secs().to_string())),
            ("PGAPPNAME", Some("backout".to_owned())),
        ];
        given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Connects.
    ///
    /// # Errors
    /// Where the server does not let us in.
    pub async fn connect(&self) -> Result<Session, PortError> {
        let what = format!("could not connect to {self}");
        let tls = self.tls().map_err(|error| PortError::new(format!("{what}: {error}")))?;
        connected(&self.config, tls).await.map_err(|error| failed(&what, &error))
    }

    /// Connects, and asks for a setting from the beginning of the session on, beside those that the address has itself.
    /// `None` where it cannot be asked for at all.
    ///
    /// # Errors
    /// What the server, or who stands before it, answers.
    pub(crate) async fn connect_with(
        &self,
        setting: &str,
        value: &str,
    ) -> Option<Result<Session, tokio_postgres::Error>> {
        let mut config = self.config.clone();
        let own = config.get_options().map(|own| format!("{own} ")).unwrap_or_default();
        config.options(format!("{own}-c {setting}={value}"));
        let tls = self.tls().ok()?;
        Some(connected(&config, tls).await)
    }

    /// What speaks TLS to the server; the inner `None` where nobody does.
    fn tls(&self) -> Result<Option<MakeRustlsConnect>, String> {
        if self.config.get_ssl_mode() == SslMode::Disable {
            return Ok(None);
        }
        let verify = MODES.iter().any(|(mode, _, verify)| *mode == self.mode && *verify);
        let tls = client_tls(verify).map_err(|error| error.to_string())?;
        Ok(Some(MakeRustlsConnect::new(tls)))
    }
}

async fn connected(config: &Config, tls: Option<MakeRustlsConnect>) -> Result<Session, tokio_postgres::Error> {
    match tls {
        None => config.connect(NoTls).await.map(|(client, connection)| Session::driven(client, connection)),
        Some(tls) => config.connect(tls).await.map(|(client, connection)| Session::driven(client, connection)),
    }
}

/// Database and place, without credentials: `shop at db:5432`.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` at", self.dbname())?;
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            let ports = self.config.get_ports();
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(PORT);
            match host {
                Host::Tcp(name) => write!(f, " {name}:{port}")?,
                Host::Unix(folder) => write!(f, " {}:{port}", folder.display())?,
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password_and_handed_on_with_it() {
        let address = Address::parse("postgres://app:hunter2@db:5433/shop?sslmode=verify-full").unwrap();
        assert_eq!(address.to_string(), "`shop` at db:5433");
        assert!(!format!("{address:?}").contains("hunter2"));
        let variables = address.variables();
        for pair in [("PGPASSWORD", "hunter2"), ("PGSSLMODE", "verify-full"), ("PGHOST", "db"), ("PGPORT", "5433")] {
            assert!(variables.contains(&(pair.0, pair.1.to_owned())), "{pair:?}");
        }
    }

    #[test]
    fn an_address_that_is_not_understood_is_not_quoted() {
        let error = Address::parse("postgres://app:hunter2@db?colour=blue").unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
