//! Writing Helm's records: ending what a client left unfinished, and putting back what Helm has forgotten.
//!
//! Contract: a write never crosses another one. An existing record is replaced only as it was read (by its resource version),
//! a new one only where there is none; on a conflict everything is looked at again. Verbs are those that `helm` needs itself.

use backout_core::port::PortError;
use kube::api::PostParams;
use kube::core::DynamicObject;

use super::record::{History, Place, Record, Status};
use super::release::Release;
use crate::cluster::{failed, is_momentary, patiently};

/// How often a write that crossed another one is begun anew.
const TRIES: u32 = 8;

/// Makes sure that no operation stands in the way: a newest revision that is `pending-*` or `uninstalling` is marked `failed`,
/// with `why` in its description. Helm refuses every later upgrade before that (helm/helm#7476, #8675). Answers with the
/// history as it is then.
///
/// # Errors
/// Records cannot be read or written.
pub(super) async fn settle(release: &Release, why: &str) -> Result<History, PortError> {
    for _ in 0..TRIES {
        let history = release.history().await?;
        let Some((record, verb)) = history.newest().and_then(|it| Some((it, it.status().under_way()?))) else {
            return Ok(history);
        };
        let description = format!("`helm {verb}` did not end: {why}; marked as failed by backout");
        replace(release, &record.marked(&Status::Failed, Some(&description))).await?;
    }
    Err(crossed(release))
}

/// Puts a revision back that Helm has forgotten; says under which number.
///
/// # Errors
/// Records cannot be read or written.
pub(super) async fn put_back(release: &Release, kept: &Record) -> Result<u32, PortError> {
    let digest = kept.digest();
    for _ in 0..TRIES {
        let history = release.history().await?;
        if let Some(there) = history.rendering(&digest) {
            return Ok(there.revision());
        }
        match (history.place(kept.revision()), history.newest()) {
            (Place::Below { copy, .. }, Some(newest)) => {
                // The copy is the present from now on. Should this end here, nothing has changed but a number.
                if create(release, &newest.renumbered(copy, &newest.status())).await?
                    && newest.status() == Status::Deployed
                {
                    replace(release, &newest.marked(&Status::Superseded, None)).await?;
                }
            }
            (Place::At(at) | Place::Below { at, .. }, _) => {
                create(release, &kept.renumbered(at, &Status::Superseded)).await?;
            }
        }
    }
    Err(crossed(release))
}

/// Why the API server would not take a revision that Helm has forgotten; `None` where it would.
///
/// # Errors
/// It does not answer, or is busy.
pub(super) async fn refusal(release: &Release, kept: &Record) -> Result<Option<PortError>, PortError> {
    let (records, secret) = (release.records().await?, kept.secret()?);
    let parameters = PostParams { dry_run: true, ..PostParams::default() };
    let what = format!("release `{}` cannot be put back", release.name());
    match patiently(is_momentary, || records.create(&parameters, &secret)).await {
        Ok(_) => Ok(None),
        // Another number is free.
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
        Err(error) if is_momentary(&error) => Err(failed(&what, &error)),
        Err(error) => Ok(Some(failed(&what, &error))),
    }
}

/// Replaces a record, unless it has changed or gone since it was read.
async fn replace(release: &Release, record: &Record) -> Result<(), PortError> {
    let mut secret = record.secret()?;
    stamp(&mut secret, "modifiedAt", release);
    let name = secret.metadata.name.clone().unwrap_or_default();
    let (records, parameters) = (release.records().await?, PostParams::default());
    match patiently(is_momentary, || records.replace(&name, &parameters, &secret)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        Err(error) => Err(failed(&format!("the record `{name}` could not be written"), &error)),
    }
}

/// Makes a record; says whether it was not there before.
async fn create(release: &Release, record: &Record) -> Result<bool, PortError> {
    let mut secret = record.secret()?;
    stamp(&mut secret, "createdAt", release);
    let name = secret.metadata.name.clone().unwrap_or_default();
    let (records, parameters) = (release.records().await?, PostParams::default());
    match patiently(is_momentary, || records.create(&parameters, &secret)).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(failed(&format!("the record `{name}` could not be put back"), &error)),
    }
}

/// As Helm notes when it wrote a record: seconds since 1970.
fn stamp(secret: &mut DynamicObject, label: &str, release: &Release) {
    let labels = secret.metadata.labels.get_or_insert_default();
    labels.insert(label.to_owned(), release.now().as_second().to_string());
}

fn crossed(release: &Release) -> PortError {
    PortError::new(format!("the records of release `{}` were changed by somebody else again and again", release.name()))
        .hint("end what else works on the release, then try again")
}
