//! What a step does to a database. Every act names the state to reach, so that one in doubt can be looked at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Framework, ObjectName, RecoveryTarget, RestorePoint, Revision};
use crate::id::{DatabaseName, ServiceName};
use crate::inventory::BlobRef;

/// One thing to do to a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataStep {
    /// The database.
    pub database: DatabaseName,
    /// What.
    pub act: DataAct,
    /// Services that must not write meanwhile: they are stopped before it, and a later step starts them as they shall be.
    /// Where the act fails they are started again as they were.
    #[serde(default)]
    pub fences: Vec<Fence>,
}

/// A service that is stopped while its database goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fence {
    /// The service.
    pub service: ServiceName,
    /// How long it may take to stop, in milliseconds.
    pub grace_ms: u64,
}

/// Where a copy of a database comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum RestoreSource {
    /// A dump.
    Dump {
        /// The restore point.
        point: Box<RestorePoint>,
    },
    /// A moment in the server's log.
    Log {
        /// The moment.
        target: RecoveryTarget,
        /// The restore point whose manifest it must match, where it is the moment of one.
        point: Option<Box<RestorePoint>>,
    },
}

impl RestoreSource {
    /// The restore point whose manifest what comes out must match, where there is one.
    #[must_use]
    pub fn point(&self) -> Option<&RestorePoint> {
        match self {
            RestoreSource::Dump { point } => Some(point),
            RestoreSource::Log { point, .. } => point.as_deref(),
        }
    }
}

/// What to do. Names of databases are those on the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum DataAct {
    /// Build a verified copy beside the database, which stays in use. There when: the copy exists and bears the mark of
    /// having been verified.
    RestoreBeside {
        /// Where it comes from.
        source: RestoreSource,
        /// The copy's name.
        copy: String,
        /// Only these tables; empty is all.
        tables: Vec<ObjectName>,
    },
    /// Give the copy the database's name, and put the database aside. There when: the name stands for the copy, and takes
    /// connections.
    Swap {
        /// The name that applications use.
        live: String,
        /// The copy.
        copy: String,
        /// The name that the database gets.
        aside: String,
        /// How long it is kept, in milliseconds.
        keep_ms: u64,
        /// Whether logical slots of the database may be given up.
        breaks_slots: bool,
    },
    /// Undo migrations with the code of the release that brought them. There when: the ledger has `target`.
    ReverseMigrations {
        /// The tool.
        framework: Framework,
        /// What is undone, in this order.
        undo: Vec<Revision>,
        /// What the ledger has afterwards, as [`super::Ledger::applied`].
        target: Vec<Revision>,
        /// What the scripts would destroy, kept before they run.
        preserve: Vec<Preserve>,
        /// The name of the schema that it is kept in.
        kept_in: String,
        /// The scripts of the release that brought the migrations, as [`crate::port::Database::vault`] kept them; `None`
        /// takes those of the release that is deployed when the step runs.
        #[serde(default)]
        vault: Option<BlobRef>,
    },
    /// Rename what was soft-dropped back. There when: it is where it was.
    SoftRestore {
        /// What.
        objects: Vec<Preserve>,
    },
    /// Give rows that were changed or deleted since the copy their values back; rows inserted since stay. There when: no
    /// such row differs.
    UndoRows {
        /// A verified copy.
        copy: String,
        /// The tables.
        tables: Vec<ObjectName>,
    },
    /// Replace the content of tables by that of the copy; what is replaced is kept. There when: contents are equal.
    ReplaceTables {
        /// A verified copy.
        copy: String,
        /// The tables.
        tables: Vec<ObjectName>,
        /// The name of the schema that what is replaced is kept in.
        kept_in: String,
    },
    /// Drop a copy that is needed no more. There when: it is gone.
    DropCopy {
        /// Its name.
        copy: String,
    },
    /// Take a restore point of the database as it is, because what follows destroys it. There when: one was recorded since the
    /// step was begun.
    KeepDump,
    /// Drop the database and restore it where it stands, connections refused until it is verified. There when: the name
    /// stands for a database that bears the mark of this run and of having been verified.
    RestoreInPlace {
        /// Where it comes from.
        source: RestoreSource,
        /// The name that applications use.
        live: String,
        /// What tells this run from another that restored the same: the end of the names that it makes. Empty in plans of
        /// versions that did not have it, which take an earlier run's database for theirs.
        #[serde(default)]
        run: String,
    },
    /// List the rows that the database put aside has and the one in use has not. Only looks.
    ReportLoss {
        /// The database put aside.
        damaged: String,
        /// The restore point that took its place, or that both databases come from where a swap is taken back; `None` where
        /// it was a moment of the server's log that nobody took a restore point at.
        #[serde(default)]
        point: Option<Box<RestorePoint>>,
    },
}

impl DataAct {
    /// A short name for the kind of act; estimates are kept by it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            DataAct::RestoreBeside { .. } => "restore_beside",
            DataAct::Swap { .. } => "swap_database",
            DataAct::ReverseMigrations { .. } => "reverse_migrations",
            DataAct::SoftRestore { .. } => "soft_restore",
            DataAct::UndoRows { .. } => "undo_rows",
            DataAct::ReplaceTables { .. } => "replace_tables",
            DataAct::DropCopy { .. } => "drop_copy",
            DataAct::KeepDump => "keep_dump",
            DataAct::RestoreInPlace { .. } => "restore_in_place",
            DataAct::ReportLoss { .. } => "report_loss",
        }
    }
}

impl DataAct {
    /// Whether what it leads to is still there at the end of a plan, where it can be looked for once more. A copy is used up
    /// by what follows, rows go on changing once the application writes again, and neither a dump nor a report changes anything.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        match self {
            DataAct::Swap { .. }
            | DataAct::ReverseMigrations { .. }
            | DataAct::SoftRestore { .. }
            | DataAct::DropCopy { .. }
            | DataAct::RestoreInPlace { .. } => true,
            DataAct::RestoreBeside { .. }
            | DataAct::UndoRows { .. }
            | DataAct::ReplaceTables { .. }
            | DataAct::KeepDump
            | DataAct::ReportLoss { .. } => false,
        }
    }
}

/// Something that a migration would destroy, and where it is kept meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kept", rename_all = "snake_case")]
pub enum Preserve {
    /// A column: copied with the primary key into `kept_as`, or renamed to it where that is a name within the table.
    Column {
        /// The table.
        table: ObjectName,
        /// The column.
        column: String,
        /// The name that it is kept under.
        kept_as: ObjectName,
    },
    /// A table: moved to, or copied into, `kept_as`.
    Table {
        /// The table.
        table: ObjectName,
        /// The name that it is kept under.
        kept_as: ObjectName,
    },
    /// Rows that a statement would delete or change: the whole table is copied into `kept_as`.
    Rows {
        /// The table.
        table: ObjectName,
        /// The name that they are kept under.
        kept_as: ObjectName,
    },
}
