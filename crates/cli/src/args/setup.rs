//! Arguments of the commands that set up and explain.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The folder to look into
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Write it over one that is there; the old one is kept beside it
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Print it and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Begin from the runbook of a team: its triggers, matrix, objectives and checks, for what is found here; where nothing is found,
    /// for services like the team's own
    #[arg(long, value_name = "NAME")]
    pub(crate) like: Option<Like>,
}

/// Whose runbook a configuration begins from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Like {
    /// Docker Compose with its monitoring; back at 25 % errors, and a matrix of four severities
    Heliosdb,
    /// A staging environment on Docker Compose that goes back by itself, by three thresholds
    PiperMorgan,
    /// An application on a host, deployed with git and run by systemd; a decision tree, and checks by people
    Himalytix,
    /// A release on a cluster; an hour of soak, two people for the database, escalation by the clock
    Predator,
    /// A chart, or the same on Docker Compose; back at crashes, slowness and failed migrations
    HelmAndCompose,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Only read the configuration; reach for nothing
    #[arg(long)]
    pub(crate) offline: bool,
    /// Look also whether a way back would find what it needs: tools, images, restore points, room, ports, sound indexes; reads
    /// restore points and databases to their end
    #[arg(long, conflicts_with = "offline")]
    pub(crate) deep: bool,
    /// Print the role that is just enough on its clusters, as YAML for `kubectl apply`, and check nothing
    #[arg(long, conflicts_with = "offline")]
    pub(crate) role: bool,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// What happens
    #[arg(long, value_name = "NAME", default_value = "bad-deploy")]
    pub(crate) scenario: Scenario,
    /// Keep everything in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

/// What happens in a demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Version 2 starts, answers for a moment, and then fails under requests
    BadDeploy,
    /// Version 2 ends at its start
    Crash,
    /// Version 2 answers too slowly
    Slow,
    /// Version 2 is good and is kept
    GoodDeploy,
    /// Version 2 is bad, and the guarding process is killed half-way through the way back
    Killed,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The name of a refusal or an error; a list of them unless given
    pub(crate) code: Option<String>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The folder to write them into
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
}
