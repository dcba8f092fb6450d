//! Switches what is switched on in place of going back: by a command of the user's, or by a POST to an address.
//!
//! Contract: whoever is asked hears which fallback it is, and may be asked twice for the same: a command by the environment
//! variables `BACKOUT_FALLBACK` (its name) and `BACKOUT_FALLBACK_STATE` (`on` or `off`), an address by the body
//! `{"fallback": NAME, "on": true}`. A command is never run beside one of the same fallback: one that a process of ours has
//! not lived to see the end of is waited for.

use std::sync::Arc;

use backout_core::config::{Fallback, FallbackBy, SecretOrText};
use backout_core::port::{Pending, PortError, Switchboard};
use serde_json::json;

use crate::command::{Command, CommandError, Environment, Redactor};
use crate::notify::{Asker, Request};
use crate::secret::Secrets;

/// How much of what a command prints is repeated, in characters.
const SHOWN: usize = 200;

/// Switches by commands and addresses.
pub struct FallbackSwitch {
    environment: Environment,
    folder: std::path::PathBuf,
    secrets: Arc<Secrets>,
}

impl FallbackSwitch {
    /// Commands get `environment` and run in `folder`.
    #[must_use]
    pub fn new(environment: Environment, folder: impl Into<std::path::PathBuf>, secrets: Arc<Secrets>) -> Self {
        crate::probe::install_crypto();
        Self { environment, folder: folder.into(), secrets }
    }

    async fn run(&self, name: &str, fallback: &Fallback, argv: &[String], on: bool) -> Result<String, PortError> {
        let Some(command) = command(name, argv, on, &self.environment) else {
            return Err(PortError::new(format!("the command of the fallback `{name}` is empty")));
        };
        let alone = format!("the fallback {name}");
        match command.folder(&self.folder).limit(fallback.timeout).run_alone(&alone).await {
            Ok((output, false)) => Ok(seen(&output.text())),
            Ok((output, true)) => Ok(format!("{}; one that was still running was waited for", seen(&output.text()))),
            Err(error) => Err(failed(&error)),
        }
    }

    async fn post(&self, name: &str, fallback: &Fallback, url: &SecretOrText, on: bool) -> Result<String, PortError> {
        let url = self.secrets.text(url).await.map_err(|error| PortError::new(error.to_string()).hint(error.hint()))?;
        let mask = Redactor::new([url.reveal().to_owned()]);
        let refused = |what: String| PortError::new(mask.apply(&what)).hint("nothing was switched, as far as is known");
        let asker = Asker::new(&self.environment, fallback.timeout).map_err(|error| refused(error.what))?;
        asker.ask(&request(url.reveal(), name, on)).await.map_err(|error| refused(error.what))?;
        Ok("its address took it".to_owned())
    }
}

impl Switchboard for FallbackSwitch {
    fn switch<'a>(&'a self, name: &'a str, fallback: &'a Fallback, on: bool) -> Pending<'a, Result<String, PortError>> {
        Box::pin(async move {
            match &fallback.by {
                FallbackBy::Commands { on: argv, .. } if on => self.run(name, fallback, argv, on).await,
                FallbackBy::Commands { off: argv, .. } => self.run(name, fallback, argv, on).await,
                FallbackBy::Webhook(url) => self.post(name, fallback, url, on).await,
            }
        })
    }
}

fn command(name: &str, argv: &[String], on: bool, environment: &Environment) -> Option<Command> {
    let (program, args) = argv.split_first()?;
    let command = Command::new(program, environment).args(args);
    Some(command.env("BACKOUT_FALLBACK", name).env("BACKOUT_FALLBACK_STATE", if on { "on" } else { "off" }))
}

fn request(url: &str, name: &str, on: bool) -> Request {
    Request::post(url, &json!({ "fallback": name, "on": on }))
}

fn seen(text: &str) -> String {
    match text.trim().lines().last() {
        Some(line) if !line.is_empty() => line.chars().take(SHOWN).collect(),
        _ => "its command succeeded".to_owned(),
    }
}

fn failed(error: &CommandError) -> PortError {
    let failed = PortError::new(error.to_string());
    match error.hint() {
        Some(hint) => failed.hint(hint),
        None => failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_hears_which_fallback_it_is_and_which_way() {
        let argv = ["flag".to_owned(), "set".to_owned()];
        let command = command("app", &argv, true, &Environment::default()).unwrap();
        let words: Vec<&std::ffi::OsStr> = command.argv().collect();
        assert_eq!(words, ["flag", "set"]);
        let variable = |name: &str| command.environment().get(std::ffi::OsStr::new(name)).cloned();
        assert_eq!(variable("BACKOUT_FALLBACK"), Some("app".into()));
        assert_eq!(variable("BACKOUT_FALLBACK_STATE"), Some("on".into()));
    }

    #[test]
    fn an_address_hears_the_same() {
        assert_eq!(request("http://x", "app", false).body, r#"{"fallback":"app","on":false}"#);
    }

    #[test]
    fn the_last_line_of_a_command_is_what_was_seen() {
        assert_eq!(seen("a\nflag is on\n"), "flag is on");
        assert_eq!(seen(" \n"), "its command succeeded");
    }
}
