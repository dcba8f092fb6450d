//! A receiver of mail (RFC 5321), with TLS from the start, after STARTTLS, or not at all.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::listening::Listening;

/// One letter.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Who it is from, as said before it.
    pub from: String,
    /// Who it is for, as said before it.
    pub to: Vec<String>,
    /// What the sender logged in with, in base 64; empty without.
    pub login: String,
    /// Whether it came over TLS.
    pub is_secret: bool,
    /// The letter with its headers.
    pub text: String,
}

/// How connections are secured.
#[derive(Clone)]
pub enum Security {
    /// Not at all.
    Plain,
    /// After STARTTLS.
    Upgraded(Arc<ServerConfig>),
    /// From the start.
    Whole(Arc<ServerConfig>),
}

impl Security {
    /// A server's configuration from a certificate and its key, in PEM files.
    ///
    /// # Errors
    /// Where they cannot be used.
    pub fn config(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, Box<dyn std::error::Error>> {
        let (certificate, key) = (CertificateDer::from_pem_file(certificate)?, PrivateKeyDer::from_pem_file(key)?);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate], key)?))
    }
}

struct Shared {
    security: Security,
    login: Option<String>,
    letters: Mutex<Vec<Letter>>,
}

/// Listens until it is dropped.
pub struct SmtpReceiver {
    shared: Arc<Shared>,
    listening: Listening,
}

impl SmtpReceiver {
    /// Listens on a port; 0 is any. With `login`, a letter is taken only after this login, in base 64.
    ///
    /// # Errors
    /// Where the port cannot be had.
    pub fn on(port: u16, security: Security, login: Option<String>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { security, login, letters: Mutex::default() });
        let mine = Arc::clone(&shared);
        let listening = Listening::on(port, move |stream| serve(stream, &mine))?;
        Ok(Self { shared, listening })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listening.address().port()
    }

    /// Every letter that came so far.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.shared.letters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> Option<()> {
    match &shared.security {
        Security::Whole(config) => {
            let mut secret = tls(config, stream)?;
            secret.write_all(b"220 receiver\r\n").ok()?;
            talk(secret, shared, true).map(drop)
        }
        Security::Plain | Security::Upgraded(_) => {
            stream.write_all(b"220 receiver\r\n").ok()?;
            let stream = talk(stream, shared, false)?;
            match &shared.security {
                Security::Upgraded(config) => talk(tls(config, stream)?, shared, true).map(drop),
                _ => None,
            }
        }
    }
}

fn tls(config: &Arc<ServerConfig>, stream: TcpStream) -> Option<StreamOwned<ServerConnection, TcpStream>> {
    Some(StreamOwned::new(ServerConnection::new(Arc::clone(config)).ok()?, stream))
}

/// Speaks until the other side leaves; gives the stream back where it shall be upgraded.
fn talk<S: Read + Write>(stream: S, shared: &Shared, is_secret: bool) -> Option<S> {
    let mut reader = BufReader::new(stream);
    let mut letter =
        Letter { from: String::new(), to: Vec::new(), login: String::new(), is_secret, text: String::new() };
    let can_upgrade = !is_secret && matches!(shared.security, Security::Upgraded(_));
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        let upper = line.to_ascii_uppercase();
        let is_known = shared.login.as_ref().is_none_or(|login| *login == letter.login);
        let answer = if upper.starts_with("EHLO") {
            let upgrade = if can_upgrade { "250-STARTTLS\r\n" } else { "" };
            format!("250-receiver\r\n{upgrade}250 AUTH PLAIN")
        } else if upper == "STARTTLS" && can_upgrade {
            reader.get_mut().write_all(b"220 go on\r\n").ok()?;
            return Some(reader.into_inner());
        } else if let Some(login) = line.strip_prefix("AUTH PLAIN ") {
            letter.login = login.to_owned();
            let is_right = shared.login.as_deref() == Some(login);
            if is_right { "235 welcome".to_owned() } else { "535 5.7.8 not you".to_owned() }
        } else if upper.starts_with("MAIL FROM:") && !is_known {
            "530 5.7.0 log in first".to_owned()
        } else if upper.starts_with("MAIL FROM:") {
            letter.from = address(line);
            "250 ok".to_owned()
        } else if upper.starts_with("RCPT TO:") {
            letter.to.push(address(line));
            "250 ok".to_owned()
        } else if upper == "DATA" {
            reader.get_mut().write_all(b"354 go on\r\n").ok()?;
            letter.text = body(&mut reader)?;
            shared.letters.lock().unwrap_or_else(PoisonError::into_inner).push(letter.clone());
            letter.to.clear();
            "250 taken".to_owned()
        } else if upper == "QUIT" {
            let _ = reader.get_mut().write_all(b"221 bye\r\n");
            return None;
        } else {
            "250 ok".to_owned()
        };
        reader.get_mut().write_all(format!("{answer}\r\n").as_bytes()).ok()?;
    }
}

/// What stands between `<` and `>`.
fn address(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(address, _)| address.to_owned())
}

/// The lines up to the one with a dot alone; a dot that was doubled is one again.
fn body(reader: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim_end() == "." {
            return Some(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
