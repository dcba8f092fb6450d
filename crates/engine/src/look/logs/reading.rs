//! Reading what services and files have logged.
//!
//! Contract: a platform gets a while to hand a log over, and of one log no more than some bytes are looked at. Lines are kept
//! nowhere.

use std::time::Duration;

use backout_core::detect::{LogFound, LogScan};
use backout_core::id::ServiceName;
use backout_core::journal::FileEnd;
use backout_core::port::{LogSpan, PortError};

use crate::world::World;

/// How long a platform may take to hand over a log.
const READS_WITHIN: Duration = Duration::from_secs(20);
/// How much of one log is looked at, in bytes.
const AT_MOST: u64 = 64 * 1024 * 1024;

/// What is found in the output of a service's instances.
pub(in crate::look) async fn scan_service(
    world: &World,
    service: &ServiceName,
    patterns: &[String],
    span: LogSpan,
) -> Result<LogFound, PortError> {
    let platform = world.platform_of(service).ok_or_else(|| PortError::new("no platform runs it"))?;
    let mut scan = LogScan::new(patterns);
    let mut left = AT_MOST;
    let mut sink = |piece: &[u8]| {
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if left > 0 {
            scan.feed(piece);
        }
        left = left.saturating_sub(length);
    };
    tokio::select! {
        read = platform.logs(service, span, &mut sink) => read?,
        () = world.clock.sleep(READS_WITHIN) => {
            return Err(PortError::new(format!("it was not handed over within {} s", READS_WITHIN.as_secs())));
        }
    }
    Ok(scan.finish())
}

/// Scans what was appended to a file since it ended there. A file that was rotated, or emptied, is read from its start. Answers
/// with how far it was read.
pub(in crate::look) async fn scan_appended(
    world: &World,
    path: &str,
    mark: FileEnd,
    scan: &mut LogScan,
) -> Result<FileEnd, PortError> {
    let Some(now) = world.files.end(path).await? else { return Ok(FileEnd { inode: 0, bytes: 0 }) };
    let is_same = now.inode == mark.inode && now.bytes >= mark.bytes;
    let from = if is_same { mark.bytes } else { 0 };
    let mut offset = from;
    while offset < from.saturating_add(AT_MOST) {
        let part = world.files.read_at(path, offset).await?;
        if part.is_empty() {
            break;
        }
        scan.feed(&part);
        offset = offset.saturating_add(part.len().try_into().unwrap_or(u64::MAX));
    }
    Ok(FileEnd { inode: now.inode, bytes: offset })
}
