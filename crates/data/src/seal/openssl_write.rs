//! Writes what `openssl enc -d -aes-256-cbc -pbkdf2 -iter N` reads: `Salted__`, 8 bytes of salt, AES-256-CBC with PKCS#7.

use std::io::{self, Write};

use aes::Aes256;
use aes::cipher::{Array, BlockModeEncrypt, KeyIvInit};
use ring::rand::{SecureRandom, SystemRandom};

use super::legacy_key::Derivation;

/// What every such file starts with.
pub(super) const MAGIC: &[u8; 8] = b"Salted__";
/// Bytes of salt.
pub(super) const SALT: usize = 8;
/// Bytes of a block.
pub(super) const BLOCK: usize = 16;
/// How much is encrypted at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Encrypts what is written.
pub(crate) struct Encrypting<W> {
    sink: W,
    cipher: cbc::Encryptor<Aes256>,
    pending: Vec<u8>,
}

impl<W: Write> Encrypting<W> {
    /// Writes the header, with a salt of its own.
    pub(super) fn new(mut sink: W, passphrase: &str, rounds: u32) -> io::Result<Self> {
        let mut salt = [0; SALT];
        SystemRandom::new().fill(&mut salt).map_err(|_| io::Error::other("the system has no random numbers"))?;
        let key = Derivation::Pbkdf2 { rounds }.key(passphrase.as_bytes(), &salt);
        sink.write_all(MAGIC)?;
        sink.write_all(&salt)?;
        let cipher = cbc::Encryptor::new(&key.key.into(), &key.iv.into());
        Ok(Self { sink, cipher, pending: Vec::with_capacity(PIECE) })
    }

    /// Writes the last block, and gives the sink back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let padding = BLOCK - self.pending.len() % BLOCK;
        self.pending.extend(std::iter::repeat_n(padding as u8, padding));
        self.encrypt_pending()?;
        Ok(self.sink)
    }

    /// Encrypts the whole blocks of what is pending.
    fn encrypt_pending(&mut self) -> io::Result<()> {
        let (blocks, rest) = Array::slice_as_chunks_mut(&mut self.pending);
        self.cipher.encrypt_blocks(blocks);
        let whole = blocks.len() * BLOCK;
        debug_assert!(rest.len() < BLOCK);
        self.sink.write_all(&self.pending[..whole])?;
        self.pending.drain(..whole);
        Ok(())
    }
}

impl<W: Write> Write for Encrypting<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let taken = buf.len().min(PIECE - self.pending.len());
        self.pending.extend_from_slice(&buf[..taken]);
        if self.pending.len() == PIECE {
            self.encrypt_pending()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        // A block that is not whole cannot be written yet.
        self.sink.flush()
    }
}
