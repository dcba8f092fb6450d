//! Where a dump of another tool lies: a file or a folder of this machine, or an object of an S3-compatible store.
//!
//! Contract: nothing is written anywhere, and nothing of it is kept here. An object is read as a stream, from the store that the
//! configuration knows, else with the credentials that the tools of Amazon take. Of several objects the newest is taken as
//! it is: one that is no dump is an error, because an older one in its stead would be a silent loss.

use std::path::Path;
use std::sync::Arc;

use backout_core::data::PointKind;
use backout_core::port::{ForeignDump, PortError};
use jiff::Timestamp;

use super::recognized::{Recognized, kind_of, recognized};
use crate::Target;
use crate::pipe::blocking;
use crate::seal::{self, Keys};
use crate::store::{Entry, Store, open_at, s3_place};

/// What lies beside dumps and is none: checksums, signatures and notes of whoever wrote them.
const BESIDE: [&str; 10] = [".md5", ".sha1", ".sha256", ".sha512", ".sum", ".asc", ".sig", ".json", ".txt", ".log"];

/// How it begins where an object is meant.
const S3: &str = "s3://";

/// A dump, found.
pub(super) struct Lying {
    /// The store that it lies in.
    pub(super) store: Arc<dyn Store>,
    /// Its objects there.
    pub(super) files: Vec<String>,
    /// What it is.
    pub(super) kind: PointKind,
    /// When it was written last: no dump says when its snapshot was taken, which was before.
    pub(super) changed: Timestamp,
}

/// Finds a dump, and what it is.
///
/// # Errors
/// What is not there, may not be read, or is no dump.
pub(super) async fn lying(target: &Target, dump: ForeignDump<'_>) -> Result<Lying, PortError> {
    match dump {
        ForeignDump::At(place) if place.starts_with(S3) => object(target, place, false).await,
        ForeignDump::At(file) => here(target, &target.folder.join(file)).await,
        ForeignDump::NewestUnder(place) if place.starts_with(S3) => object(target, place, true).await,
        ForeignDump::NewestUnder(place) => Err(PortError::new(format!("{place} is no place in S3"))
            .hint("write `s3://BUCKET/PREFIX`; a file of this machine is named as it is, without `--newest`")),
    }
}

async fn here(target: &Target, path: &Path) -> Result<Lying, PortError> {
    let keys = Keys::for_reading(target).await?;
    let from = path.to_owned();
    let (recognized, changed) = blocking(move || Ok((recognized(&from, &keys)?, changed(&from)?))).await?;
    let Recognized { kind, folder, files } = recognized;
    let place = format!("file:{}/", folder.display().to_string().trim_end_matches('/'));
    Ok(Lying { store: open_at(target, &place).await?, files, kind, changed })
}

async fn object(target: &Target, place: &str, is_prefix: bool) -> Result<Lying, PortError> {
    let (folder, name) = parted(place, is_prefix)?;
    let store = open_at(target, &folder).await?;
    let keys = Keys::for_reading(target).await?;
    blocking(move || {
        let entry = if is_prefix { newest(&*store, &name)? } else { named(&*store, &name)? };
        let called = format!("{}{}", store.place(), entry.name);
        let kind = kind_of(store.read_from(&entry.name, 0)?, &called, &keys)?;
        Ok(Lying { store, files: vec![entry.name], kind, changed: entry.modified })
    })
    .await
}

/// The folder of a place in S3, and what a name in it is, or begins with.
fn parted(place: &str, is_prefix: bool) -> Result<(String, String), PortError> {
    let wrong = |what: &str| {
        PortError::new(format!("{place} {what}"))
            .hint("write `s3://BUCKET/KEY`, or `--newest s3://BUCKET/PREFIX` for the one that was written last")
    };
    let (bucket, key) = s3_place(place).ok_or_else(|| wrong("names no bucket"))?;
    let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
    if name.is_empty() && !is_prefix {
        return Err(wrong("names no object"));
    }
    let slash = if folder.is_empty() { "" } else { "/" };
    Ok((format!("{S3}{bucket}/{folder}{slash}"), name.to_owned()))
}

fn named(store: &dyn Store, name: &str) -> Result<Entry, PortError> {
    if let Some(entry) = store.find(name)? {
        return Ok(entry);
    }
    let missing = PortError::new(format!("there is no `{name}` in {}", store.place()));
    Err(missing.hint(match latest(store, "")? {
        Some(entry) => format!("the newest there is `{}`", entry.name),
        None => "nothing is there at all: check the bucket and the folder".to_owned(),
    }))
}

fn newest(store: &dyn Store, beginning: &str) -> Result<Entry, PortError> {
    latest(store, beginning)?.ok_or_else(|| {
        PortError::new(format!("there is no dump below {}{beginning}", store.place()))
            .hint("check the bucket and the prefix, and whether what writes dumps there still does")
    })
}

/// The object that was written last of those whose names begin so; of two at once the one whose name comes last, which has the
/// later time in it where names have times.
fn latest(store: &dyn Store, beginning: &str) -> Result<Option<Entry>, PortError> {
    let mut latest: Option<Entry> = None;
    store.each("", &mut |entry| {
        let is_meant = entry.name.starts_with(beginning) && entry.bytes > 0 && !is_beside(&entry.name);
        let is_later = |of: &Entry| (of.modified, &of.name) < (entry.modified, &entry.name);
        if is_meant && latest.as_ref().is_none_or(is_later) {
            latest = Some(entry);
        }
    })?;
    Ok(latest)
}

fn is_beside(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    BESIDE.iter().any(|ending| name.ends_with(ending))
}

/// When a file was written last.
fn changed(path: &Path) -> Result<Timestamp, PortError> {
    let file = if path.is_dir() { path.join("toc.dat") } else { path.to_owned() };
    let changed = file.metadata().and_then(|found| found.modified());
    let changed = changed.map_err(|error| seal::failed(&format!("could not look at {}", path.display()), &error))?;
    Timestamp::try_from(changed).map_err(|error| PortError::new(format!("{} has no time: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_s3_is_a_folder_and_a_name() {
        let parted = |place, is_prefix| parted(place, is_prefix).map_err(|error| error.what);
        let pair = |folder: &str, name: &str| Ok((folder.to_owned(), name.to_owned()));
        for is_prefix in [false, true] {
            assert_eq!(parted("s3://shop/pg/a.dump", is_prefix), pair("s3://shop/pg/", "a.dump"));
            assert_eq!(parted("s3://shop/a.dump", is_prefix), pair("s3://shop/", "a.dump"));
            assert!(parted("s3:///a.dump", is_prefix).unwrap_err().contains("names no bucket"));
        }
        assert_eq!(parted("s3://shop/pg/", true), pair("s3://shop/pg/", ""));
        assert_eq!(parted("s3://shop", true), pair("s3://shop/", ""));
        assert!(parted("s3://shop/pg/", false).unwrap_err().contains("names no object"));
    }
}
