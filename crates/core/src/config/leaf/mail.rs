//! Mail servers and mail addresses.

use super::Address;
use crate::config::ProblemCode;
use crate::config::read::{Accepts, Complaint, Leaf};

/// A mail server: `smtp://HOST:PORT` or `smtps://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct SmtpAddress {
    /// Its name or address, without brackets.
    pub(in crate::config) host: String,
    /// Its port.
    pub(in crate::config) port: u16,
    /// Whether TLS is spoken from the start.
    pub(in crate::config) is_tls: bool,
}

/// A mail address: `NAME@HOST`, or `Words <NAME@HOST>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct MailAddress(pub(in crate::config) String);

impl Leaf for SmtpAddress {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let bad = || {
            Complaint::hiding(ProblemCode::InvalidValue, "this is not the address of a mail server")
                .hint("write `smtp://HOST:587`, or `smtps://HOST:465` for TLS from the start")
        };
        let (is_tls, rest) = match (text.strip_prefix("smtp://"), text.strip_prefix("smtps://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(bad()),
        };
        Address::parse(rest).map_err(|_| bad())?;
        let (host, port) = rest.rsplit_once(':').ok_or_else(bad)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { host, port: port.parse().map_err(|_| bad())?, is_tls })
    }

    fn accepts() -> Accepts {
        Accepts::text(r"^smtps?://\S+:[0-9]+$")
    }
}

impl Leaf for MailAddress {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let bare = match text.split_once('<') {
            Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
            None => text,
        };
        let is_part =
            |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "<>@,".contains(c));
        let is_address = bare.split_once('@').is_some_and(|(name, host)| is_part(name) && is_part(host));
        if !is_address || text.contains(char::is_control) {
            return Err(Complaint::about(ProblemCode::InvalidValue, "is not a mail address").hint("write `NAME@HOST`"));
        }
        Ok(Self(text.to_owned()))
    }

    fn accepts() -> Accepts {
        Accepts::text(r"[^\s@]@[^\s@]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_has_a_scheme_a_host_and_a_port() {
        let plain = SmtpAddress { host: "mail.example".to_owned(), port: 587, is_tls: false };
        assert_eq!(SmtpAddress::parse("smtp://mail.example:587"), Ok(plain));
        let tls = SmtpAddress { host: "::1".to_owned(), port: 465, is_tls: true };
        assert_eq!(SmtpAddress::parse("smtps://[::1]:465"), Ok(tls));
        for text in ["", "mail.example:25", "smtp://mail.example", "smtp://user:hunter2@mail.example:25"] {
            let complaint = SmtpAddress::parse(text).unwrap_err();
            assert!(!format!("{complaint:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_mail_address_may_have_words_before_it() {
        for text in ["ops@shop.example", "Shop deploys <ops@shop.example>"] {
            assert!(MailAddress::parse(text).is_ok(), "{text}");
        }
        for text in ["", "ops", "@shop", "ops@", "a b@c", "Ops <ops>", "ops@a,b@c", "ops@shop\r\nBcc: x@y"] {
            assert!(MailAddress::parse(text).is_err(), "{text}");
        }
    }
}
