//! An object that is downloaded piece by piece, the next ones while one is being read.
//!
//! One request for all of it would have to outlive whoever reads: a restore stops reading for as long as it builds an index.

use std::collections::VecDeque;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use object_store::aws::AmazonS3;
use object_store::{Error, GetOptions, GetRange, ObjectMeta, ObjectStore};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::told::told;
use crate::seal::broken;

/// How much is asked for at once, in bytes.
const PIECE: u64 = 8 * 1024 * 1024;
/// How many pieces are asked for ahead.
const AHEAD: usize = 2;

/// An object that is being downloaded.
pub(super) struct Download {
    client: Arc<AmazonS3>,
    runtime: Handle,
    bucket: String,
    object: ObjectMeta,
    /// The first byte that was not asked for.
    next: u64,
    coming: VecDeque<JoinHandle<Result<Vec<u8>, Error>>>,
    ready: Cursor<Vec<u8>>,
}

impl Download {
    /// Reads `object` from a byte on.
    pub(super) fn begin(
        client: Arc<AmazonS3>,
        runtime: Handle,
        bucket: String,
        object: ObjectMeta,
        first: u64,
    ) -> Self {
        Self { client, runtime, bucket, object, next: first, coming: VecDeque::new(), ready: Cursor::default() }
    }

    fn ask_ahead(&mut self) {
        while self.coming.len() < AHEAD && self.next < self.object.size {
            let end = (self.next + PIECE).min(self.object.size);
            let range = Some(GetRange::Bounded(self.next..end));
            // A piece of another object is refused.
            let options = GetOptions { range, if_match: self.object.e_tag.clone(), ..GetOptions::default() };
            let (client, path) = (Arc::clone(&self.client), self.object.location.clone());
            let piece = async move { Ok(client.get_opts(&path, options).await?.bytes().await?.into()) };
            self.coming.push_back(self.runtime.spawn(piece));
            self.next = end;
        }
    }
}

impl Read for Download {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.ready.position() == self.ready.get_ref().len() as u64 {
            self.ask_ahead();
            let Some(piece) = self.coming.pop_front() else { return Ok(0) };
            let piece = self.runtime.block_on(piece).map_err(Error::from).and_then(|piece| piece);
            let what = format!("could not read `{}`", self.object.location);
            self.ready = Cursor::new(piece.map_err(|error| broken(told(&what, &self.bucket, &error)))?);
            self.ask_ahead();
        }
        self.ready.read(buf)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.coming.iter().for_each(JoinHandle::abort);
    }
}
