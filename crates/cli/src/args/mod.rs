//! The command line as types. What each option means for a run is decided elsewhere.

mod act;
mod data;
mod decide;
mod incident;
mod inner;
mod look;
mod maintenance;
mod notify;
mod prove;
mod setup;
#[cfg(test)]
mod written;

use std::path::PathBuf;

pub(crate) use act::{CheckpointAction, GuardArgs, RearmArgs, RestartArgs, RollbackArgs, ScopeArgs};
use clap::{Args, Parser, Subcommand, ValueEnum};
pub(crate) use data::{BackupAction, DataArgs, MigrateAction, ReimportArgs};
pub(crate) use decide::{ApproveArgs, DecideArgs, FallbackAction, ToldArgs};
pub(crate) use incident::{CheckItemArgs, IncidentAction, NoteArgs, OpenArgs, PageFormat, PostmortemArgs};
pub(crate) use inner::{BreakArgs, DeadManArgs, DemoAppArgs, Of, ReferenceArgs, SuperviseArgs};
pub(crate) use look::{
    BacktestArgs, DiffArgs, HistoryArgs, MetricsArgs, Numbers, PlanArgs, ReportArgs, ReportFormat, ShowArgs,
    StatusArgs, WatchArgs,
};
pub(crate) use maintenance::MaintenanceAction;
pub(crate) use notify::NotifyAction;
pub(crate) use prove::{DrillAction, DrillArgs, VerifyArgs};
pub(crate) use setup::{CheckArgs, CompletionsArgs, DemoArgs, ExplainArgs, InitArgs, Like, ManArgs, Scenario};

/// Gives every deploy a way back.
///
/// Records what runs before a deploy, watches what happens after it, takes the environment back when it goes wrong, proves
/// that it arrived, and leaves the record.
#[derive(Debug, Parser)]
#[command(name = "backout", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// What every command takes.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The configuration; looked for upward from the working directory unless given
    #[arg(short, long, global = true, value_name = "FILE", env = "BACKOUT_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The environment; may be left out where there is one
    #[arg(short, long, global = true, value_name = "ENV", env = "BACKOUT_ENVIRONMENT")]
    pub(crate) environment: Option<String>,
    /// The state directory; `.backout/` beside the configuration unless given
    #[arg(long, global = true, value_name = "DIR", env = "BACKOUT_STATE")]
    pub(crate) state: Option<PathBuf>,
    /// Print one JSON document on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Say less
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a configuration from what is found here
    Init(InitArgs),
    /// Check the configuration, and whether everything it names can be reached
    Check(CheckArgs),
    /// Print the JSON Schema of the configuration
    Schema,
    /// What runs, and how it is
    Status(StatusArgs),
    /// Past runs
    History(HistoryArgs),
    /// How deploys and rollbacks went: success rates, times, objectives, DORA's four keys; or what was deployed
    Report(ReportArgs),
    /// Metrics of backout itself, for Prometheus
    Metrics(MetricsArgs),
    /// One run or checkpoint
    Show(ShowArgs),
    /// What differs between two checkpoints, or between one and what runs
    Diff(DiffArgs),
    /// Record, list and grade checkpoints
    Checkpoint {
        /// What to do with them
        #[command(subcommand)]
        action: CheckpointAction,
    },
    /// Take, verify and restore restore points of databases
    Backup {
        /// What to do with them
        #[command(subcommand)]
        action: BackupAction,
    },
    /// What was applied to databases, and how to undo it
    Migrate {
        /// What to do
        #[command(subcommand)]
        action: MigrateAction,
    },
    /// Run a deploy command, watch what follows, and go back if it goes bad
    Guard(GuardArgs),
    /// What a rollback would do
    Plan(PlanArgs),
    /// Go back to the last known good checkpoint, or to the one named
    Rollback(RollbackArgs),
    /// What would be decided, and why: for the environment as it stands, or for what is said about it
    Decide(DecideArgs),
    /// What is switched on in place of going back: a feature flag, a circuit breaker
    Fallback {
        /// What to do
        #[command(subcommand)]
        action: FallbackAction,
    },
    /// Agree to the plan of a run that waits for people, or do not
    Approve(ApproveArgs),
    /// Go on with an interrupted run
    Resume {
        /// The run; the newest open one unless given
        run: Option<String>,
    },
    /// End an interrupted or waiting run
    Abort {
        /// The run; the newest open one unless given
        run: Option<String>,
    },
    /// Start services anew as they are, and wait until they are well; nothing goes back
    Restart(RestartArgs),
    /// Switch auto-sync of Applications on again, which a rollback has paused
    Rearm(RearmArgs),
    /// Run the checks, or answer one that only a person can make
    Verify(VerifyArgs),
    /// Break a service on purpose, measure how that is noticed and taken back, and put everything back
    Drill(DrillArgs),
    /// Watch in the foreground, and say what changes
    Watch(WatchArgs),
    /// What the detector would have said about a recorded series
    Backtest(BacktestArgs),
    /// Keep users away while nothing works, and let them in again
    Maintenance {
        /// What to do
        #[command(subcommand)]
        action: MaintenanceAction,
    },
    /// The record of what went wrong, and of what people did about it
    Incident {
        /// What to do
        #[command(subcommand)]
        action: IncidentAction,
    },
    /// Tell people: try it, see what waits, send it
    Notify {
        /// What to do
        #[command(subcommand)]
        action: NotifyAction,
    },
    /// Play the main job on a small application, with nothing set up
    Demo(DemoArgs),
    /// Explain a refusal or an error
    Explain(ExplainArgs),
    /// Print the completion script of a shell
    Completions(CompletionsArgs),
    /// Write the manual pages
    Man(ManArgs),
    /// Print a page of the documentation that is made from the program
    #[command(hide = true)]
    Reference(ReferenceArgs),
    /// Stand by for a guarding process
    #[command(hide = true)]
    DeadMan(DeadManArgs),
    /// Break a service for a drill
    #[command(hide = true)]
    BreakOnPurpose(BreakArgs),
    /// Supervise one host service
    #[command(hide = true)]
    Supervise(SuperviseArgs),
    /// The application of the demo
    #[command(hide = true)]
    DemoApp(DemoAppArgs),
}
