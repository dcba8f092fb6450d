//! How `openssl enc` makes a key of a passphrase, in the ways that it has had.
//!
//! The file says nothing about which: they are tried, newest first.
//!
//! | written by | key |
//! |---|---|
//! | `-pbkdf2 -iter N` | PBKDF2-HMAC-SHA-256, N rounds |
//! | `-pbkdf2` | PBKDF2-HMAC-SHA-256, 10,000 rounds |
//! | OpenSSL 1.1 and later without `-pbkdf2` | `EVP_BytesToKey` with SHA-256 |
//! | OpenSSL before 1.1 | `EVP_BytesToKey` with MD5 |

use md5::Md5;
use sha2::{Digest, Sha256};

/// Rounds of PBKDF2 where `-iter` is not given.
const USUAL_ROUNDS: u32 = 10_000;

/// Key and initial vector of AES-256-CBC.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) key: [u8; 32],
    pub(super) iv: [u8; 16],
}

/// A way to make a key of a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Derivation {
    Pbkdf2 { rounds: u32 },
    Sha256,
    Md5,
}

impl Derivation {
    /// All of them, in the order in which they are tried; `rounds` are those that were configured.
    pub(super) fn all(rounds: u32) -> Vec<Self> {
        let rounds = [rounds, USUAL_ROUNDS].into_iter().filter(|rounds| *rounds > 0);
        let mut all: Vec<Self> = rounds.map(|rounds| Self::Pbkdf2 { rounds }).collect();
        all.dedup();
        all.extend([Self::Sha256, Self::Md5]);
        all
    }

    /// The key.
    pub(super) fn key(self, passphrase: &[u8], salt: &[u8]) -> Key {
        let material = match self {
            Self::Pbkdf2 { rounds } => {
                let mut material = [0; 48];
                pbkdf2::pbkdf2_hmac::<Sha256>(passphrase, salt, rounds, &mut material);
                material
            }
            Self::Sha256 => bytes_to_key::<Sha256>(passphrase, salt),
            Self::Md5 => bytes_to_key::<Md5>(passphrase, salt),
        };
        let (mut key, mut iv) = ([0; 32], [0; 16]);
        key.copy_from_slice(&material[..32]);
        iv.copy_from_slice(&material[32..]);
        Key { key, iv }
    }
}

/// `EVP_BytesToKey` with one round: every digest is of the one before, the passphrase and the salt.
fn bytes_to_key<D: Digest>(passphrase: &[u8], salt: &[u8]) -> [u8; 48] {
    let (mut material, mut last) = (Vec::new(), Vec::new());
    while material.len() < 48 {
        last = D::new().chain_update(&last).chain_update(passphrase).chain_update(salt).finalize().to_vec();
        material.extend_from_slice(&last);
    }
    let mut key = [0; 48];
    key.copy_from_slice(&material[..48]);
    key
}
