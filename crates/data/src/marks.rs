//! What we write on databases: which is a copy of ours, which is frozen, which is kept and until when.
//!
//! Contract: a mark is the last line of a database's comment. It belongs to the database and not to its name, changes with the
//! transaction that writes it, can be read from outside, and is in no dump that we make. A parameter of our own (`ALTER
//! DATABASE … SET "backout.…"`) would have all of that too, but only a superuser may set one (PostgreSQL 15: `permission
//! denied to set parameter`), and the owner of a database must be able to go back. A mark names the object number of its
//! database: one that came along in a dump of somebody else counts for nothing.

use backout_core::data::KeptDatabase;
use backout_core::id::BackupId;
use backout_core::port::PortError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::{Client, Row};

use crate::words::{failed, literal, quoted};

/// What the line of a mark starts with.
const START: &str = "backout: {";

/// What is written on one database.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Marks {
    /// The database that they are about; filled in when they are written.
    pub(crate) oid: u32,
    /// It was built by us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) copy: Option<CopyMark>,
    /// Nobody but the administrating role may connect; this is how it shall be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) closed: Option<ClosedMark>,
    /// It is being replaced: nobody may connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frozen: Option<FrozenMark>,
    /// It was replaced, and is kept for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kept: Option<KeptMark>,
    /// It was given the name that applications use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) placed: Option<PlacedMark>,
}

/// A database that was built by us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CopyMark {
    /// The name that it was built under.
    pub(crate) built_as: String,
    /// What it was built from: a restore point, or a moment in words.
    pub(crate) source: String,
    /// The restore point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) point: Option<BackupId>,
    /// When it was found to be equal to what it was built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verified: Option<Timestamp>,
}

/// How a closed database shall be opened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct ClosedMark {
    /// Its access control list, each entry as `aclitem` writes it; `None` for the default.
    pub(crate) acl: Option<Vec<String>>,
    /// Its connection limit.
    pub(crate) connection_limit: i32,
    /// `default_transaction_read_only`, where it had been set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_only: Option<String>,
}

/// A database that is being replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FrozenMark {
    /// What takes its place.
    pub(crate) copy: String,
    /// The name that it will get.
    pub(crate) aside: String,
    /// Since when.
    pub(crate) since: Timestamp,
    /// Its access control list and limit before.
    pub(crate) closed: ClosedMark,
    /// Logical slots that were given up and are made anew, each `name plugin`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) slots: Vec<String>,
    /// Subscriptions that were disabled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) subscriptions: Vec<String>,
}

/// A database that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptMark {
    /// When it was frozen: no write came after.
    pub(crate) since: Timestamp,
    /// Until when it is kept.
    pub(crate) until: Timestamp,
    /// The restore point that took its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup: Option<BackupId>,
    /// The log's position when it was frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lsn: Option<String>,
    /// Subscriptions that were disabled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) subscriptions: Vec<String>,
    /// Whether it is closed and read-only by now.
    pub(crate) locked: bool,
    /// Where it was put aside because a swap was taken back: the transaction that came next when it had been opened to
    /// applications. Row versions that are not older were written since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) used_since: Option<u64>,
    /// See [`PlacedMark::base`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<u64>,
}

/// A database that was given the name that applications use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlacedMark {
    /// The name that it had before.
    pub(crate) was: String,
    /// What it was built from, where it was built by us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// The run that restored it where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<String>,
    /// When.
    pub(crate) at: Timestamp,
    /// Subscriptions that were disabled when it had been put aside, and are to be enabled again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) subscriptions: Vec<String>,
    /// Where the server stood before anybody could write to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) opened: Option<OpenedMark>,
    /// Row versions older than this transaction are those of the restore point that it was built from; `None` where it was
    /// not built by us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<u64>,
    /// That restore point, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) point: Option<BackupId>,
}

/// Where the server stood before a database was opened to applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenedMark {
    /// The transaction that came next, in 64 bits.
    pub(crate) transaction: u64,
    /// How many rows had been deleted from its tables, as the server counts them.
    pub(crate) deleted: u64,
}

