//! Mail: with TLS from the start, after STARTTLS, in the clear where that is asked for, and to a server that wants a login.

use std::path::{Path, PathBuf};

use backout_core::config::{Channel, Mail};
use backout_core::notify::Event;
use backout_core::port::{Delivered, NotDelivered, Notifier as _, Threads};
use backout_testkit::receiver::{Security, SmtpReceiver};
use backout_testkit::skip::skip;

use super::world::{client, of_run, token};
use crate::command::{Command, CommandError, Environment};

/// `\0shop\0planted-token` in base 64.
const LOGIN: &str = "AHNob3AAcGxhbnRlZC10b2tlbg==";

fn mail(port: u16) -> Mail {
    Mail {
        host: "localhost".to_owned(),
        port,
        is_tls: false,
        starttls: true,
        ca: Some("cert.pem".to_owned()),
        login: Some(("shop".to_owned(), token())),
        from: "Deploys <deploys@shop.example>".to_owned(),
        to: vec!["ops@shop.example".to_owned(), "anna@shop.example".to_owned()],
    }
}

async fn send(mail: Mail, folder: &Path, event: Event) -> Result<Delivered, NotDelivered> {
    let client = client(Channel::Email(Box::new(mail)), "", folder.to_path_buf());
    client.send(&of_run(event), &Threads::default()).await
}

/// A certificate for `localhost` in `cert.pem`, and its key in `key.pem`; false where there is no `openssl`.
async fn certificate(test: &str, folder: &Path) -> bool {
    let line = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -days 30 \
                -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
                -addext extendedKeyUsage=serverAuth -keyout key.pem -out cert.pem";
    let environment = Environment::from([("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())]);
    match Command::new("openssl", &environment).args(line.split_whitespace()).folder(folder).run().await {
        Err(CommandError::NotFound { .. }) => {
            skip(test, "no `openssl` to make a certificate with");
            false
        }
        made => made.is_ok(),
    }
}

#[tokio::test]
async fn a_letter_goes_over_tls_from_the_start_or_after_starttls() {
    let folder = tempfile::tempdir().unwrap();
    if !certificate("a_letter_goes_over_tls_from_the_start_or_after_starttls", folder.path()).await {
        return;
    }
    let config = Security::config(&folder.path().join("cert.pem"), &folder.path().join("key.pem")).unwrap();
    for is_tls in [true, false] {
        let security = if is_tls { Security::Whole(config.clone()) } else { Security::Upgraded(config.clone()) };
        let receiver = SmtpReceiver::on(0, security, Some(LOGIN.to_owned())).unwrap();
        for event in [Event::GoingBack, Event::RolledBack, Event::RolledBack] {
            send(Mail { is_tls, ..mail(receiver.port()) }, folder.path(), event).await.unwrap();
        }
        let letters = receiver.letters();
        assert_eq!(letters.len(), 3);
        assert!(letters.iter().all(|letter| letter.is_secret && letter.from == "deploys@shop.example"));
        assert_eq!(letters[0].to, ["ops@shop.example", "anna@shop.example"]);
        let header = |at: usize, name: &str| {
            let line = letters[at].text.lines().find(|line| line.starts_with(&format!("{name}: ")));
            line.unwrap_or_else(|| panic!("no {name}: {}", letters[at].text)).to_owned()
        };
        assert_eq!(header(0, "Subject"), "Subject: shop/staging: <it> happened");
        assert_eq!(header(0, "References"), header(1, "References"));
        assert_ne!(header(0, "Message-ID"), header(1, "Message-ID"));
        assert_eq!(header(1, "Message-ID"), header(2, "Message-ID"));
        assert!(letters[0].text.contains("- web: 503"), "{}", letters[0].text);
    }
    // A certificate that nobody vouches for, and a server that does not switch to TLS, get no letter and no password.
    let receiver = SmtpReceiver::on(0, Security::Whole(config), None).unwrap();
    let unknown = Mail { is_tls: true, ca: None, ..mail(receiver.port()) };
    let failure = send(unknown, folder.path(), Event::Held).await.unwrap_err();
    assert!(failure.what.contains("certificate") && !failure.is_final, "{failure}");
    let plain = SmtpReceiver::on(0, Security::Plain, None).unwrap();
    send(mail(plain.port()), folder.path(), Event::Held).await.unwrap_err();
    assert!(receiver.letters().is_empty() && plain.letters().is_empty());
}

#[tokio::test]
async fn a_server_in_the_clear_is_used_where_that_is_asked_for() {
    let receiver = SmtpReceiver::on(0, Security::Plain, None).unwrap();
    let plain = Mail { starttls: false, login: None, ca: None, ..mail(receiver.port()) };
    send(plain, &PathBuf::from("/"), Event::Kept).await.unwrap();
    assert_eq!(receiver.letters().len(), 1);
}

#[tokio::test]
async fn a_login_that_is_refused_can_be_mended_and_is_not_repeated() {
    let receiver = SmtpReceiver::on(0, Security::Plain, Some("another".to_owned())).unwrap();
    let plain = Mail { starttls: false, ca: None, ..mail(receiver.port()) };
    let failure = send(plain, &PathBuf::from("/"), Event::Kept).await.unwrap_err();
    assert!(!failure.is_final && failure.what.contains("not you"), "{failure}");
    assert!(!failure.what.contains("planted-token") && !failure.what.contains(LOGIN), "{failure}");
    assert!(receiver.letters().is_empty());
}
