//! An object that is uploaded in parts, and appears when all of them are there.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use backout_core::data::StoredObject;
use backout_core::port::PortError;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::told::told;
use crate::seal::{Hashing, broken};
use crate::store::contract::Upload;

const MIB: usize = 1024 * 1024;
/// How large parts are: a server takes 10,000 of them. (From that part on, bytes.)
const PART_SIZES: [(usize, usize); 3] = [(0, 8 * MIB), (2_000, 32 * MIB), (6_000, 128 * MIB)];
/// How many parts are on their way at once.
const AT_ONCE: usize = 2;
/// How long giving an upload up is waited for.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(10);

/// An object that is being uploaded.
pub(super) struct S3Upload(Option<Hashing<Parts>>);

/// The parts of an object.
struct Parts {
    client: Arc<AmazonS3>,
    runtime: Handle,
    bucket: String,
    name: String,
    path: Path,
    /// What was not sent yet.
    pending: Vec<u8>,
    sent: usize,
    upload: Option<Box<dyn MultipartUpload>>,
    on_their_way: JoinSet<Result<(), Error>>,
}

impl S3Upload {
    /// Begins an object: bucket, name and path are `at`. The server hears of it when the first part is full.
    pub(super) fn begin(client: Arc<AmazonS3>, runtime: Handle, at: (String, String, Path)) -> Self {
        let (bucket, name, path) = at;
        let on_their_way = JoinSet::new();
        let (pending, sent, upload) = (Vec::new(), 0, None);
        Self(Some(Hashing::new(Parts { client, runtime, bucket, name, path, pending, sent, upload, on_their_way })))
    }
}

impl Write for S3Upload {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.as_mut().map_or_else(|| Err(io::ErrorKind::BrokenPipe.into()), |parts| parts.write(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Upload for S3Upload {
    fn finish(mut self: Box<Self>) -> Result<StoredObject, PortError> {
        let Some(parts) = self.0.take() else { return Err(PortError::new("the upload is finished already")) };
        let (mut parts, sum) = parts.finish();
        parts.complete(sum.bytes)?;
        Ok(StoredObject { name: parts.name.clone(), bytes: sum.bytes, sha256: sum.sha256 })
    }
}

impl Write for Parts {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let size = part_size(self.sent);
        let taken = buf.len().min(size - self.pending.len());
        self.pending.extend_from_slice(&buf[..taken]);
        if self.pending.len() == size {
            self.send().map_err(|error| broken(self.told(&error)))?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Parts {
    /// Sends what is pending as a part. Waits while too many are on their way: memory is bounded.
    fn send(&mut self) -> Result<(), Error> {
        let runtime = self.runtime.clone();
        runtime.block_on(async {
            let upload = match &mut self.upload {
                Some(upload) => upload,
                none => none.insert(self.client.put_multipart(&self.path).await?),
            };
            while self.on_their_way.len() >= AT_ONCE {
                arrived(&mut self.on_their_way).await?;
            }
            let size = self.pending.len();
            let part = std::mem::replace(&mut self.pending, Vec::with_capacity(size));
            self.on_their_way.spawn(upload.put_part(PutPayload::from(part)));
            self.sent += 1;
            Ok(())
        })
    }

    fn complete(&mut self, bytes: u64) -> Result<(), PortError> {
        self.send_rest().map_err(|error| self.told(&error))?;
        let looked = self.runtime.block_on(self.client.head(&self.path)).map_err(|error| self.told(&error))?;
        if looked.size == bytes {
            return Ok(());
        }
        // What the server says is there is what will be read: it is no restore point.
        let removed = self.runtime.block_on(self.client.delete(&self.path));
        let left = if removed.is_ok() { "it was removed" } else { "it could not be removed" };
        let what = format!("of `{}`, {} of {bytes} bytes arrived in `{}`: {left}", self.name, looked.size, self.bucket);
        Err(PortError::new(what).hint("try again; a server that loses bytes is no store for backups"))
    }

    fn send_rest(&mut self) -> Result<(), Error> {
        if self.upload.is_none() {
            let content = PutPayload::from(std::mem::take(&mut self.pending));
            return self.runtime.clone().block_on(self.client.put(&self.path, content)).map(drop);
        }
        if !self.pending.is_empty() {
            self.send()?;
        }
        let runtime = self.runtime.clone();
        runtime.block_on(async {
            while !self.on_their_way.is_empty() {
                arrived(&mut self.on_their_way).await?;
            }
            let Some(upload) = &mut self.upload else { return Ok(()) };
            upload.complete().await?;
            // It is an object now: there is nothing to give up.
            self.upload = None;
            Ok(())
        })
    }

    fn told(&self, error: &Error) -> PortError {
        told(&format!("could not upload `{}`", self.name), &self.bucket, error)
    }
}

impl Drop for Parts {
    /// Gives an upload up that was not completed, so that the server keeps nothing of it.
    fn drop(&mut self) {
        self.on_their_way.abort_all();
        let Some(mut upload) = self.upload.take() else { return };
        let (done, given_up) = mpsc::channel();
        self.runtime.spawn(async move {
            // What cannot be given up is never seen; the bucket's lifecycle rule removes it.
            let _ = upload.abort().await;
            let _ = done.send(());
        });
        let _ = given_up.recv_timeout(GIVEN_UP_WITHIN);
    }
}

async fn arrived(on_their_way: &mut JoinSet<Result<(), Error>>) -> Result<(), Error> {
    match on_their_way.join_next().await {
        Some(joined) => joined?,
        None => Ok(()),
    }
}

fn part_size(sent: usize) -> usize {
    let size = PART_SIZES.iter().rev().find(|(from, _)| sent >= *from);
    size.map_or(8 * MIB, |(_, size)| *size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_parts_hold_half_a_terabyte() {
        let whole: usize = (0..10_000).map(part_size).sum();
        assert!(whole > 600 * 1024 * MIB, "{whole}");
        assert_eq!((part_size(0), part_size(1_999), part_size(2_000)), (8 * MIB, 8 * MIB, 32 * MIB));
    }
}
