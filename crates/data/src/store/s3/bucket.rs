//! A bucket, or what is under a prefix in it.

use std::io::Read;
use std::sync::Arc;

use backout_core::config::S3Store;
use backout_core::port::PortError;
use futures_util::StreamExt;
use jiff::Timestamp;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::runtime::Handle;

use super::client::client;
use super::download::Download;
use super::told::{is_missing_bucket, told};
use super::upload::S3Upload;
use crate::Target;
use crate::store::contract::{Entry, Store, Upload};
use crate::store::name::parts;

/// What is under a prefix in a bucket.
pub(in crate::store) struct Bucket {
    client: Arc<AmazonS3>,
    name: String,
    prefix: String,
    runtime: Handle,
}

impl Bucket {
    /// The bucket of `settings`; nothing is asked of the server yet.
    ///
    /// # Errors
    /// A secret that cannot be had; an address that cannot be used.
    pub(in crate::store) async fn open(target: &Target, settings: &S3Store) -> Result<Self, PortError> {
        let client = Arc::new(client(target, settings).await?);
        let slash = if settings.prefix.is_empty() || settings.prefix.ends_with('/') { "" } else { "/" };
        let prefix = format!("{}{slash}", settings.prefix.trim_start_matches('/'));
        Ok(Self { client, name: settings.bucket.clone(), prefix, runtime: Handle::current() })
    }

    fn path(&self, name: &str) -> Result<Path, PortError> {
        let name = parts(name)?.join("/");
        Path::parse(format!("{}{name}", self.prefix))
            .map_err(|error| PortError::new(format!("`{name}` is no name of a stored object: {error}")))
    }

    fn told(&self, what: &str, error: &Error) -> PortError {
        told(what, &self.name, error)
    }

    /// What the server knows of an object; `None` where there is none. An answer without a body cannot say that it is the
    /// bucket that is missing, so that is asked for then.
    fn look(&self, name: &str) -> Result<Option<ObjectMeta>, PortError> {
        let (path, what) = (self.path(name)?, format!("could not look at `{name}`"));
        match self.runtime.block_on(self.client.head(&path)) {
            Ok(meta) => Ok(Some(meta)),
            Err(Error::NotFound { .. }) => {
                let mut any = self.client.list(Some(&path));
                match self.runtime.block_on(any.next()) {
                    Some(Err(error)) => Err(self.told(&what, &error)),
                    _ => Ok(None),
                }
            }
            Err(error) => Err(self.told(&what, &error)),
        }
    }
}

impl Store for Bucket {
    fn place(&self) -> String {
        format!("s3://{}/{}", self.name, self.prefix)
    }

    fn write(&self, name: &str) -> Result<Box<dyn Upload>, PortError> {
        let path = self.path(name)?;
        let client = Arc::clone(&self.client);
        Ok(Box::new(S3Upload::begin(client, self.runtime.clone(), (self.name.clone(), name.to_owned(), path))))
    }

    fn read_from(&self, name: &str, first: u64) -> Result<Box<dyn Read + Send>, PortError> {
        let Some(meta) = self.look(name)? else {
            return Err(PortError::new(format!("`{name}` is not in {}", self.place()))
                .hint("it was removed by somebody: use another restore point"));
        };
        let client = Arc::clone(&self.client);
        Ok(Box::new(Download::begin(client, self.runtime.clone(), self.name.clone(), meta, first)))
    }

    fn find(&self, name: &str) -> Result<Option<Entry>, PortError> {
        Ok(self.look(name)?.map(|meta| entry(name, &meta)))
    }

    fn remove(&self, name: &str) -> Result<(), PortError> {
        match self.runtime.block_on(self.client.delete(&self.path(name)?)) {
            Ok(()) => Ok(()),
            Err(error @ Error::NotFound { .. }) if !is_missing_bucket(&error) => Ok(()),
            Err(error) => Err(self.told(&format!("could not remove `{name}`"), &error)),
        }
    }

    fn each(&self, under: &str, seen: &mut dyn FnMut(Entry)) -> Result<(), PortError> {
        let folder = match under.trim_end_matches('/') {
            "" => Path::parse(&self.prefix).map_err(|error| PortError::new(format!("the prefix: {error}")))?,
            under => self.path(under)?,
        };
        let mut all = self.client.list(Some(&folder));
        while let Some(found) = self.runtime.block_on(all.next()) {
            let meta = found.map_err(|error| self.told(&format!("could not list {}", self.place()), &error))?;
            if let Some(name) = meta.location.as_ref().strip_prefix(&self.prefix) {
                seen(entry(name, &meta));
            }
        }
        Ok(())
    }
}

/// An object; a server tells when it was written, and none of them before 1970.
fn entry(name: &str, meta: &ObjectMeta) -> Entry {
    let modified = Timestamp::from_millisecond(meta.last_modified.timestamp_millis()).unwrap_or_default();
    Entry { name: name.to_owned(), bytes: meta.size, modified }
}
