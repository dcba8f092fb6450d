//! Arguments of `incident`.

use std::path::PathBuf;

use backout_core::incident::{Status, Topic};
use backout_core::policy::Severity;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use clap::{Args, Subcommand, ValueEnum};

/// What to do about incidents.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum IncidentAction {
    /// All incidents, the newest first
    List,
    /// One incident: its times, its timeline, and what is still to be seen to
    Show {
        /// Its id, or the beginning of it; the newest unless given
        id: Option<String>,
    },
    /// Open one; a run that goes back opens or joins one by itself
    Open(OpenArgs),
    /// Write down what was found out, how severe it is, or how far it is
    Note(NoteArgs),
    /// Say who does what
    Role {
        /// Its id, or the beginning of it
        id: String,
        /// The role: `lead`, `communications`, `operator`, or any other word
        role: String,
        /// Who
        who: String,
    },
    /// Attach a ticket, a document, a call, or a run
    Link {
        /// Its id, or the beginning of it
        id: String,
        /// The address, or the id of a run
        target: String,
        /// What it is
        #[arg(long, value_name = "WORDS")]
        text: Option<String>,
    },
    /// Answer an item of its checklists, or list them
    Check(CheckItemArgs),
    /// Say that it is over, and that its record is complete
    Close {
        /// Its id, or the beginning of it
        id: String,
        /// What it was, in a sentence or two
        #[arg(long, value_name = "TEXT")]
        summary: Option<String>,
    },
    /// Write the post-mortem
    Postmortem(PostmortemArgs),
}

/// Arguments of `incident open`.
#[derive(Debug, Clone, Args)]
pub(crate) struct OpenArgs {
    /// What it is, in a line
    pub(crate) title: String,
    /// How severe it is
    #[arg(long, value_name = "P0..P4", value_parser = severities())]
    pub(crate) severity: Option<Severity>,
    /// A service that is affected; several times for several
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Vec<String>,
}

/// Arguments of `incident note`.
#[derive(Debug, Clone, Args)]
pub(crate) struct NoteArgs {
    /// Its id, or the beginning of it
    pub(crate) id: String,
    /// The note
    #[arg(required_unless_present_any = ["severity", "status"])]
    pub(crate) text: Option<String>,
    /// What it is about: where it stands in the post-mortem
    #[arg(long = "as", value_name = "TOPIC", default_value = "note", value_parser = topics())]
    pub(crate) topic: Topic,
    /// How severe the incident is
    #[arg(long, value_name = "P0..P4", value_parser = severities())]
    pub(crate) severity: Option<Severity>,
    /// How far it is
    #[arg(long, value_name = "STATUS", value_parser = statuses())]
    pub(crate) status: Option<Status>,
}

/// Arguments of `incident check`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CheckItemArgs {
    /// Its id, or the beginning of it
    pub(crate) id: String,
    /// The item; all are listed unless given
    pub(crate) item: Option<String>,
    /// It does not hold, or will not be done
    #[arg(long, requires = "item")]
    pub(crate) not: bool,
    /// Who answers, where that is not you
    #[arg(long, value_name = "NAME", requires = "item")]
    pub(crate) by: Option<String>,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT", requires = "item")]
    pub(crate) note: Option<String>,
}

/// Arguments of `incident postmortem`.
#[derive(Debug, Clone, Args)]
pub(crate) struct PostmortemArgs {
    /// Its id, or the beginning of it; the newest unless given
    pub(crate) id: Option<String>,
    /// What it is written in
    #[arg(long, value_name = "FORMAT", default_value = "markdown")]
    pub(crate) format: PageFormat,
    /// A template of your own (minijinja)
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Option<PathBuf>,
    /// Write it to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What a page is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PageFormat {
    /// Markdown
    Markdown,
    /// One page with everything in it
    Html,
}

fn severities() -> impl clap::builder::TypedValueParser<Value = Severity> {
    words(&Severity::WORDS)
}

fn topics() -> impl clap::builder::TypedValueParser<Value = Topic> {
    words(&Topic::WORDS)
}

fn statuses() -> impl clap::builder::TypedValueParser<Value = Status> {
    words(&Status::WORDS)
}

fn words<T: Copy + Send + Sync + 'static>(
    words: &'static [(&'static str, T)],
) -> impl clap::builder::TypedValueParser<Value = T> {
    PossibleValuesParser::new(words.iter().map(|(word, _)| *word)).try_map(move |text| {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        found.ok_or_else(|| format!("`{text}` is none of them"))
    })
}
