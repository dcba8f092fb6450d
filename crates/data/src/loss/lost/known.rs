//! What is known of the two databases before their rows are looked at: how the rows that were written tell themselves from
//! those that both come from.
//!
//! | what is reported            | written rows are not older than           | rows in use are the base's where older than         |
//! |-----------------------------|-------------------------------------------|-----------------------------------------------------|
//! | a swap to a restored copy   | the restore point's snapshot              | the swap, which stands on the copy; else its entry   |
//! | a swap that was taken back  | the swap before it, which stands on what was put aside | the swap that first placed it; else the restore point's snapshot |

use std::collections::BTreeMap;
use std::path::PathBuf;

use backout_core::data::{Manifest, ObjectName, RestorePoint, TableContent};
use backout_core::port::{Blobs, PortError};

use super::report::file;
use crate::Target;
use crate::loss::base::base;
use crate::loss::moment::moment;
use crate::marks::{self, Marked};

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The tables as the base had them, where that was written down.
    pub(super) contents: BTreeMap<ObjectName, TableContent>,
    /// Rows of the database put aside that are not older were written; `None` where numbers mean nothing.
    pub(super) since: Option<u32>,
    /// Whether that is when applications got it: a swap is taken back.
    pub(super) is_since_opened: bool,
    /// Rows of the database in use that are older are those of the base.
    pub(super) boundary: Boundary,
    /// The list of what the database in use had changed before it was put aside itself, where it comes back.
    pub(super) earlier: Option<PathBuf>,
}

/// Where rows of the base end in the database in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Boundary {
    /// At this transaction.
    At(u32),
    /// At the one that last changed the database's entry: nothing else is written down.
    Entry,
    /// Nobody knows.
    #[default]
    Unknown,
}

/// Finds out what is known of `damaged` and the database in use; what is not goes into `notes`.
pub(super) async fn known(
    target: &Target,
    (damaged, live): (&str, &str),
    point: Option<&RestorePoint>,
    blobs: &dyn Blobs,
    notes: &mut Vec<String>,
) -> Result<Known, PortError> {
    let session = target.admin(live).await?;
    let found = marks::read_all(&session, &[damaged, live]).await?;
    let of = |name: &str| found.iter().find(|marked| marked.dbname == name);
    let used_since = of(damaged).and_then(|damaged| damaged.marks.kept.as_ref()?.used_since);
    let placed = of(live).and_then(|live| live.marks.placed.as_ref());
    let manifest = match point {
        Some(point) => manifest(point, blobs, notes).await,
        None => None,
    };
    let lsn = manifest.as_ref().and_then(|manifest| manifest.lsn.as_deref());
    let moment = moment(&session, lsn).await?;
    let from_point = manifest.as_ref().map(|manifest| moment.row_versions_since(manifest));
    let since = match used_since {
        Some(opened) => Some(moment.row_versions_since_transaction(opened)),
        None => from_point.clone(),
    };
    if let Some(Err(why)) = &since {
        notes.push(format!("{why}, so all rows were compared"));
    }
    let first = placed.and_then(|placed| moment.row_versions_since_transaction(placed.base?).ok());
    let boundary = boundary(first, used_since.is_some(), from_point.and_then(Result::ok));
    let tables = manifest.map(|manifest| manifest.tables).or_else(|| of_moment(target, &found));
    if tables.is_none() && point.is_none() {
        notes.push("how many rows each table had at that moment is not known".to_owned());
    }
    let contents = tables.into_iter().flatten().map(|table| (table.name.clone(), table)).collect();
    let is_since_opened = used_since.is_some();
    let earlier = placed.filter(|_| is_since_opened).map(|placed| file(target, &placed.was, point));
    let earlier = earlier.filter(|file| file.is_file());
    Ok(Known { contents, since: since.and_then(Result::ok), is_since_opened, boundary, earlier })
}

/// The last column of the table above.
fn boundary(first: Option<u32>, is_taken_back: bool, from_point: Option<u32>) -> Boundary {
    match (first, is_taken_back, from_point) {
        (Some(first), ..) => Boundary::At(first),
        (None, false, _) => Boundary::Entry,
        (None, true, Some(from_point)) => Boundary::At(from_point),
        (None, true, None) => Boundary::Unknown,
    }
}

async fn manifest(point: &RestorePoint, blobs: &dyn Blobs, notes: &mut Vec<String>) -> Option<Manifest> {
    let read = match blobs.get(&point.manifest).await {
        Ok(content) => serde_json::from_slice::<Manifest>(&content).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let why = |error: &String| notes.push(format!("the manifest cannot be read ({error}), so all rows were compared"));
    read.inspect_err(why).ok()
}

/// What was written down when a moment of the log was copied; it is named after the copy.
fn of_moment(target: &Target, found: &[Marked]) -> Option<Vec<TableContent>> {
    found.iter().find_map(|marked| {
        let placed = marked.marks.placed.as_ref().map(|placed| placed.was.as_str());
        base(target, placed?)
    })
}
