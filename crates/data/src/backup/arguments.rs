//! The command lines of `pg_dump`. Pure; what it connects with is in its environment.

use std::path::Path;

use crate::restore::connection;

/// How long a dump waits for a table that a migration holds.
pub(super) const LOCKS_WITHIN: &str = "5s";

/// A dump in an exported snapshot to standard output, not packed: whoever reads it packs better.
pub(super) fn stream(dbname: &str, snapshot: &str) -> Vec<String> {
    words(dbname, snapshot, &["--format=custom".to_owned()])
}

/// A dump in an exported snapshot by several connections into a folder.
pub(super) fn folder(dbname: &str, snapshot: &str, jobs: u32, folder: &Path) -> Vec<String> {
    let own = ["--format=directory".to_owned(), format!("--jobs={jobs}"), format!("--file={}", folder.display())];
    words(dbname, snapshot, &own)
}

fn words(dbname: &str, snapshot: &str, own: &[String]) -> Vec<String> {
    let shared = [
        "--compress=0".to_owned(),
        "--no-password".to_owned(),
        format!("--lock-wait-timeout={LOCKS_WITHIN}"),
        format!("--snapshot={snapshot}"),
        format!("--dbname={}", connection(dbname)),
    ];
    own.iter().cloned().chain(shared).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dump_has_a_snapshot_and_does_not_wait_for_ever() {
        let expected = "--format=custom --compress=0 --no-password --lock-wait-timeout=5s --snapshot=00000003-1 \
            --dbname=dbname='shop'";
        assert_eq!(stream("shop", "00000003-1").join(" "), expected);
        let folder = folder("shop", "00000003-1", 4, Path::new("/tmp/d")).join(" ");
        assert!(folder.starts_with("--format=directory --jobs=4 --file=/tmp/d "), "{folder}");
        assert!(folder.contains("--snapshot=00000003-1") && folder.contains("--lock-wait-timeout=5s"));
    }
}
