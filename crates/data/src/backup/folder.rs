//! How a restore point's objects are called.

use backout_core::data::{Packing, Sealing};
use backout_core::id::BackupId;

use crate::Target;

/// What the names of the objects of a restore point start with: `shop/bk-20261121-031502-9f3a2c/`.
pub(super) fn of(target: &Target, backup: &BackupId) -> String {
    format!("{}/{backup}/", target.configured.name)
}

/// The endings that say what was done to a file, the last of it last: `.zst.age`.
pub(super) fn endings(packing: Packing, sealing: Sealing) -> String {
    let packed = match packing {
        Packing::None => "",
        Packing::Zstd => ".zst",
        Packing::Gzip => ".gz",
    };
    let sealed = match sealing {
        Sealing::None => "",
        Sealing::Age => ".age",
        Sealing::Openssl => ".enc",
    };
    format!("{packed}{sealed}")
}