/// A database as the catalogs have it, with its comment taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marked {
    /// Its name.
    pub(crate) dbname: String,
    /// Its object number.
    pub(crate) oid: u32,
    /// Its owner.
    pub(crate) owner: String,
    /// Whether it takes connections at all.
    pub(crate) takes_connections: bool,
    /// How many it takes; -1 is no limit, and -2 is a database whose removal was interrupted.
    pub(crate) connection_limit: i32,
    /// Its access control list, each entry as `aclitem` writes it; `None` for the default.
    pub(crate) acl: Option<Vec<String>>,
    /// `default_transaction_read_only`, where that is set for it.
    pub(crate) read_only: Option<String>,
    /// What somebody else has written about it.
    pub(crate) comment: Option<String>,
    /// What we have written.
    pub(crate) marks: Marks,
}

impl Marked {
    fn new(row: &Row) -> Self {
        let (comment, json) = row.get::<_, Option<&str>>(2).map_or((None, None), split);
        let oid = row.get(1);
        let marks: Option<Marks> = json.and_then(|json| serde_json::from_str(json).ok());
        Self {
            dbname: row.get(0),
            oid,
            owner: row.get(3),
            takes_connections: row.get(4),
            connection_limit: row.get(5),
            acl: row.get(6),
            read_only: row.get(7),
            comment,
            marks: marks.filter(|marks| marks.oid == oid).unwrap_or_default(),
        }
    }

    /// How it is to be opened after it was closed; where it is closed already, that is how it was before.
    pub(crate) fn opening(&self) -> ClosedMark {
        self.marks.closed.clone().unwrap_or_else(|| ClosedMark {
            acl: self.acl.clone(),
            connection_limit: self.connection_limit,
            read_only: self.read_only.clone(),
        })
    }

    /// Whether dropping it was begun and not finished: nobody can connect to it ever again.
    pub(crate) fn is_invalid(&self) -> bool {
        self.connection_limit == -2
    }

    /// The statement that writes the marks, for a transaction that does more. `named` is its name by then.
    pub(crate) fn statement(&self, named: &str) -> String {
        let marks = Marks { oid: self.oid, ..self.marks.clone() };
        let text = match (marks.is_empty(), &self.comment) {
            (true, None) => "NULL".to_owned(),
            (true, Some(comment)) => literal(comment),
            (false, comment) => {
                let before = comment.as_ref().map(|comment| format!("{comment}\n")).unwrap_or_default();
                let json = serde_json::to_string(&marks).unwrap_or_default();
                literal(&format!("{before}backout: {json}"))
            }
        };
        format!("COMMENT ON DATABASE {} IS {text}", quoted(named))
    }
}

impl Marks {
    fn is_empty(&self) -> bool {
        self.copy.is_none()
            && self.closed.is_none()
            && self.frozen.is_none()
            && self.kept.is_none()
            && self.placed.is_none()
    }
}

/// What is read of every database; kept apart from the condition.
const COLUMNS: &str = "d.datname::text, d.oid, shobj_description(d.oid, 'pg_database'), pg_get_userbyid(d.datdba)::text, \
    d.datallowconn, d.datconnlimit, d.datacl::text[], (SELECT substr(setting, length('default_transaction_read_only=') + 1) \
    FROM pg_db_role_setting s, unnest(s.setconfig) setting WHERE s.setdatabase = d.oid AND s.setrole = 0 \
    AND setting LIKE 'default\\_transaction\\_read\\_only=%')";

/// The database of that name with its marks; `None` where there is none.
pub(crate) async fn read(client: &Client, dbname: &str) -> Result<Option<Marked>, PortError> {
    Ok(read_all(client, &[dbname]).await?.pop())
}

