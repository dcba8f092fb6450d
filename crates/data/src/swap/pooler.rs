//! The pooler in front of a database: paused while names are swapped.

use backout_core::config::PgBouncer;
use backout_core::port::PortError;
use tokio_postgres::SimpleQueryMessage;

use crate::words::failed;
use crate::{Session, Target};

/// The admin console of PgBouncer, and what it calls the database. It speaks the simple query protocol only.
pub(super) struct Pooler<'a> {
    target: &'a Target,
    configured: &'a PgBouncer,
    name: String,
}

/// Why the pooler in front of `live` cannot be paused, where one is configured and that is so: its console does not answer,
/// or does not know the database. Nothing is held back by asking.
pub(crate) async fn unpaused(target: &Target, live: &str) -> Option<String> {
    Pooler::of(target, live)?.is_paused().await.err().map(|error| error.what)
}

impl<'a> Pooler<'a> {
    /// The pooler in front of `live`, where one is configured.
    pub(super) fn of(target: &'a Target, live: &str) -> Option<Self> {
        let configured = target.configured.pgbouncer.as_ref()?;
        let name = configured.database.clone().unwrap_or_else(|| live.to_owned());
        Some(Self { target, configured, name })
    }

    /// Lets open transactions end, and holds queries back. Where they do not end in time, everything is as it was.
    pub(super) async fn pause(&self) -> Result<(), PortError> {
        let console = self.console().await?;
        let pause = format!("PAUSE {}", self.word());
        let ended = tokio::time::timeout(self.configured.timeout, console.simple_query(&pause)).await;
        let why = match ended {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => failed(&format!("PgBouncer could not pause `{}`", self.name), &error),
            Err(_) => PortError::new(format!(
                "PgBouncer could not pause `{}` within {:?}: a transaction stayed open",
                self.name, self.configured.timeout
            ))
            .hint(
                "end the transaction, or give it longer: `pgbouncer: { timeout: … }`. Pools in session mode pause only when \
                 their clients leave",
            ),
        };
        // The pause goes on waiting without us, so it is taken back in any case.
        drop(console);
        self.resume().await?;
        Err(why)
    }

    /// Lets queries through, where they are held back.
    pub(super) async fn resume(&self) -> Result<(), PortError> {
        if !self.is_paused().await? {
            return Ok(());
        }
        let resumed = self.console().await?.simple_query(&format!("RESUME {}", self.word())).await;
        match resumed {
            Ok(_) => Ok(()),
            // Somebody else has let them through meanwhile.
            Err(_) if !self.is_paused().await? => Ok(()),
            Err(error) => Err(failed(&format!("PgBouncer could not resume `{}`", self.name), &error)
                .hint(format!("in its admin console: `RESUME {}`", self.word()))),
        }
    }

    /// Whether queries are held back.
    pub(super) async fn is_paused(&self) -> Result<bool, PortError> {
        let messages = self.console().await?.simple_query("SHOW DATABASES").await;
        let messages = messages.map_err(|error| failed("PgBouncer could not list its databases", &error))?;
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) if row.get("name") == Some(self.name.as_str()) => Some(row),
            _ => None,
        });
        let row = row.ok_or_else(|| {
            PortError::new(format!("PgBouncer knows no database `{}`", self.name))
                .hint("say what it calls it: `pgbouncer: { database: NAME }`")
        })?;
        Ok(row.get("paused") == Some("1"))
    }

    async fn console(&self) -> Result<Session, PortError> {
        self.target.read(&self.configured.admin).await?.to_database("pgbouncer").connect().await
    }

    /// The name as the console reads it: in quotes only where it must be.
    fn word(&self) -> String {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if self.name.chars().all(is_plain) { self.name.clone() } else { crate::words::quoted(&self.name) }
    }
}
