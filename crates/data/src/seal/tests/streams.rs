//! What goes in comes out, however it is cut into pieces.

use std::io::{Read, Write};

use backout_core::data::{Packing, Sealing, StoredObject};
use proptest::prelude::*;

use super::{PACKINGS, SEALINGS, dump, keys, opened, sealed};
use crate::seal::{Checked, Hashing, Keys, Kind, recognize, writer};

/// Hands out as many bytes at once as it was told.
struct Pieces<'a>(&'a [u8], Vec<usize>);

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let wanted = self.1.pop().unwrap_or(usize::MAX).max(1);
        let length = wanted.min(buf.len()).min(self.0.len());
        buf[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_pieces_that_a_stream_comes_in_do_not_matter(
        length in 8_usize..200_000,
        cuts in prop::collection::vec(1_usize..70_000, 0..40),
        packing in prop::sample::select(&PACKINGS[..]),
        sealing in prop::sample::select(&SEALINGS[..]),
    ) {
        let (keys, content) = (keys(), dump(length));
        let mut sink = writer(Hashing::new(Vec::new()), packing, sealing, &keys).unwrap();
        let mut rest = &content[..];
        for cut in &cuts {
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            sink.write_all(piece).unwrap();
            rest = after;
        }
        sink.write_all(rest).unwrap();
        let (stored, sum) = sink.finish().unwrap().finish();
        let object = StoredObject { name: "dump".to_owned(), bytes: sum.bytes, sha256: sum.sha256 };
        prop_assert_eq!(object.bytes, stored.len() as u64);
        let source = Checked::new(Pieces(&stored, cuts), &object);
        let mut found = Vec::new();
        super::reader(source, packing, sealing, &keys).unwrap().read_to_end(&mut found).unwrap();
        prop_assert!(found == content);
    }

    #[test]
    fn the_sum_is_that_of_what_was_stored(content in prop::collection::vec(any::<u8>(), 0..5_000)) {
        use sha2::Digest;
        let mut sink = Hashing::new(Vec::new());
        sink.write_all(&content).unwrap();
        let (stored, sum) = sink.finish();
        let digits: String = sha2::Sha256::digest(&stored).iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert_eq!(sum.sha256, digits);
    }
}

#[test]
fn sizes_around_blocks_and_pieces_come_out_whole() {
    let keys = keys();
    for around in [16, 528, 544, 65_536, 65_552, 131_072] {
        for length in around - 2..=around + 2 {
            let content = dump(length);
            for sealing in SEALINGS {
                let stored = sealed(&content, Packing::None, sealing, &keys);
                assert!(opened(&stored, Packing::None, sealing, &keys).unwrap() == content, "{length} {sealing:?}");
            }
        }
    }
}

#[test]
fn every_way_of_packing_and_sealing_is_recognized() {
    let keys = keys();
    for (content, kind) in [(dump(3_000), Kind::CustomDump), (b"--\n-- PostgreSQL".repeat(99), Kind::Text)] {
        for packing in PACKINGS {
            for sealing in SEALINGS {
                let stored = sealed(&content, packing, sealing, &keys);
                let mut found = recognize(&stored[..], &keys).unwrap();
                assert_eq!((found.packing, found.sealing, found.kind), (packing, sealing, kind));
                let mut inside = Vec::new();
                found.content.read_to_end(&mut inside).unwrap();
                assert!(inside == content);
            }
        }
    }
}

#[test]
fn without_keys_nothing_is_sealed_or_read() {
    let (with, without) = (keys(), Keys::default());
    for sealing in [Sealing::Age, Sealing::Openssl] {
        assert!(writer(Vec::new(), Packing::None, sealing, &without).is_err());
        let stored = sealed(&dump(100), Packing::None, sealing, &with);
        let error = crate::seal::failed("x", &opened(&stored, Packing::None, sealing, &without).unwrap_err());
        assert!(error.what.contains("configured") && error.hint.is_some(), "{error:?}");
    }
}
