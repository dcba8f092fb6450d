//! Arguments of the commands that decide, and that fall back.

use backout_core::policy::Severity;
use clap::{Args, Subcommand};

/// What is known about a case, for the rules that decide.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ToldArgs {
    /// How bad it is: P0 to P4; what the rules say unless given
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) severity: Option<Severity>,
    /// What is known about it: `impact=service_down`, `error_rate=7%`, `fix_within=10m`, `vip=true`; can be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) tag: Vec<String>,
}

/// Arguments of `decide`. Without any, it is about the environment as it stands.
#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// A service that is affected; can be repeated
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Vec<String>,
    /// What is known about it
    #[command(flatten)]
    pub(crate) told: ToldArgs,
    /// When it is decided, for freezes: `2026-11-21T03:15:00Z`; now unless given
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// The run whose watch is judged again by the same detector, from what it heard: its id, or the beginning of it
    #[arg(long, value_name = "RUN", conflicts_with_all = ["service", "severity", "tag", "at"])]
    pub(crate) replay: Option<String>,
    /// What another setting would have said: `false_alarms=1%`, `tolerance=2`, `slower=2`, `min_samples=100`, `above=3%`,
    /// `below=90%`, `consecutive=5`; of one trigger as `TRIGGER.KEY=VALUE`; can be repeated
    #[arg(long, value_name = "KEY=VALUE", requires = "replay")]
    pub(crate) what_if: Vec<String>,
}

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    /// The run that waits: its id, or the beginning of it; the newest open one unless given
    pub(crate) run: Option<String>,
    /// Who agrees
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) name: String,
    /// Do not agree: the run ends, and nothing more is changed
    #[arg(long)]
    pub(crate) decline: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// What to do about what is switched on in place of going back.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum FallbackAction {
    /// Which there are, and which are on
    List,
    /// Switch one on
    On {
        /// Its name: that of its service, or `environment`; may be left out where there is one
        name: Option<String>,
    },
    /// Switch one off again
    Off {
        /// Its name; everything that is on unless given
        name: Option<String>,
    },
}
