//! Another machine's engine socket, brought here by the user's own `ssh`: their keys, agent and jump hosts apply.

use std::path::PathBuf;
use std::time::Duration;

use backout_core::port::PortError;

use super::endpoint::SshTarget;
use crate::command::{Background, Command, Environment};

/// How long the tunnel may take to stand.
const STANDS_WITHIN: Duration = Duration::from_secs(20);

/// How often the tunnel is looked for meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// A socket here that leads there, until dropped.
pub(super) struct Tunnel {
    process: Background,
    folder: tempfile::TempDir,
}

/// The command that keeps the tunnel open.
fn ssh(target: &SshTarget, socket: &std::path::Path, environment: &Environment) -> Command {
    let forward = format!("{}:{}", socket.display(), target.socket);
    let port = target.port.map(|port| ["-p".to_owned(), port.to_string()]);
    Command::new("ssh", environment)
        .install("install an SSH client (Debian: `apt install openssh-client`)")
        .args(["-N", "-T", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=15"])
        .args(["-L".to_owned(), forward])
        .args(port.into_iter().flatten())
        .args(["--", &target.host])
}

impl Tunnel {
    pub(super) async fn open(target: &SshTarget, environment: &Environment) -> Result<Self, PortError> {
        let folder = tempfile::Builder::new().prefix("backout-").tempdir();
        let folder = folder.map_err(|error| PortError::new(format!("a folder for the SSH tunnel: {error}")))?;
        let (socket, log) = (folder.path().join("docker.sock"), folder.path().join("ssh.log"));
        let process = Background::start(&ssh(target, &socket, environment), &log)?;
        let standing = async {
            while process.is_alive() && !socket.exists() {
                tokio::time::sleep(LOOK).await;
            }
        };
        let _ = tokio::time::timeout(STANDS_WITHIN, standing).await;
        if socket.exists() {
            return Ok(Self { process, folder });
        }
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        Err(PortError::new(format!("the SSH tunnel to `{}` does not stand: {}", target.host, said.trim()))
            .hint(format!("try `ssh {} docker version`; it must work without a password prompt", target.host)))
    }

    pub(super) fn is_alive(&self) -> bool {
        self.process.is_alive()
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_cannot_be_read_as_an_option() {
        let target =
            SshTarget { host: "deploy@web1".to_owned(), port: Some(2222), socket: "/var/run/docker.sock".to_owned() };
        assert_eq!(
            ssh(&target, std::path::Path::new("/tmp/x/docker.sock"), &Environment::new()).to_string(),
            "ssh -N -T -o BatchMode=yes -o ExitOnForwardFailure=yes -o ServerAliveInterval=15 \
             -L /tmp/x/docker.sock:/var/run/docker.sock -p 2222 -- deploy@web1"
        );
    }
}