/// Those of the databases that there are, as they stood at one moment.
pub(crate) async fn read_all(client: &Client, dbnames: &[&str]) -> Result<Vec<Marked>, PortError> {
    let query = format!("SELECT {COLUMNS} FROM pg_database d WHERE d.datname::text = ANY($1)");
    let rows = client.query(&query, &[&dbnames]).await;
    let what = || format!("could not read what is written on `{}`", dbnames.join("`, `"));
    Ok(rows.map_err(|error| failed(&what(), &error))?.iter().map(Marked::new).collect())
}

/// Writes marks on a database.
pub(crate) async fn set(client: &Client, marked: &Marked) -> Result<(), PortError> {
    let written = client.batch_execute(&marked.statement(&marked.dbname)).await;
    written.map_err(|error| failed(&format!("could not write on database `{}`", marked.dbname), &error))
}

/// The databases that are kept, the oldest first. The size is 0 where the role may not see it.
pub(crate) async fn list(client: &Client) -> Result<Vec<KeptDatabase>, PortError> {
    let query = format!(
        "SELECT {COLUMNS}, CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE') \
         THEN pg_database_size(d.oid) ELSE 0 END \
         FROM pg_database d WHERE position('backout: {{' IN shobj_description(d.oid, 'pg_database')) > 0"
    );
    let rows = client.query(&query, &[]).await;
    let rows = rows.map_err(|error| failed("could not list the databases that are kept", &error))?;
    let kept = rows.iter().filter_map(|row| {
        let marked = Marked::new(row);
        let mark = marked.marks.kept?;
        let bytes = u64::try_from(row.get::<_, i64>(8)).unwrap_or(0);
        let (dbname, oid) = (marked.dbname, marked.oid);
        Some(KeptDatabase { dbname, oid, bytes, since: mark.since, until: mark.until, backup: mark.backup })
    });
    let mut kept: Vec<KeptDatabase> = kept.collect();
    kept.sort_by(|a, b| (a.since, &a.dbname).cmp(&(b.since, &b.dbname)));
    Ok(kept)
}

/// A database's comment without our line; `None` where nothing is left.
pub(crate) fn without(comment: Option<&str>) -> Option<String> {
    split(comment?).0
}

/// What somebody else wrote, and the JSON of our line.
fn split(comment: &str) -> (Option<String>, Option<&str>) {
    let (before, line) = match comment.rfind('\n') {
        Some(end) => (Some(&comment[..end]), &comment[end + 1..]),
        None => (None, comment),
    };
    if line.starts_with(START) {
        (before.map(str::to_owned), line.strip_prefix("backout: "))
    } else {
        (Some(comment.to_owned()), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(comment: Option<&str>) -> Marked {
        Marked {
            dbname: "shop".to_owned(),
            oid: 42,
            owner: "app".to_owned(),
            takes_connections: true,
            connection_limit: -1,
            acl: None,
            read_only: None,
            comment: comment.map(str::to_owned),
            marks: Marks::default(),
        }
    }

    #[test]
    fn a_mark_is_the_last_line_and_leaves_what_others_wrote() {
        for comment in [None, Some("orders since 2019"), Some("two\nlines with 'quotes'")] {
            let mut shop = shop(comment);
            shop.marks.closed = Some(ClosedMark { connection_limit: -1, ..ClosedMark::default() });
            let statement = shop.statement("shop");
            let text = statement.strip_prefix("COMMENT ON DATABASE \"shop\" IS '").unwrap().strip_suffix('\'').unwrap();
            let text = text.replace("''", "'");
            let (before, json) = split(&text);
            assert_eq!(before.as_deref(), comment);
            let marks: Marks = serde_json::from_str(json.unwrap()).unwrap();
            assert_eq!((marks.oid, marks.closed), (42, shop.marks.closed));
            assert_eq!(without(Some(&text)).as_deref(), comment);
        }
    }

    #[test]
    fn without_marks_the_comment_is_as_it_was() {
        assert_eq!(shop(None).statement("shop"), "COMMENT ON DATABASE \"shop\" IS NULL");
        assert_eq!(shop(Some("mine")).statement("shop"), "COMMENT ON DATABASE \"shop\" IS 'mine'");
    }
}
