//! Arguments about databases.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What becomes of the databases.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Databases")]
pub(crate) struct DataArgs {
    /// Take this database back; alone, without touching a service, unless `--stack` or `--service` is given; can be repeated
    #[arg(long, value_name = "DATABASE")]
    pub(crate) database: Vec<String>,
    /// The way back of the databases, in place of the cheapest that is enough
    #[arg(long, value_name = "RUNG", value_parser = ["code-only", "soft-restore", "reverse-migrations", "undo-rows", "tables",
        "side-by-side", "point-in-time", "in-place"])]
    pub(crate) rung: Option<String>,
    /// Only this table of the databases; can be repeated
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: Vec<String>,
    /// To how the databases were at this time: `2026-11-21T03:15:00Z`
    #[arg(long, value_name = "TIME", group = "moment")]
    pub(crate) to_time: Option<String>,
    /// To a named moment in the server's log
    #[arg(long, value_name = "NAME", group = "moment")]
    pub(crate) to_name: Option<String>,
    /// To a position in the server's log: `0/3000028`
    #[arg(long, value_name = "LSN", group = "moment")]
    pub(crate) to_lsn: Option<String>,
    /// To before this transaction
    #[arg(long, value_name = "XID", group = "moment")]
    pub(crate) to_xid: Option<u64>,
    /// The restore point to take, in place of that of the target checkpoint
    #[arg(long, value_name = "ID", conflicts_with = "moment")]
    pub(crate) backup: Option<String>,
    /// Agree to losing as many rows that were written since
    #[arg(long, value_name = "ROWS")]
    pub(crate) accept_loss: Option<u64>,
    /// Give up logical replication slots of the database
    #[arg(long)]
    pub(crate) break_slots: bool,
    /// Who agreed to data going back, where the configuration wants somebody to; can be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) approved_by: Vec<String>,
    /// Swap the databases that the last rollback put aside back in
    #[arg(long, conflicts_with_all = ["rung", "table", "moment", "backup"])]
    pub(crate) undo: bool,
}

/// What to do with restore points.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupAction {
    /// Take a restore point now
    Create {
        /// Only this database; can be repeated
        #[arg(long, value_name = "DATABASE")]
        database: Vec<String>,
        /// Make a base backup of the whole server instead, which moments in its log can be recovered to from
        #[arg(long)]
        physical: bool,
    },
    /// List them
    List,
    /// Show one: what it holds, how it is kept, how far it was verified
    Show {
        /// Its id, or the beginning of it
        id: String,
    },
    /// Find out how far one holds; the newest of each database unless named
    Verify {
        /// Its id, or the beginning of it
        id: Option<String>,
        /// V0: stored as recorded; V1: decodes; V2: restores; V3: is equal to what was recorded; V4: is sound and fresh
        #[arg(long, value_name = "LEVEL", default_value = "V3", value_parser = ["V0", "V1", "V2", "V3", "V4"], ignore_case = true)]
        level: String,
    },
    /// Remove old ones; never what a good checkpoint needs
    Prune {
        /// How many of each database stay; what the configuration says unless given
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        keep: Option<u32>,
    },
    /// Register a dump that another tool made, where it lies
    Import {
        /// The dump, a file or `s3://BUCKET/KEY`: custom, directory, tar or plain SQL; packed with gzip or zstd, sealed with age
        /// or openssl
        file: PathBuf,
        /// Take the one that was written last below `s3://BUCKET/PREFIX`
        #[arg(long)]
        newest: bool,
        /// The database that it is of; may be left out where there is one
        #[arg(long, value_name = "DATABASE")]
        database: Option<String>,
    },
    /// Restore one as a database of another name, verified; nothing else is touched
    Restore {
        /// Its id, or the beginning of it
        id: String,
        /// The name of the database to make
        #[arg(long = "as", value_name = "NAME")]
        name: String,
        /// Only this table; can be repeated
        #[arg(long, value_name = "TABLE")]
        table: Vec<String>,
    },
    /// Put rows that a rollback took away back, beside what was written since
    Reimport(ReimportArgs),
    /// Drop a database that a rollback put aside
    DropAside {
        /// Its name on the server, as `backout status` has it
        name: String,
        /// The database of the configuration whose server it is on; may be left out where there is one
        #[arg(long, value_name = "DATABASE")]
        database: Option<String>,
        /// Drop it before its time, and replication slots in it as well
        #[arg(long)]
        force: bool,
        /// A dump of it, which is restored once and must have all that it has
        #[arg(long, value_name = "FILE", conflicts_with = "without_dump")]
        dump: Option<PathBuf>,
        /// Drop it without a dump: its rows are gone then
        #[arg(long)]
        without_dump: bool,
    },
}

/// Arguments of `backup reimport`.
#[derive(Debug, Args)]
pub(crate) struct ReimportArgs {
    /// The rollback that took the rows away; the newest with a list of lost rows unless given
    pub(crate) run: Option<String>,
    /// Only what this database lost
    #[arg(long, value_name = "DATABASE")]
    pub(crate) database: Option<String>,
    /// Do everything and commit nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Only this table; can be repeated
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: Vec<String>,
    /// Delete rows again that had been deleted
    #[arg(long)]
    pub(crate) with_deletes: bool,
    /// Refuse more rows than this
    #[arg(long, value_name = "ROWS")]
    pub(crate) max_rows: Option<u64>,
    /// Keep the tables' own triggers silent; foreign keys hold all the same
    #[arg(long)]
    pub(crate) without_triggers: bool,
    /// Leave rows out that this transaction wrote; can be repeated
    #[arg(long, value_name = "XID")]
    pub(crate) exclude: Vec<u32>,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// What to do about migrations.
#[derive(Debug, Subcommand)]
pub(crate) enum MigrateAction {
    /// What the databases say was applied, and what is new since the last known good checkpoint
    Status,
    /// What undoing the migrations since a checkpoint would do
    Plan {
        /// The checkpoint; the last known good one unless given
        target: Option<String>,
        /// Only this database; can be repeated
        #[arg(long, value_name = "DATABASE")]
        database: Vec<String>,
    },
    /// Undo the migrations since a checkpoint; what they would destroy is kept
    Reverse {
        /// The checkpoint; the last known good one unless given
        target: Option<String>,
        /// Only this database; can be repeated
        #[arg(long, value_name = "DATABASE")]
        database: Vec<String>,
        /// Override a refusal by its name; can be repeated
        #[arg(long, value_name = "NAME")]
        force: Vec<String>,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Who agreed to it, where the configuration wants somebody to; can be repeated
        #[arg(long, value_name = "NAME")]
        approved_by: Vec<String>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Put what was kept when migrations were undone back where it was
    Reapply {
        /// Only this database; can be repeated
        #[arg(long, value_name = "DATABASE")]
        database: Vec<String>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}
