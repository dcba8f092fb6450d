//! Streams written and read, by us and by the programs whose formats they are.

mod damage;
mod programs;
mod streams;

use std::io::{self, Read, Write};

use backout_core::config::Sensitive;
use backout_core::data::{Packing, Sealing};

use super::{Keys, reader, writer};

const PACKINGS: [Packing; 3] = [Packing::None, Packing::Zstd, Packing::Gzip];
const SEALINGS: [Sealing; 3] = [Sealing::None, Sealing::Age, Sealing::Openssl];
const PASSPHRASE: &str = "correct horse, battery staple";
/// Few, so that tests are fast.
const ROUNDS: u32 = 1_000;

/// Keys for everything, fresh ones for age.
fn keys() -> Keys {
    use age::secrecy::ExposeSecret;
    let identity = age::x25519::Identity::generate();
    let secret = Sensitive::new(identity.to_string().expose_secret().to_owned());
    let mut keys = Keys::age(vec![identity.to_public().to_string()], Some(secret));
    keys.passphrase = Some(Sensitive::new(PASSPHRASE.to_owned()));
    keys.iterations = ROUNDS;
    keys
}

/// Something that looks like a dump, and cannot be packed well.
fn dump(length: usize) -> Vec<u8> {
    let noise = (0..length as u64).map(|at| {
        let mixed = (at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as u8
    });
    b"PGDMP\x01\x0e\x00".iter().copied().chain(noise).take(length.max(8)).collect()
}

fn sealed(content: &[u8], packing: Packing, sealing: Sealing, keys: &Keys) -> Vec<u8> {
    let mut writer = writer(Vec::new(), packing, sealing, keys).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap()
}

fn opened(stored: &[u8], packing: Packing, sealing: Sealing, keys: &Keys) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    reader(stored, packing, sealing, keys)?.read_to_end(&mut content)?;
    Ok(content)
}
