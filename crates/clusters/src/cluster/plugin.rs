//! The program that a kubeconfig names for credentials (`exec`), as `kubectl` runs it: `client.authentication.k8s.io`.
//!
//! Contract: it is run without a terminal and for a limited time, and nothing that it prints on standard output, nor its
//! arguments and variables, come into an error.

use std::time::Duration;

use backout_adapters::command::{Command, CommandError, Environment};
use backout_core::port::PortError;
use jiff::Timestamp;
use kube::config::{ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::credentials::Credentials;

/// How long it may take: it may ask a cloud, and nobody is there whom it could ask.
const LIMIT: Duration = Duration::from_secs(20);
/// How long before their end credentials are had anew.
const EARLY: Duration = Duration::from_secs(60);

/// The program.
#[derive(Debug)]
pub(super) struct Plugin {
    config: ExecConfig,
    environment: Environment,
    limit: Duration,
}

/// What it prints. It may be YAML, and more than this.
#[derive(Deserialize)]
struct Answer {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<Timestamp>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

impl Plugin {
    pub(super) fn new(config: ExecConfig, environment: &Environment) -> Self {
        Self { config, environment: environment.clone(), limit: LIMIT }
    }

    pub(super) async fn credentials(&self) -> Result<Credentials, PortError> {
        let name = self.name();
        if self.config.interactive_mode == Some(ExecInteractiveMode::Always) {
            let what = format!(
                "the credential plugin `{name}` of the kubeconfig wants a terminal (`interactiveMode: Always`)"
            );
            return Err(PortError::new(what).hint("name a context whose credentials come without anybody being asked"));
        }
        let output = self.command().run().await.map_err(|error| self.failed(error))?;
        let answer: Result<Answer, _> = serde_saphyr::from_str(&output.text());
        // What cannot be read may hold the token all the same: it is not quoted.
        let status = answer.ok().and_then(|answer| answer.status);
        status.and_then(Status::credentials).ok_or_else(|| {
            let what = format!("the credential plugin `{name}` of the kubeconfig printed no credentials");
            PortError::new(what)
                .hint(format!("it shall print an `ExecCredential` with a token or a certificate: {TRY}"))
        })
    }

    fn command(&self) -> Command {
        let mut info = json!({"kind": "ExecCredential", "spec": {"interactive": false}});
        info["apiVersion"] = json!(self.config.api_version);
        if let Some(cluster) = self.config.cluster.as_ref().filter(|_| self.config.provide_cluster_info) {
            info["spec"]["cluster"] = json!(cluster);
        }
        let variables = self.config.env.iter().flatten().filter_map(|env| Some((env.get("name")?, env.get("value")?)));
        let arguments = self.config.args.iter().flatten();
        let values = arguments.clone().map(|argument| argument.split_once('=').map_or(&**argument, |(_, value)| value));
        let secrets = variables.clone().map(|(_, value)| value.clone()).chain(values.map(str::to_owned));
        let command = Command::new(self.name(), &self.environment).secrets(secrets).limit(self.limit);
        let command = variables.fold(command, |command, (name, value)| command.env(name, value));
        command.args(arguments).env("KUBERNETES_EXEC_INFO", info.to_string())
    }

    fn failed(&self, error: CommandError) -> PortError {
        let name = self.name();
        let of = |what: String| PortError::new(format!("the credential plugin `{name}` of the kubeconfig {what}"));
        let said = |stderr: String| if stderr.is_empty() { String::new() } else { format!(": {stderr}") };
        match error {
            CommandError::NotFound { .. } => {
                let hint = self.config.install_hint.clone().filter(|hint| !hint.trim().is_empty());
                of("was not found".to_owned())
                    .hint(hint.unwrap_or_else(|| format!("install `{name}`, or put its folder on `PATH`")))
            }
            CommandError::Unusable { what, source, .. } => of(format!("could not be {what}: {source}")).hint(TRY),
            CommandError::TimedOut { limit, stderr, .. } => {
                of(format!("did not end within {} s{}", limit.as_secs_f32(), said(stderr)))
                    .hint(format!("it may wait for somebody to log in: do so, then see that it ends by itself: {TRY}"))
            }
            CommandError::Failed { ending, stderr, .. } => {
                of(format!("ended with {ending}{}", said(stderr))).hint(format!("log in again, or repair it: {TRY}"))
            }
        }
    }

    fn name(&self) -> &str {
        self.config.command.as_deref().unwrap_or_default()
    }
}

const TRY: &str = "`kubectl get --raw /version` runs it as well";

impl Status {
    #[expect(clippy::disallowed_methods, reason = "the plugin says in wall time until when its credentials hold")]
    fn credentials(self) -> Option<Credentials> {
        let identity = self.client_certificate_data.zip(self.client_key_data);
        if self.token.is_none() && identity.is_none() {
            return None;
        }
        let left = self.expiration_timestamp.map(|end| Duration::try_from(end.duration_since(Timestamp::now())));
        let until = left.map(|left| Instant::now() + left.unwrap_or_default().saturating_sub(EARLY));
        Some(Credentials { token: self.token, identity, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_plugin_that_does_not_end_is_ended() {
        let (command, args) = (Some("sleep".to_owned()), Some(vec!["60".to_owned()]));
        let config = ExecConfig { command, args, ..ExecConfig::default() };
        let environment = Environment::from([("PATH".into(), "/usr/bin:/bin".into())]);
        let plugin = Plugin { limit: Duration::from_millis(50), ..Plugin::new(config, &environment) };
        let error = plugin.credentials().await.map(|_| ()).unwrap_err();
        assert!(error.what.contains("plugin `sleep` of the kubeconfig did not end within 0.05 s"), "{error:?}");
    }

    #[test]
    fn credentials_without_an_end_hold_for_good_and_others_a_minute_less() {
        let status = |end: Option<Timestamp>| Status {
            expiration_timestamp: end,
            token: Some("t".to_owned()),
            client_certificate_data: None,
            client_key_data: None,
        };
        let now = Instant::now();
        let holds = |end: Option<&str>, after: u64| {
            let credentials = status(end.map(|end| end.parse().unwrap())).credentials().unwrap();
            credentials.hold_at(now + Duration::from_secs(after))
        };
        assert!(holds(None, 1 << 20));
        assert!(holds(Some("2999-01-01T00:00:00Z"), 1 << 20));
        assert!(!holds(Some("2020-01-01T00:00:00Z"), 1));
    }
}
