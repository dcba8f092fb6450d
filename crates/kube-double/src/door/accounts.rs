//! Whose credentials are accepted.

use std::collections::BTreeMap;

/// The users by what they show: a token, or a certificate that the double has issued.
#[derive(Debug, Default, Clone)]
pub(crate) struct Accounts {
    tokens: BTreeMap<String, String>,
    /// By the certificate's bytes: what was issued is known, so nothing has to be read from it.
    certificates: BTreeMap<Vec<u8>, String>,
}

impl Accounts {
    /// Accepts a token as that user's from now on; none revokes it.
    pub(crate) fn set_token(&mut self, token: String, user: Option<String>) {
        match user {
            Some(user) => drop(self.tokens.insert(token, user)),
            None => drop(self.tokens.remove(&token)),
        }
    }

    pub(crate) fn add_certificate(&mut self, certificate: Vec<u8>, user: &str) {
        self.certificates.insert(certificate, user.to_owned());
    }

    /// Whose request it is: a certificate counts before the header `Authorization`, as it does for a cluster.
    pub(crate) fn user(&self, certificate: Option<&[u8]>, authorization: Option<&str>) -> Option<String> {
        let of_certificate = certificate.and_then(|certificate| self.certificates.get(certificate));
        let of_token = || self.tokens.get(authorization?.strip_prefix("Bearer ")?);
        of_certificate.or_else(of_token).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_is_revoked_is_nobodys() {
        let mut accounts = Accounts::default();
        accounts.set_token("t".to_owned(), Some("ann".to_owned()));
        assert_eq!(accounts.user(None, Some("Bearer t")).as_deref(), Some("ann"));
        assert_eq!(accounts.user(None, Some("Bearer t\n")), None);
        accounts.add_certificate(vec![1], "bob");
        assert_eq!(accounts.user(Some(&[1]), Some("Bearer t")).as_deref(), Some("bob"));
        accounts.set_token("t".to_owned(), None);
        assert_eq!(accounts.user(None, Some("Bearer t")), None);
    }
}
