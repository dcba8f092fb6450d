//! Verifies restore points, level by level.
//!
//! | level | what is done | what it finds |
//! |---|---|---|
//! | V0 | every object is read as it is stored | removed, cut short, changed |
//! | V1 | it is decrypted, unpacked and decoded to its end | a wrong key, a dump that was broken before it was stored |
//! | V2 | it is restored, to the first error, into a server of its own | what does not restore: a role, an extension, a broken key |
//! | V3 | what came out is compared with the manifest | rows, contents, keys, sequences or ledgers that are missing |
//! | V4 | indexes, foreign keys, integrity queries, age, checksums | what was unsound before it was dumped; a dump that is too old |
//!
//! Contract: a level is reached where all of its checks and of those before it hold. What cannot be measured here (a
//! program, a key or an extension that is missing) does not fail, and does not reach the level either. The restore touches
//! nothing of the source: it is a new cluster with another identifier, in a folder of its own, without a network where the
//! system allows that; it runs as the user `postgres`, though, and so may what a hostile dump makes it do.

mod contents;
mod decoded;
mod found;
mod soundness;
mod stored;
mod trial;
mod verification;

pub(crate) use decoded::decoded;
pub(crate) use trial::{Needs, Trial};
pub(crate) use verification::verify;
