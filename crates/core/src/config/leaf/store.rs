//! Where backups are kept, and the public keys that they are encrypted to.

use crate::config::ProblemCode;
use crate::config::read::{Accepts, Complaint, Leaf};

/// The address of a store: `file:FOLDER`, or `s3://BUCKET/PREFIX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) enum StoreAddress {
    /// A folder.
    Folder(String),
    /// An S3-compatible store.
    S3 {
        /// The bucket.
        bucket: String,
        /// What every name in it starts with: empty, or ends with `/`.
        prefix: String,
    },
}

/// A public key of `age`, `age1...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct AgeRecipient(pub(in crate::config) String);

fn bad(what: &str) -> Complaint {
    Complaint::about(ProblemCode::InvalidValue, what)
}

impl Leaf for StoreAddress {
    fn parse(text: &str) -> Result<Self, Complaint> {
        if text.contains('\0') {
            return Err(Complaint::hiding(ProblemCode::InvalidValue, "this holds a null character"));
        }
        if let Some(folder) = text.strip_prefix("file:").filter(|folder| !folder.trim().is_empty()) {
            return Ok(Self::Folder(folder.to_owned()));
        }
        let Some(rest) = text.strip_prefix("s3://") else {
            return Err(bad("is not a place for backups").hint("write `file:FOLDER`, or `s3://BUCKET/PREFIX`"));
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_bucket(bucket) {
            let hint = "a bucket has 3 to 63 lower-case letters, digits, dots and hyphens: `s3://BUCKET/PREFIX`";
            return Err(bad("does not name a bucket").hint(hint));
        }
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Self::S3 { bucket: bucket.to_owned(), prefix })
    }

    fn accepts() -> Accepts {
        Accepts::text(r"^(file:\s*\S|s3://[a-z0-9])")
    }
}

/// The naming rules of Amazon S3, as far as every compatible store keeps them.
fn is_bucket(text: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (3..=63).contains(&text.len())
        && text.chars().all(is_inner)
        && is_end(text.chars().next())
        && is_end(text.chars().last())
}

impl Leaf for AgeRecipient {
    fn parse(text: &str) -> Result<Self, Complaint> {
        if text.starts_with("AGE-SECRET-KEY-") {
            let hint = "`age-keygen -y` prints the public key that belongs to it";
            return Err(Complaint::hiding(ProblemCode::LiteralSecret, "this is a secret key of `age`").hint(hint));
        }
        let is_key = text
            .strip_prefix("age1")
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
        if !is_key {
            let hint = "`age-keygen` prints one, `age1...`, with the secret key that belongs to it";
            return Err(bad("is not a public key of `age`").hint(hint));
        }
        Ok(Self(text.to_owned()))
    }

    fn accepts() -> Accepts {
        Accepts::text("^age1[0-9a-z]+$")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_folder_or_a_bucket() {
        let s3 = |bucket: &str, prefix: &str| StoreAddress::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
        assert_eq!(StoreAddress::parse("file:backups/"), Ok(StoreAddress::Folder("backups/".to_owned())));
        assert_eq!(StoreAddress::parse("s3://shop-backups"), Ok(s3("shop-backups", "")));
        assert_eq!(StoreAddress::parse("s3://shop/a/b"), Ok(s3("shop", "a/b/")));
        assert_eq!(StoreAddress::parse("s3://shop/a/"), Ok(s3("shop", "a/")));
        for text in
            ["", "file:", "file:  ", "backups", "s3:", "s3://", "s3://A", "s3://Shop/x", "s3://-shop", "http://x"]
        {
            assert!(StoreAddress::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_key_among_public_ones_is_not_repeated() {
        let complaint = AgeRecipient::parse("AGE-SECRET-KEY-1HUNTER2").unwrap_err();
        assert!(!format!("{complaint:?}").contains("HUNTER2"));
        assert_eq!(complaint.code, ProblemCode::LiteralSecret);
        assert!(AgeRecipient::parse("age1ql3z7hjy54pw3hyww").is_ok());
        assert!(AgeRecipient::parse("ssh-ed25519 AAAA").is_err());
    }
}
