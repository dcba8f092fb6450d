//! Packs and seals what is written.

use std::io::{self, Write};

use backout_core::data::{Packing, Sealing};
use backout_core::port::PortError;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::explain::broken;
use super::keys::Keys;
use super::openssl_write::Encrypting;

/// Zstandard's level: on dumps, higher ones cost much and save little.
const LEVEL: i32 = 3;
/// How many threads pack.
const WORKERS: u32 = 2;

/// Packs and seals what is written into a sink. Nothing is whole before [`Sealed::finish`].
pub(crate) struct Sealed<W: Write>(Packer<Sealer<W>>);

enum Packer<W: Write> {
    None(W),
    Zstd(Box<zstd::Encoder<'static, W>>),
    Gzip(Box<GzEncoder<W>>),
}

enum Sealer<W: Write> {
    None(W),
    #[cfg(feature = "age")]
    Age(Box<age::stream::StreamWriter<W>>),
    Openssl(Box<Encrypting<W>>),
}

/// Packs and seals what is written into `sink`.
///
/// # Errors
/// Keys that are missing or cannot be read; what `sink` says.
pub(crate) fn writer<W: Write>(sink: W, packing: Packing, sealing: Sealing, keys: &Keys) -> io::Result<Sealed<W>> {
    let sealer = match sealing {
        Sealing::None => Sealer::None(sink),
        Sealing::Age => age_sealer(sink, keys)?,
        Sealing::Openssl => Sealer::Openssl(Box::new(openssl_sealer(sink, keys)?)),
    };
    let packer = match packing {
        Packing::None => Packer::None(sealer),
        Packing::Zstd => Packer::Zstd(Box::new(zstd_packer(sealer)?)),
        Packing::Gzip => Packer::Gzip(Box::new(GzEncoder::new(sealer, Compression::default()))),
    };
    Ok(Sealed(packer))
}

impl<W: Write> Sealed<W> {
    /// Writes what is pending, and gives the sink back.
    ///
    /// # Errors
    /// What the sink says.
    pub(crate) fn finish(self) -> io::Result<W> {
        let sealer = match self.0 {
            Packer::None(sealer) => sealer,
            Packer::Zstd(encoder) => encoder.finish()?,
            Packer::Gzip(encoder) => encoder.finish()?,
        };
        match sealer {
            Sealer::None(sink) => Ok(sink),
            #[cfg(feature = "age")]
            Sealer::Age(writer) => writer.finish(),
            Sealer::Openssl(encrypting) => encrypting.finish(),
        }
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Packer::None(sealer) => sealer.write(buf),
            Packer::Zstd(encoder) => encoder.write(buf),
            Packer::Gzip(encoder) => encoder.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Packer::None(sealer) => sealer.flush(),
            Packer::Zstd(encoder) => encoder.flush(),
            Packer::Gzip(encoder) => encoder.flush(),
        }
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Sealer::None(sink) => sink.write(buf),
            #[cfg(feature = "age")]
            Sealer::Age(writer) => writer.write(buf),
            Sealer::Openssl(encrypting) => encrypting.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sealer::None(sink) => sink.flush(),
            #[cfg(feature = "age")]
            Sealer::Age(writer) => writer.flush(),
            Sealer::Openssl(encrypting) => encrypting.flush(),
        }
    }
}

fn zstd_packer<W: Write>(sink: W) -> io::Result<zstd::Encoder<'static, W>> {
    let mut encoder = zstd::Encoder::new(sink, LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.multithread(WORKERS)?;
    Ok(encoder)
}

fn openssl_sealer<W: Write>(sink: W, keys: &Keys) -> io::Result<Encrypting<W>> {
    match &keys.passphrase {
        Some(passphrase) if keys.iterations > 0 => Encrypting::new(sink, passphrase.reveal(), keys.iterations),
        _ => Err(broken(PortError::new("there is no passphrase to encrypt with"))),
    }
}

#[cfg(feature = "age")]
fn age_sealer<W: Write>(sink: W, keys: &Keys) -> io::Result<Sealer<W>> {
    let recipients = keys.recipients.iter().map(|text| {
        text.trim().parse::<age::x25519::Recipient>().map_err(|why| {
            let error = PortError::new(format!("`{text}` is no public key of age: {why}"));
            broken(error.hint("`age-keygen -y` prints it: `age1…`"))
        })
    });
    let recipients: Vec<age::x25519::Recipient> = recipients.collect::<io::Result<_>>()?;
    let recipients = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients)
        .map_err(|_| broken(PortError::new("there is no public key to encrypt to").hint("name one: `recipients`")))?;
    Ok(Sealer::Age(Box::new(encryptor.wrap_output(sink)?)))
}

#[cfg(not(feature = "age"))]
fn age_sealer<W: Write>(_sink: W, _keys: &Keys) -> io::Result<Sealer<W>> {
    Err(broken(PortError::new("this `backout` was built without `age`")))
}
