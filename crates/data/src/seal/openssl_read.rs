//! Reads what `openssl enc -aes-256-cbc` wrote, however it made its key.
//!
//! The format has no checksum, and one of 300 wrong passphrases even ends in a valid padding: so a way to make the key is
//! only taken when what comes out first is something that is known.

use std::io::{self, Cursor, Read};

use aes::Aes256;
use aes::cipher::{Array, BlockModeDecrypt, KeyIvInit};
use backout_core::port::PortError;

use super::Kind;
use super::detect::{LOOKED_AT, detect};
use super::explain::{broken, cut_short};
use super::keys::Keys;
use super::legacy_key::{Derivation, Key};
use super::openssl_write::{BLOCK, MAGIC, SALT};
use super::reader::{Peeked, peek};

/// How much is decrypted at once, in bytes.
const PIECE: usize = 64 * 1024;
/// What is done, in errors.
const LAYER: &str = "`openssl enc`";

/// Decrypts what is read.
pub(super) struct Decrypting<R> {
    source: R,
    cipher: cbc::Decryptor<Aes256>,
    /// Encrypted bytes that were read.
    held: Vec<u8>,
    /// Decrypted bytes.
    ready: Cursor<Vec<u8>>,
    is_over: bool,
}

/// Reads the header, finds out how the key was made, and decrypts the rest. `accepts` says what may come out.
pub(super) fn decrypting<R: Read>(
    source: R,
    keys: &Keys,
    accepts: impl Fn(Kind) -> bool,
) -> io::Result<Decrypting<Peeked<R>>> {
    let passphrase = keys.passphrase.as_ref().ok_or_else(|| {
        let error = PortError::new("it is encrypted with a passphrase, and none is configured");
        broken(error.hint("name it: `backup: { encrypt: { openssl: { passphrase: env:NAME } } }`"))
    })?;
    let (first, mut source) = peek(source, MAGIC.len() + SALT + LOOKED_AT + BLOCK)?;
    let (header, body) = first.split_at_checked(MAGIC.len() + SALT).ok_or_else(|| broken(cut_short(LAYER)))?;
    if !header.starts_with(MAGIC) {
        return Err(broken(PortError::new("it was not encrypted by `openssl enc` with a salt")));
    }
    if body.len() < BLOCK {
        return Err(broken(cut_short(LAYER)));
    }
    let salt = &header[MAGIC.len()..];
    let derivations = Derivation::all(keys.iterations).into_iter();
    let mut keys = derivations.map(|derivation| derivation.key(passphrase.reveal().as_bytes(), salt));
    let key = keys.find(|key| beginning(*key, body).is_some_and(|plain| accepts(detect(&plain))));
    let key = key.ok_or_else(|| {
        let error = PortError::new("its passphrase is another one, or it was damaged: nothing that is known comes out");
        broken(error.hint("check the passphrase; rounds other than 10,000 must be configured: `iterations`"))
    })?;
    io::copy(&mut (&mut source).take((MAGIC.len() + SALT) as u64), &mut io::sink())?;
    let cipher = cbc::Decryptor::new(&key.key.into(), &key.iv.into());
    Ok(Decrypting { source, cipher, held: Vec::new(), ready: Cursor::default(), is_over: false })
}

/// The first bytes as they come out with a key; `None` where all of it is there and its padding is wrong.
fn beginning(key: Key, body: &[u8]) -> Option<Vec<u8>> {
    let is_all = body.len() < LOOKED_AT + BLOCK;
    let mut plain = body[..body.len() - body.len() % BLOCK].to_vec();
    decrypt(&mut cbc::Decryptor::new(&key.key.into(), &key.iv.into()), &mut plain);
    if is_all {
        let length = unpadded(&plain)?;
        plain.truncate(length);
    }
    Some(plain)
}

fn decrypt(cipher: &mut cbc::Decryptor<Aes256>, blocks: &mut [u8]) {
    cipher.decrypt_blocks(Array::slice_as_chunks_mut(blocks).0);
}

/// The length without the padding; `None` where the padding is wrong.
fn unpadded(plain: &[u8]) -> Option<usize> {
    let padding = usize::from(*plain.last()?);
    let length = plain.len().checked_sub(padding)?;
    let is_padding = (1..=BLOCK).contains(&padding) && plain[length..].iter().all(|byte| usize::from(*byte) == padding);
    is_padding.then_some(length)
}

impl<R: Read> Decrypting<R> {
    /// Decrypts the next piece. The last block waits until it is known to be the last.
    fn next_piece(&mut self) -> io::Result<()> {
        let had = self.held.len();
        (&mut self.source).take((PIECE + BLOCK - had) as u64).read_to_end(&mut self.held)?;
        self.is_over = self.held.len() < PIECE + BLOCK;
        if self.is_over && (self.held.is_empty() || !self.held.len().is_multiple_of(BLOCK)) {
            return Err(broken(cut_short(LAYER)));
        }
        let rest = self.held.split_off(if self.is_over { self.held.len() } else { PIECE });
        let mut plain = std::mem::replace(&mut self.held, rest);
        decrypt(&mut self.cipher, &mut plain);
        if self.is_over {
            let damaged = || PortError::new("its end is damaged or was cut off").hint("use another restore point");
            let length = unpadded(&plain).ok_or_else(|| broken(damaged()))?;
            plain.truncate(length);
        }
        self.ready = Cursor::new(plain);
        Ok(())
    }
}

impl<R: Read> Read for Decrypting<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.ready.position() == self.ready.get_ref().len() as u64 && !self.is_over {
            self.next_piece()?;
        }
        self.ready.read(buf)
    }
}
