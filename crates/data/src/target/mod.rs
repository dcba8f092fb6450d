//! One database and how it is reached.

mod address;
mod session;

use std::path::PathBuf;
use std::sync::Arc;

use backout_adapters::command::{Command, Environment};
use backout_adapters::secret::Secrets;
use backout_core::config::{Database, SecretOrText};
use backout_core::port::{Clock, Inside, PortError};

pub use address::Address;
pub use session::Session;

use crate::server::Tools;

/// Everything that the parts of this crate share.
pub struct Target {
    /// The database as configured.
    pub configured: Database,
    /// Where secrets are looked up.
    pub secrets: Arc<Secrets>,
    /// The variables that client programs see.
    pub environment: Environment,
    /// The folder that relative paths start at.
    pub folder: PathBuf,
    /// A folder of our own, only ours to read: reports.
    pub state: PathBuf,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where the service runs whose code changes the schema; `None` where no such service is configured.
    pub inside: Option<Arc<dyn Inside>>,
}

impl Target {
    /// How applications reach the database.
    ///
    /// # Errors
    /// A secret that cannot be had, an address that cannot be read.
    pub async fn address(&self) -> Result<Address, PortError> {
        self.read(&self.configured.url).await
    }

    /// How a role that may create databases and end sessions reaches the same database.
    ///
    /// # Errors
    /// As [`Target::address`].
    pub async fn admin_address(&self) -> Result<Address, PortError> {
        match &self.configured.admin {
            None => self.address().await,
            Some(admin) => {
                let name = self.address().await?.dbname().to_owned();
                Ok(self.read(admin).await?.to_database(&name))
            }
        }
    }

    /// An address behind a reference.
    ///
    /// # Errors
    /// As [`Target::address`].
    pub async fn read(&self, url: &SecretOrText) -> Result<Address, PortError> {
        let text = self.secrets.text(url).await.map_err(|error| {
            PortError::new(format!("the address of database `{}`: {error}", self.configured.name)).hint(error.hint())
        })?;
        Address::parse(text.reveal()).map_err(|error| PortError {
            what: format!("database `{}`: {}", self.configured.name, error.what),
            hint: error.hint,
        })
    }

    /// A session of the role that applications use, in the database itself.
    ///
    /// # Errors
    /// Where the server does not let us in.
    pub async fn session(&self) -> Result<Session, PortError> {
        self.address().await?.connect().await
    }

    /// A session of the administrating role, in `dbname`.
    ///
    /// # Errors
    /// Where the server does not let us in.
    pub async fn admin(&self, dbname: &str) -> Result<Session, PortError> {
        self.admin_address().await?.to_database(dbname).connect().await
    }

    /// A session of the administrating role outside of the database: in `postgres`, else in `template1`.
    ///
    /// # Errors
    /// Where the server does not let us in.
    pub async fn maintenance(&self) -> Result<Session, PortError> {
        match self.admin("postgres").await {
            Ok(session) => Ok(session),
            Err(_) => self.admin("template1").await,
        }
    }

    /// The client programs.
    ///
    /// # Errors
    /// Where none are installed.
    pub fn tools(&self) -> Result<Tools, PortError> {
        Tools::find(self.configured.tools.as_deref().map(|tools| self.folder.join(tools)).as_deref())
    }

    /// A client program that speaks to a database: `pg_dump` without its arguments. How it connects, password included, is
    /// in its environment.
    ///
    /// # Errors
    /// Where it is not installed.
    pub fn program(&self, name: &str, address: &Address) -> Result<Command, PortError> {
        let program = self.tools()?.program(name)?;
        // Either of them would outdo the host that the address names.
        let mut environment = self.environment.clone();
        environment.retain(|name, _| name != "PGSERVICE" && name != "PGHOSTADDR");
        let command = address
            .variables()
            .into_iter()
            .fold(Command::new(program, &environment), |command, (name, value)| command.env(name, value));
        Ok(command.secrets(address.password()))
    }
}
