//! Undoes sealing and packing.

use std::io::{self, BufReader, Chain, Cursor, Read};

use backout_core::data::{Packing, Sealing};
use backout_core::port::PortError;
use flate2::bufread::MultiGzDecoder;

use super::detect::{Kind, LOOKED_AT, detect};
use super::explain::{Explained, broken, cut_short};
use super::keys::Keys;
use super::openssl_read::decrypting;

/// The largest window of Zstandard that is read: what `zstd --long=31` needs.
const LARGEST_WINDOW: u32 = 31;

/// A file of somebody, and what it turned out to be.
pub(crate) struct Recognized<'a> {
    /// How it is packed.
    pub(crate) packing: Packing,
    /// How it is sealed.
    pub(crate) sealing: Sealing,
    /// What is inside.
    pub(crate) kind: Kind,
    /// What is inside.
    pub(crate) content: Box<dyn Read + Send + 'a>,
}

/// What was written by [`super::writer`] with the same packing and sealing, or by the programs of those names.
///
/// # Errors
/// Keys that are missing or do not fit; a beginning that is not what was said. Reading it to its end finds the rest.
pub(crate) fn reader<'a>(
    source: impl Read + Send + 'a,
    packing: Packing,
    sealing: Sealing,
    keys: &Keys,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    let content = unsealed(Box::new(source), sealing, keys, |kind| match packing {
        Packing::None => kind != Kind::Unknown,
        Packing::Zstd => kind == Kind::Zstd,
        Packing::Gzip => kind == Kind::Gzip,
    })?;
    unpacked(content, packing)
}

/// Finds out how somebody's file is sealed and packed, and what is inside.
///
/// # Errors
/// As [`reader`].
pub(crate) fn recognize<'a>(source: impl Read + Send + 'a, keys: &Keys) -> io::Result<Recognized<'a>> {
    let (first, source) = peek(source, LOOKED_AT)?;
    let sealing = match detect(&first) {
        Kind::Age => Sealing::Age,
        Kind::Openssl => Sealing::Openssl,
        _ => Sealing::None,
    };
    let content = unsealed(Box::new(source), sealing, keys, |kind| kind != Kind::Unknown)?;
    let (first, content) = peek(content, LOOKED_AT)?;
    let packing = match detect(&first) {
        Kind::Zstd => Packing::Zstd,
        Kind::Gzip => Packing::Gzip,
        _ => Packing::None,
    };
    let (first, content) = peek(unpacked(Box::new(content), packing)?, LOOKED_AT)?;
    Ok(Recognized { packing, sealing, kind: detect(&first), content: Box::new(content) })
}

/// A stream whose first bytes were looked at, from its beginning.
pub(super) type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// The first bytes of a stream, and the stream from its beginning.
pub(super) fn peek<R: Read>(mut source: R, length: usize) -> io::Result<(Vec<u8>, Peeked<R>)> {
    let mut first = Vec::with_capacity(length);
    (&mut source).take(length as u64).read_to_end(&mut first)?;
    Ok((first.clone(), Cursor::new(first).chain(source)))
}

fn unsealed<'a>(
    source: Box<dyn Read + Send + 'a>,
    sealing: Sealing,
    keys: &Keys,
    accepts: impl Fn(Kind) -> bool,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    match sealing {
        Sealing::None => Ok(source),
        Sealing::Age => Ok(Box::new(Explained::new(age_reader(source, keys)?, "age"))),
        Sealing::Openssl => Ok(Box::new(decrypting(source, keys, accepts)?)),
    }
}

fn unpacked<'a>(source: Box<dyn Read + Send + 'a>, packing: Packing) -> io::Result<Box<dyn Read + Send + 'a>> {
    let (layer, kind) = match packing {
        Packing::None => return Ok(source),
        Packing::Zstd => ("zstd", Kind::Zstd),
        Packing::Gzip => ("gzip", Kind::Gzip),
    };
    let (first, source) = peek(source, LOOKED_AT)?;
    if first.len() < 4 {
        return Err(broken(cut_short(layer)));
    }
    if detect(&first) != kind {
        return Err(broken(PortError::new(format!("it was not packed by {layer}"))));
    }
    if packing == Packing::Gzip {
        return Ok(Box::new(Explained::new(MultiGzDecoder::new(BufReader::new(source)), layer)));
    }
    let mut decoder = zstd::Decoder::new(source)?;
    decoder.window_log_max(LARGEST_WINDOW)?;
    Ok(Box::new(Explained::new(decoder, layer)))
}

#[cfg(feature = "age")]
fn age_reader<'a>(source: Box<dyn Read + Send + 'a>, keys: &Keys) -> io::Result<impl Read + Send + use<'a>> {
    use super::explain::explained;
    let identities = identities(keys)?;
    let identities = identities.iter().map(|identity| identity as &dyn age::Identity);
    let refused = |error: age::DecryptError| {
        let port = match error {
            age::DecryptError::Io(error) => return explained("age", error),
            age::DecryptError::NoMatchingKeys => PortError::new("none of the secret keys reads it")
                .hint("name the secret key of one of its recipients: `backup: { encrypt: { age: { identity: … } } }`"),
            other => PortError::new(format!("this is not what age wrote: {other}"))
                .hint("it was damaged or changed after it was written: use another restore point"),
        };
        broken(port)
    };
    age::Decryptor::new_buffered(BufReader::new(source)).and_then(|file| file.decrypt(identities)).map_err(refused)
}

#[cfg(feature = "age")]
fn identities(keys: &Keys) -> io::Result<Vec<age::x25519::Identity>> {
    let text = keys.identities.as_ref().ok_or_else(|| {
        let error = PortError::new("it is encrypted with age, and no secret key is configured");
        broken(error.hint("name it: `backup: { encrypt: { age: { identity: file:PATH } } }`"))
    })?;
    let lines = text.reveal().lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    // The line is not quoted: it is, or should have been, a secret.
    let read = |line: &str| {
        line.parse().map_err(|why| {
            let error = PortError::new(format!("a secret key of age cannot be read: {why}"));
            broken(error.hint("wanted are lines such as `AGE-SECRET-KEY-1…`, as `age-keygen` prints them"))
        })
    };
    lines.map(read).collect()
}

#[cfg(not(feature = "age"))]
fn age_reader<'a>(_source: Box<dyn Read + Send + 'a>, _keys: &Keys) -> io::Result<io::Empty> {
    Err(broken(PortError::new("this `backout` was built without `age`")))
}
