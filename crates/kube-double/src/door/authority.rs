//! A certificate authority of the test's own, made with `openssl` and gone with the double.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A certificate and its key, both as PEM files that end with the double.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Issues certificates into a folder.
#[derive(Debug)]
pub(crate) struct Authority {
    folder: PathBuf,
}

/// `openssl req` reads a configuration in any case; the system's would add extensions of its own.
const CONFIGURATION: &str = "[req]\ndistinguished_name = name\nprompt = no\n[name]\n";

impl Authority {
    #[expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        let authority = Self { folder: folder.to_owned() };
        std::fs::write(authority.file("openssl", "cnf"), CONFIGURATION)?;
        authority.request("ca", "/CN=double", &["basicConstraints=critical,CA:TRUE"], &[])?;
        Ok(authority)
    }

    /// The file of the authority's own certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.file("ca", "crt")
    }

    /// A certificate for the server on loopback.
    pub(crate) fn server(&self) -> io::Result<Identity> {
        self.issue(
            "server",
            "/CN=double",
            &["subjectAltName=IP:127.0.0.1,DNS:localhost", "extendedKeyUsage=serverAuth"],
        )
    }

    /// A certificate for a user, as Kubernetes reads it: the name is the user's.
    pub(crate) fn user(&self, name: &str) -> io::Result<Identity> {
        self.issue(&format!("user-{name}"), &format!("/CN={name}"), &["extendedKeyUsage=clientAuth"])
    }

    fn issue(&self, file: &str, subject: &str, extensions: &[&str]) -> io::Result<Identity> {
        let extensions = [&["basicConstraints=critical,CA:FALSE"], extensions].concat();
        let [certificate, key] = [self.file("ca", "crt"), self.file("ca", "key")];
        self.request(file, subject, &extensions, &[("-CA", &certificate), ("-CAkey", &key)])
    }

    #[expect(clippy::disallowed_methods, reason = "the double does not depend on the adapters that it tests")]
    fn request(
        &self,
        file: &str,
        subject: &str,
        extensions: &[&str],
        signer: &[(&str, &Path)],
    ) -> io::Result<Identity> {
        let identity = Identity { certificate: self.file(file, "crt"), key: self.file(file, "key") };
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
        command.arg("-config").arg(self.file("openssl", "cnf")).args(["-subj", subject]);
        command.arg("-keyout").arg(&identity.key).arg("-out").arg(&identity.certificate);
        for extension in extensions {
            command.args(["-addext", extension]);
        }
        for (flag, path) in signer {
            command.arg(flag).arg(path);
        }
        let output = command.stdin(Stdio::null()).output()?;
        if output.status.success() {
            return Ok(identity);
        }
        Err(io::Error::other(format!("openssl req: {}", String::from_utf8_lossy(&output.stderr))))
    }

    fn file(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{name}.{extension}"))
    }
}
