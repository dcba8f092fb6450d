//! Finds the store that is configured, or that a restore point was kept in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use backout_core::config::{BackupStore, S3Store};
use backout_core::port::PortError;

use super::contract::Store;
use super::folder::Folder;
use crate::Target;

/// The store that the backups of `target` are configured to go to.
///
/// # Errors
/// Where none is configured, or a secret cannot be had.
pub(crate) async fn open(target: &Target) -> Result<Arc<dyn Store>, PortError> {
    let Some(backup) = &target.configured.backup else {
        return Err(PortError::new(format!("database `{}` has no backups configured", target.configured.name))
            .hint("name a store: `backup: { store: FOLDER }`"));
    };
    match &backup.store {
        BackupStore::Folder(folder) => folder_at(&target.folder.join(folder)),
        BackupStore::S3(settings) => s3_at(target, settings).await,
    }
}

/// The store that a restore point says it is kept in: as [`Store::place`] says it, with the credentials that are configured
/// now.
///
/// # Errors
/// As [`open`]; a place that cannot be read.
pub(crate) async fn open_at(target: &Target, place: &str) -> Result<Arc<dyn Store>, PortError> {
    if let Some(path) = place.strip_prefix("file:") {
        return folder_at(Path::new(path));
    }
    match s3_place(place) {
        Some((bucket, prefix)) => s3_at(target, &settings_for(target, bucket, prefix)).await,
        None => Err(PortError::new(format!("`{place}` is no store that is known"))),
    }
}

fn folder_at(path: &Path) -> Result<Arc<dyn Store>, PortError> {
    if !path.is_absolute() {
        return Err(PortError::new(format!("the store {} is no absolute path", path.display())));
    }
    // Without its last slash: a place is shown with exactly one.
    Ok(Arc::new(Folder::new(path.components().collect::<PathBuf>())))
}

/// Bucket and prefix of `s3://bucket/prefix/`.
pub(crate) fn s3_place(place: &str) -> Option<(&str, &str)> {
    let rest = place.strip_prefix("s3://")?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then_some((bucket, prefix))
}

/// The settings of the configured server, for another place on it; without one, those that the tools of Amazon take.
fn settings_for(target: &Target, bucket: &str, prefix: &str) -> S3Store {
    let configured = match target.configured.backup.as_ref().map(|backup| &backup.store) {
        Some(BackupStore::S3(settings)) => Some(settings.as_ref().clone()),
        _ => None,
    };
    let named = |name: &str| {
        let value = target.environment.get(std::ffi::OsStr::new(name))?.to_str()?;
        Some(value.to_owned()).filter(|value| !value.is_empty())
    };
    let amazon = || S3Store {
        bucket: String::new(),
        prefix: String::new(),
        endpoint: named("AWS_ENDPOINT_URL_S3").or_else(|| named("AWS_ENDPOINT_URL")),
        region: named("AWS_REGION").or_else(|| named("AWS_DEFAULT_REGION")).unwrap_or_else(|| "us-east-1".to_owned()),
        access_key_id: None,
        secret_access_key: None,
    };
    S3Store { bucket: bucket.to_owned(), prefix: prefix.to_owned(), ..configured.unwrap_or_else(amazon) }
}

#[cfg(feature = "s3")]
async fn s3_at(target: &Target, settings: &S3Store) -> Result<Arc<dyn Store>, PortError> {
    Ok(Arc::new(super::s3::Bucket::open(target, settings).await?))
}

#[cfg(not(feature = "s3"))]
async fn s3_at(_target: &Target, settings: &S3Store) -> Result<Arc<dyn Store>, PortError> {
    Err(PortError::new(format!("s3://{}/: this `backout` was built without `s3`", settings.bucket)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_s3_is_a_bucket_and_a_prefix() {
        assert_eq!(s3_place("s3://shop/backups/prod/"), Some(("shop", "backups/prod/")));
        assert_eq!(s3_place("s3://shop/"), Some(("shop", "")));
        assert_eq!(s3_place("s3:///x"), None);
        assert_eq!(s3_place("/srv"), None);
    }
}
