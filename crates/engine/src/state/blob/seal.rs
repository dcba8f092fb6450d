//! The format of one encrypted blob. Pure: bytes in, bytes out.
//!
//! ```text
//! "bkb" | version 1 | key id, 8 bytes | nonce, 12 bytes | ChaCha20-Poly1305 of the content | tag, 16 bytes
//! ```
//! Everything before the nonce, the digest and the length are authenticated as well, so that a whole blob put in the
//! place of another is noticed. The nonce is random: 2^32 blobs under one key are safe, and nobody has that many.

use backout_core::inventory::BlobRef;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::BlobKey;

const MAGIC: [u8; 4] = *b"bkb\x01";
const KEY_ID: usize = 8;
const HEADER: usize = MAGIC.len() + KEY_ID + NONCE_LEN;
const TAG: usize = 16;

/// How many bytes a blob is longer than its content.
pub(super) const OVERHEAD: u64 = (HEADER + TAG) as u64;

/// Why a blob cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unopened {
    /// It ends too early.
    Truncated,
    /// It was not written by backout, or changed since.
    Tampered,
    /// It was written by a newer version.
    TooNew(u8),
    /// It was encrypted with another key.
    OtherKey,
}

/// The cipher did not take the content: it is longer than the cipher allows (256 GiB).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsealed;

/// Encrypts content. A nonce must never be used twice with one key.
pub(super) fn seal(key: &BlobKey, blob: &BlobRef, nonce: [u8; NONCE_LEN], content: &[u8]) -> Result<Vec<u8>, Unsealed> {
    let mut sealed = Vec::with_capacity(HEADER + content.len() + TAG);
    sealed.extend(MAGIC);
    sealed.extend(key.id);
    sealed.extend(nonce);
    let mut body = content.to_vec();
    cipher(key)
        .and_then(|cipher| {
            cipher.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound(key, blob)), &mut body)
        })
        .map_err(|_| Unsealed)?;
    sealed.append(&mut body);
    Ok(sealed)
}

/// Decrypts a blob and checks that it is the one asked for: its length, its place, and the digest of its content.
pub(super) fn open(key: &BlobKey, blob: &BlobRef, mut sealed: Vec<u8>) -> Result<Vec<u8>, Unopened> {
    check_start(key, blob, &sealed)?;
    let mut body = sealed.split_off(HEADER);
    let mut nonce = [0; NONCE_LEN];
    nonce.copy_from_slice(&sealed[HEADER - NONCE_LEN..]);
    let length = cipher(key)
        .and_then(|cipher| {
            let content =
                cipher.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(bound(key, blob)), &mut body)?;
            Ok(content.len())
        })
        .map_err(|_| Unopened::Tampered)?;
    body.truncate(length);
    if backout_core::id::Digest::keyed(&key.naming, &body) == blob.digest { Ok(body) } else { Err(Unopened::Tampered) }
}

/// The start first: a version or a key that differs explains a length that does.
fn check_start(key: &BlobKey, blob: &BlobRef, sealed: &[u8]) -> Result<(), Unopened> {
    let known = sealed.len().min(3);
    if sealed[..known] != MAGIC[..known] {
        return Err(Unopened::Tampered);
    }
    match sealed.get(3) {
        Some(version) if *version > MAGIC[3] => return Err(Unopened::TooNew(*version)),
        Some(version) if *version != MAGIC[3] => return Err(Unopened::Tampered),
        _ => {}
    }
    if sealed.len() < HEADER {
        return Err(Unopened::Truncated);
    }
    if sealed[MAGIC.len()..MAGIC.len() + KEY_ID] != key.id {
        return Err(Unopened::OtherKey);
    }
    match (sealed.len() as u64).cmp(&blob.bytes.saturating_add(OVERHEAD)) {
        std::cmp::Ordering::Less => Err(Unopened::Truncated),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(Unopened::Tampered),
    }
}

fn cipher(key: &BlobKey) -> Result<LessSafeKey, ring::error::Unspecified> {
    UnboundKey::new(&CHACHA20_POLY1305, &key.sealing).map(LessSafeKey::new)
}

/// What is authenticated beside the content.
fn bound(key: &BlobKey, blob: &BlobRef) -> Vec<u8> {
    [&MAGIC[..], &key.id, &blob.bytes.to_be_bytes(), blob.digest.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use backout_core::id::Digest;
    use proptest::prelude::*;

    use super::*;

    fn sealed(content: &[u8]) -> (BlobKey, BlobRef, Vec<u8>) {
        let key = BlobKey::from_secret(&[1; 32]);
        let blob = BlobRef { digest: Digest::keyed(&key.naming, content), bytes: content.len() as u64 };
        let bytes = seal(&key, &blob, [9; NONCE_LEN], content).unwrap();
        (key, blob, bytes)
    }

    #[test]
    fn content_is_not_in_the_blob() {
        let (_, _, bytes) = sealed(b"PASSWORD=hunter2");
        assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
    }

    #[test]
    fn blob_in_the_place_of_another_is_tampering() {
        let (key, _, bytes) = sealed(b"aaaa");
        let (_, other, _) = sealed(b"bbbb");
        assert_eq!(open(&key, &other, bytes), Err(Unopened::Tampered));
    }

    #[test]
    fn blob_of_another_key_is_said_to_be_one() {
        let (_, blob, bytes) = sealed(b"aaaa");
        assert_eq!(open(&BlobKey::from_secret(&[2; 32]), &blob, bytes), Err(Unopened::OtherKey));
    }

    #[test]
    fn blob_of_a_newer_version_is_said_to_be_one() {
        let (key, blob, mut bytes) = sealed(b"aaaa");
        bytes[3] = 2;
        assert_eq!(open(&key, &blob, bytes), Err(Unopened::TooNew(2)));
    }

    proptest! {
        #[test]
        fn any_content_comes_back(content in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (key, blob, bytes) = sealed(&content);
            prop_assert_eq!(bytes.len() as u64, blob.bytes + OVERHEAD);
            prop_assert_eq!(open(&key, &blob, bytes), Ok(content));
        }

        #[test]
        fn any_shorter_blob_is_truncated(cut in 1_usize..52) {
            let (key, blob, mut bytes) = sealed(b"0123456789abcdef");
            bytes.truncate(bytes.len() - cut);
            prop_assert_eq!(open(&key, &blob, bytes), Err(Unopened::Truncated));
        }

        #[test]
        fn any_changed_bit_is_noticed(at in 0_usize..56, bit in 0_u32..8) {
            let (key, blob, mut bytes) = sealed(b"0123456789abcdef");
            bytes[at] ^= 1 << bit;
            prop_assert!(open(&key, &blob, bytes).is_err());
        }
    }
}
