//! What was damaged, cut short or meant for another key never comes out as if it were whole.

use std::io::Read;

use backout_core::config::Sensitive;
use backout_core::data::{Packing, Sealing, StoredObject};

use super::{PACKINGS, SEALINGS, dump, keys, opened, sealed};
use crate::seal::{Checked, Hashing, Keys, failed};

/// Those that have a checksum of their own. `openssl enc` has none.
fn have_checksums() -> Vec<(Packing, Sealing)> {
    let all = PACKINGS.into_iter().flat_map(|packing| SEALINGS.map(|sealing| (packing, sealing)));
    all.filter(|(packing, sealing)| *packing != Packing::None || *sealing == Sealing::Age).collect()
}

fn recorded(stored: &[u8]) -> StoredObject {
    let mut sink = Hashing::new(std::io::sink());
    std::io::copy(&mut &stored[..], &mut sink).unwrap();
    let (_, sum) = sink.finish();
    StoredObject { name: "shop/b/dump".to_owned(), bytes: sum.bytes, sha256: sum.sha256 }
}

#[test]
fn a_stream_cut_short_anywhere_ends_in_an_error() {
    let (keys, content) = (keys(), dump(200));
    for (packing, sealing) in have_checksums() {
        let stored = sealed(&content, packing, sealing, &keys);
        assert!(opened(&stored, packing, sealing, &keys).unwrap() == content);
        for length in 0..stored.len() {
            let found = opened(&stored[..length], packing, sealing, &keys);
            assert!(found.is_err(), "{packing:?} {sealing:?}: {length} of {} bytes were taken", stored.len());
        }
    }
}

#[test]
fn a_stream_with_a_flipped_bit_never_comes_out_as_something_else() {
    let (keys, content) = (keys(), dump(200));
    for (packing, sealing) in have_checksums() {
        let stored = sealed(&content, packing, sealing, &keys);
        for at in 0..stored.len() {
            let mut damaged = stored.clone();
            damaged[at] ^= 1 << (at % 8);
            // Some bits of the headers mean nothing: then it is what it was.
            let found = opened(&damaged, packing, sealing, &keys);
            assert!(found.is_err() || found.unwrap() == content, "{packing:?} {sealing:?}: byte {at}");
        }
    }
}

#[test]
fn a_flipped_bit_of_age_is_always_told() {
    let (keys, content) = (keys(), dump(600));
    let stored = sealed(&content, Packing::None, Sealing::Age, &keys);
    for at in 0..stored.len() {
        let mut damaged = stored.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(opened(&damaged, Packing::None, Sealing::Age, &keys).is_err(), "byte {at}");
    }
}

#[test]
fn what_is_not_as_recorded_is_told_whatever_the_format() {
    let (keys, content) = (keys(), dump(600));
    for sealing in SEALINGS {
        let stored = sealed(&content, Packing::None, sealing, &keys);
        let object = recorded(&stored);
        Checked::new(&stored[..], &object).drain().unwrap();
        for at in 0..stored.len() {
            let mut flipped = stored.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(Checked::new(&flipped[..], &object).drain().is_err());
            assert!(Checked::new(&stored[..at], &object).drain().is_err());
        }
        let longer = [&stored[..], b"x"].concat();
        assert!(Checked::new(&longer[..], &object).drain().is_err());
    }
}

#[test]
fn an_error_from_below_is_told_as_it_was() {
    let keys = keys();
    let stored = sealed(&dump(900_000), Packing::Zstd, Sealing::Age, &keys);
    let object = recorded(&stored);
    let source = Checked::new(&stored[..stored.len() - 40_000], &object);
    let mut content = super::reader(source, Packing::Zstd, Sealing::Age, &keys).unwrap();
    let error = content.read_to_end(&mut Vec::new()).unwrap_err();
    let error = failed("could not restore", &error);
    assert!(error.what.starts_with("could not restore: `shop/b/dump` was cut short"), "{error}");
}

#[test]
fn of_three_hundred_wrong_passphrases_none_is_taken() {
    let stored = sealed(&dump(4_000), Packing::None, Sealing::Openssl, &keys());
    for wrong in 0..300 {
        let keys = Keys::openssl(Sensitive::new(format!("wrong {wrong}")), 10);
        let error = opened(&stored, Packing::None, Sealing::Openssl, &keys).unwrap_err();
        assert!(failed("", &error).what.contains("passphrase"), "{error}");
    }
}

#[test]
fn the_wrong_secret_key_is_told_from_damage() {
    let stored = sealed(&dump(4_000), Packing::None, Sealing::Age, &keys());
    let error = opened(&stored, Packing::None, Sealing::Age, &keys()).unwrap_err();
    assert!(failed("", &error).what.contains("none of the secret keys"), "{error}");
}
