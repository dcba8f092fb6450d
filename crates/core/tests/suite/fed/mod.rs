//! What comes from outside as bytes, fed with seeds that were bent at random. The same functions are the targets of `fuzz/`,
//! which goes deeper and needs a nightly compiler; what it finds becomes a seed in `fuzz/seeds/`, and is tried here ever after.
//!
//! The bending is seeded: the same inputs each time.

mod config;
mod hook;
mod journal;
mod promql;
mod shaped;

use std::path::Path;

use rand::{Rng, RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Bytes that lead far: numbers at their limits, ends of things, and text that is none.
const WORDS: &[&[u8]] = &[
    b"NaN",
    b"1e999",
    b"-1",
    b"0",
    b"18446744073709551616",
    b"9223372036854775807",
    b"null",
    b"{}",
    b"[]",
    b"\"",
    b"\\u0000",
    b"\xff\xfe",
    b"\0",
    b"<<: *a",
    b"&a ",
    b"${",
    b"~",
    b"true",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"2026-11-21T00:00:00Z",
    b"-262143-01-01T00:00:00Z",
    b"{\"version\":\"4\",\"alerts\":[",
    b"\"status\":\"resolved\"",
];

/// The seeds of a target, each as it is and bent `times` times.
fn feed_all(target: &str, times: usize, feed: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let mut seeds: Vec<Vec<u8>> =
        std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    seeds.sort();
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| feed(seed));
    let mut chance = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..times {
        let mut bytes = pick(&mut chance, &seeds).clone();
        for _ in 0..chance.random_range(1..8) {
            bend(&mut chance, &mut bytes, &seeds);
        }
        feed(&bytes);
    }
}

fn bend(chance: &mut impl Rng, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let at = chance.random_range(0..=bytes.len());
    let until = (at + chance.random_range(0..32)).min(bytes.len());
    match chance.random_range(0..6) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..until)),
        2 => drop(bytes.splice(at..until, pick(chance, WORDS).iter().copied())),
        3 => bytes.splice(at..at, bytes[at..until].to_vec()).for_each(drop),
        4 => {
            let other = pick(chance, seeds);
            let from = chance.random_range(0..=other.len());
            let part = other[from..(from + 64).min(other.len())].to_vec();
            bytes.splice(at..at, part).for_each(drop);
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << chance.random_range(0..8);
            }
        }
    }
}

fn pick<'a, T>(chance: &mut impl Rng, among: &'a [T]) -> &'a T {
    &among[chance.random_range(0..among.len())]
}

#[test]
fn configurations_of_any_bytes_have_an_answer() {
    feed_all("config", 400, config::feed);
}

#[test]
fn answers_to_queries_of_any_bytes_are_finite_numbers_or_reasons() {
    feed_all("promql", 5000, promql::feed);
}

#[test]
fn webhooks_of_any_bytes_are_taken_as_they_are_or_refused() {
    feed_all("hook", 5000, hook::feed);
}

#[test]
fn journals_of_any_bytes_are_read_or_refused() {
    feed_all("journal", 1500, journal::feed);
}
