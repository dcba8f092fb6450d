//! Mail, over SMTP with STARTTLS or TLS.
//!
//! The letters of a run are one conversation: the first one's `Message-ID` is what the others refer to. The identifier is made
//! from the notice's, so that a letter that is sent twice has the same one.

use std::path::Path;
use std::time::Duration;

use backout_core::config::Mail;
use backout_core::id::Digest;
use backout_core::notify::Letter;
use backout_core::port::{Delivered, NotDelivered};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport, Tokio1Executor};

/// One letter's way to its mail server.
pub(super) struct Post<'a> {
    pub(super) mail: &'a Mail,
    pub(super) folder: &'a Path,
    pub(super) timeout: Duration,
}

impl Post<'_> {
    /// Sends it.
    pub(super) async fn send(&self, password: Option<String>, letter: &Letter) -> Result<Delivered, NotDelivered> {
        let message = message(self.mail, letter)?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.mail.host)
            .port(self.mail.port)
            .timeout(Some(self.timeout))
            .tls(self.tls().await?);
        if let (Some((user, _)), Some(password)) = (&self.mail.login, password) {
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        builder.build().send(message).await.map(|_| Delivered::default()).map_err(|error| failure(&error))
    }

    async fn tls(&self) -> Result<Tls, NotDelivered> {
        if !self.mail.is_tls && !self.mail.starttls {
            return Ok(Tls::None);
        }
        let unusable = |error: &dyn std::fmt::Display| NotDelivered::for_now(format!("TLS cannot be used: {error}"));
        let mut parameters = TlsParameters::builder(self.mail.host.clone());
        if let Some(ca) = &self.mail.ca {
            let path = self.folder.join(ca);
            let read = tokio::fs::read(&path).await;
            let pem = read.map_err(|error| unusable(&format!("`{}` cannot be read: {error}", path.display())))?;
            parameters =
                parameters.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| unusable(&error))?);
        }
        let parameters = parameters.build_rustls().map_err(|error| unusable(&error))?;
        Ok(if self.mail.is_tls { Tls::Wrapper(parameters) } else { Tls::Required(parameters) })
    }
}

/// What a server refuses for good (5xx) is not sent again, unless it is about logging in, which a person can mend.
fn failure(error: &Error) -> NotDelivered {
    let mut what = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !what.contains(&cause_text) {
            what = format!("{what}: {cause_text}");
        }
        source = cause.source();
    }
    let code = error.status().map(u16::from).unwrap_or_default();
    let is_final = error.is_permanent() && !matches!(code, 530 | 534 | 535 | 538);
    NotDelivered { is_final, ..NotDelivered::for_now(what) }
}

fn message(mail: &Mail, letter: &Letter) -> Result<Message, NotDelivered> {
    let unusable =
        |what: &str| NotDelivered { is_final: true, ..NotDelivered::for_now(format!("{what} cannot be used in mail")) };
    let address = |text: &str| text.parse::<Mailbox>().map_err(|_| unusable(&format!("`{text}`")));
    let from = address(&mail.from)?;
    let domain = from.email.domain().to_owned();
    let identifier = |text: &str| format!("<{}@{domain}>", Digest::of(text.as_bytes()).short());
    let thread = identifier(letter.notice.thread());
    let mut builder = Message::builder()
        .from(from)
        .subject(letter.title.as_str())
        .date(std::time::SystemTime::from(letter.notice.at))
        .message_id(Some(identifier(&letter.notice.id)))
        .in_reply_to(thread.clone())
        .references(thread)
        .header(ContentType::TEXT_PLAIN);
    for to in &mail.to {
        builder = builder.to(address(to)?);
    }
    builder.body(text(letter)).map_err(|_| unusable("the letter"))
}

fn text(letter: &Letter) -> String {
    let mut text = letter.text.clone();
    if !letter.fields.is_empty() {
        text.push_str(if text.is_empty() { "" } else { "\n\n" });
        let line = |field: &backout_core::notify::Field| format!("{}: {}", field.name, field.value);
        text.push_str(&letter.fields.iter().map(line).collect::<Vec<_>>().join("\n"));
    }
    text + "\n"
}
