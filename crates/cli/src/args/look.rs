//! Arguments of the commands that look.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{DataArgs, ScopeArgs};

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The checkpoint to go back to: its id, or what ran then (an image tag, a revision, a commit, a tag of git, `HEAD~2`,
    /// `previous`, `2h ago`); the last known good one unless given
    pub(crate) target: Option<String>,
    /// How much of the environment
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// Write the plan to this file, for `backout rollback --plan`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// What becomes of the databases
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Prove that no record was changed, taken out or cut off
    #[arg(long)]
    pub(crate) verify: bool,
    /// How many runs
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Listen there for webhooks (`/hooks/NAME`), and answer `/metrics` and `/healthz`; `watch.listen` unless given
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) listen: Option<String>,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// From when: so long ago (`30d`, `12h`), a day or a time
    #[arg(long, value_name = "WHEN", default_value = "30d")]
    pub(crate) since: String,
    /// What it is written in
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ReportFormat,
    /// What was deployed when, by whom, from which version to which, in place of the summary
    #[arg(long)]
    pub(crate) changelog: bool,
    /// Write it to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What a report is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// Words and tables, which are Markdown as well
    Text,
    /// Markdown
    Markdown,
    /// One JSON document
    Json,
    /// One page with charts
    Html,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// As a page in Markdown
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Write the page to this file
    #[arg(long, value_name = "FILE", requires = "markdown")]
    pub(crate) out: Option<PathBuf>,
    /// Keep the file up to date until interrupted
    #[arg(long, requires = "out")]
    pub(crate) watch: bool,
}

/// Arguments of `metrics`.
#[derive(Debug, Args)]
pub(crate) struct MetricsArgs {
    /// Write them to this file, for the textfile collector of Prometheus' node exporter
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A run or a checkpoint: its id, or the beginning of it, or what ran then; the newest run unless given
    pub(crate) id: Option<String>,
    /// Print one piece of the run's evidence by its name
    #[arg(long, value_name = "NAME")]
    pub(crate) evidence: Option<String>,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// A checkpoint, by its id or by what ran then; the last known good one unless given
    pub(crate) from: Option<String>,
    /// Another one; what runs now unless given
    pub(crate) to: Option<String>,
}

/// Arguments of `backtest`.
#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    /// Comma-separated values, `-` for standard input; a header names `t` in seconds and some of: `requests` and `errors`,
    /// `baseline_requests` and `baseline_errors` of the old version beside, `up` (1 or 0), and `le_<ms>`, requests within so
    /// many milliseconds. An empty cell was not measured
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// When the new version came, as the column `t` has it
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub(crate) deployed_at: String,
    /// What the numbers are: of each row's time, or counters that rise until they start anew
    #[arg(long, value_name = "WHAT", default_value = "auto")]
    pub(crate) numbers: Numbers,
    /// The chance that a healthy deploy is ever called unhealthy; 0.001 unless given
    #[arg(long, value_name = "CHANCE")]
    pub(crate) false_alarms: Option<f64>,
    /// How many times as many errors as before are tolerated; 1.5 unless given
    #[arg(long, value_name = "TIMES")]
    pub(crate) tolerance: Option<f64>,
}

/// What the numbers of a recording are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Numbers {
    /// Found out
    Auto,
    /// How many there were in each row's time
    Counts,
    /// How many there have been
    Counters,
}
