//! The tables of a copy that was built from a moment of the server's log: no manifest tells how many rows each had.
//!
//! Contract: written down before anybody can write to the copy, as a file of our own beside the loss reports, and named after
//! the copy. Where the file is gone, a report lists more rows as uncertain, and none less.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use backout_core::data::TableContent;
use backout_core::port::PortError;

use super::rows::lines::{Lines, report};
use crate::Target;
use crate::look::contents::{Hashes, contents};

fn name(copy: &str) -> String {
    format!("base-{copy}")
}

/// Counts the rows of a copy, and writes the numbers down.
pub(crate) async fn keep_base(target: &Target, copy: &str) -> Result<(), PortError> {
    let tables = contents(&*target.admin(copy).await?, Hashes::None).await?;
    let mut lines = Lines::create(&report(target, &name(copy)))?;
    tables.iter().try_for_each(|table| lines.push(table))?;
    lines.finish().map(drop)
}

/// What was written down of a copy; `None` where nothing was, or it cannot be read.
pub(super) fn base(target: &Target, copy: &str) -> Option<Vec<TableContent>> {
    let file = File::open(report(target, &name(copy))).ok()?;
    let read = |line: io::Result<String>| serde_json::from_str(&line.ok()?).ok();
    BufReader::new(file).lines().map(read).collect()
}
