//! V1: whether it can be read to its end.

use std::io::{self, Read};
use std::sync::Arc;

use backout_core::data::PointKind;
use backout_core::policy::Check;
use backout_core::port::{PortError, Progress};

use super::found::{fails, holds, unmeasurable};
use crate::pipe::{Moved, Need, blocking, feed, watched};
use crate::restore::{Dump, Staged};
use crate::{Address, Target, seal};

const NAME: &str = "decoded";
/// What `pg_dump` writes last of all, up to the key that it may leave restricted mode with.
const LAST_WORDS: [&str; 2] = ["PostgreSQL database dump complete", "PostgreSQL database cluster dump complete"];
/// How much of the end is looked at for it.
const TAIL: usize = 4096;

/// Decrypts, unpacks and decodes a dump to its end.
///
/// # Errors
/// Where it could not be found out: programs that are missing.
pub(crate) async fn decoded(target: &Target, dump: &Dump, progress: &dyn Progress) -> Result<Check, PortError> {
    if !dump.can_be_read() {
        let why = "it is encrypted, and the key that reads it is not configured: `backup: { encrypt: … }`";
        return Ok(unmeasurable(NAME, why));
    }
    let moved = Moved::begin(progress, "decode", Some(dump.bytes()));
    let read = match &dump.kind {
        PointKind::Plain { .. } => sql(dump, &moved).await,
        _ => archive(target, dump, &moved).await?,
    };
    Ok(match read {
        Ok(bytes) => holds(NAME, format!("read to its end: {bytes} stored bytes")),
        Err(error) => fails(NAME, error.to_string()),
    })
}

/// The inner result is about the dump, the outer one about us.
async fn archive(target: &Target, dump: &Dump, moved: &Moved<'_>) -> Result<Result<u64, PortError>, PortError> {
    // Nothing is connected to: the address only finds the program.
    let command = target.program("pg_restore", &Address::local("/nowhere", 1, "nobody", "none"))?;
    let command = command.arg("--file=/dev/null");
    let read = async {
        let staged = Staged::of(dump, 1, 0, moved).await?;
        let (path, content) = staged.source(dump, &moved.done).await?;
        feed(&command.args(path), content, Need::All, "it does not decode").await
    };
    Ok(watched(moved, read).await.map(|_| dump.bytes()))
}

async fn sql(dump: &Dump, moved: &Moved<'_>) -> Result<u64, PortError> {
    let content = dump.content(Arc::clone(&moved.done)).await?;
    let tail = watched(moved, blocking(move || last_of(content))).await?;
    match LAST_WORDS.iter().any(|words| tail.contains(words)) {
        true => Ok(dump.bytes()),
        false => Err(PortError::new(
            "it does not end with the line that `pg_dump` ends with: it was cut short, or made otherwise",
        )),
    }
}

fn last_of(mut content: Box<dyn Read + Send>) -> Result<String, PortError> {
    let (mut tail, mut chunk) = (Vec::new(), vec![0; 256 * 1024]);
    loop {
        match content.read(&mut chunk) {
            Ok(0) => return Ok(String::from_utf8_lossy(&tail).into_owned()),
            Ok(length) => {
                tail.extend_from_slice(&chunk[length.saturating_sub(TAIL)..length]);
                tail.drain(..tail.len().saturating_sub(TAIL));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(seal::failed("it cannot be read", &error)),
        }
    }
}
