//! What people say about an incident: each is a record of its own, also while a run holds the environment.

use std::collections::BTreeSet;
use std::process::ExitCode;

use backout_adapters::command::Redactor;
use backout_core::id::{IncidentId, ServiceName};
use backout_core::incident::{Answer, Entry, Incident, Said, Status};
use backout_core::port::Clock;
use backout_engine::clock::SystemClock;
use backout_engine::store::Lookup;

use super::draft::write_drafts;
use super::found::{Found, case, terms};
use super::show::checklist_text;
use crate::args::{CheckItemArgs, Global, NoteArgs, OpenArgs};
use crate::commands::planted;
use crate::commands::prove::answer_check;
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup, salt};

/// Says things about one incident.
struct Speaker {
    setup: Setup,
    by: String,
    redactor: Redactor,
}

impl Speaker {
    fn open(global: &Global, ui: Ui) -> Result<Self, CliError> {
        let setup = Setup::open(global, ui, Access::Write)?;
        let (by, redactor) = (setup.process.actor(), Redactor::new(planted(&setup.process)));
        Ok(Self { setup, by, redactor })
    }

    /// Opens the journal and finds an incident that is not closed.
    async fn about(global: &Global, id: &str, ui: Ui) -> Result<(Self, Incident), CliError> {
        let speaker = Self::open(global, ui)?;
        let incident = Found::of(&speaker.setup).await?.one(Some(id))?.clone();
        Ok((speaker, incident))
    }

    /// What is typed, without the secrets that this process knows of.
    fn clean(&self, text: &str) -> String {
        self.redactor.apply(text)
    }

    async fn say(&self, incident: &IncidentId, said: Said) -> Result<(), CliError> {
        let entry = Entry { incident: incident.clone(), by: self.by.clone(), said };
        self.setup.store.say(&self.setup.environment.name, &entry).await?;
        Ok(())
    }

    fn done(&self, incident: &IncidentId, what: &str) -> Result<ExitCode, CliError> {
        let ui = self.setup.ui;
        if ui.json {
            ui.document(&serde_json::json!({ "incident": incident }))?;
        } else {
            ui.data(&format!("{incident}: {what}"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Opens one.
pub(super) async fn open(global: &Global, args: OpenArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let speaker = Speaker::open(global, ui)?;
    let known = &speaker.setup.environment.services;
    let service = |typed: &String| {
        let name = ServiceName::new(typed).map_err(|error| CliError::usage(error.to_string()))?;
        if known.contains_key(&name) { Ok(name) } else { Err(CliError::usage(format!("there is no service `{name}`"))) }
    };
    let services: BTreeSet<ServiceName> = args.service.iter().map(service).collect::<Result<_, _>>()?;
    let found = Found::of(&speaker.setup).await?;
    if let Some(other) = found.all.iter().rev().find(|incident| incident.is_open()) {
        ui.warn(&format!("`{}` is open as well: {}", other.id, other.title));
    }
    let id = IncidentId::mint(SystemClock.now(), salt());
    let title = speaker.clean(&args.title);
    speaker.say(&id, Said::Opened { title, severity: args.severity, services }).await?;
    speaker.done(&id, "open; runs that go back join it")
}

/// Writes down what was found out.
pub(super) async fn note(global: &Global, args: NoteArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let (speaker, incident) = Speaker::about(global, &args.id, ui).await?;
    let text = args.text.as_deref().map(|text| Said::Noted { topic: args.topic, text: speaker.clean(text) });
    let severity = args.severity.map(|severity| Said::Rated { severity });
    let status = args.status.map(|status| Said::Moved { status });
    if status.is_some() && incident.status == Status::Closed {
        return Err(CliError::usage(format!("`{}` is closed, and stays so", incident.id))
            .hint("open another one: `backout incident open TITLE`"));
    }
    for said in [text, severity, status].into_iter().flatten() {
        speaker.say(&incident.id, said).await?;
    }
    if args.status == Some(Status::Restored) {
        write_drafts(&speaker.setup).await;
    }
    speaker.done(&incident.id, "noted")
}

/// Says who does what.
pub(super) async fn role(
    global: &Global,
    id: &str,
    (role, who): (String, String),
    ui: Ui,
) -> Result<ExitCode, CliError> {
    let (speaker, incident) = Speaker::about(global, id, ui).await?;
    let what = format!("{who} is {role}");
    speaker.say(&incident.id, Said::Role { role: speaker.clean(&role), who: speaker.clean(&who) }).await?;
    speaker.done(&incident.id, &what)
}

/// Attaches something, or a run.
pub(super) async fn link(
    global: &Global,
    id: &str,
    (target, text): (String, Option<String>),
    ui: Ui,
) -> Result<ExitCode, CliError> {
    let (speaker, incident) = Speaker::about(global, id, ui).await?;
    let run = if target.starts_with("run-") { speaker.setup.store.find_run(&target).await? } else { Lookup::NotFound };
    let said = match run {
        Lookup::One(run) => Said::Joined { run: run.id },
        Lookup::NotFound if target.starts_with("run-") => {
            return Err(CliError::usage(format!("there is no run `{target}`")).hint("see past runs: `backout history`"));
        }
        _ => Said::Linked { target: speaker.clean(&target), text: text.map(|text| speaker.clean(&text)) },
    };
    speaker.say(&incident.id, said).await?;
    speaker.done(&incident.id, "attached")
}

/// Answers an item, or lists them.
pub(super) async fn check(global: &Global, args: CheckItemArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let Some(item) = &args.item else { return list(global, &args.id, ui).await };
    let (mut speaker, incident) = Speaker::about(global, &args.id, ui).await?;
    let checklist = case(&speaker.setup, &incident).await?.checklist;
    if !checklist.items.iter().any(|known| known.id == *item) {
        let names: Vec<&str> = checklist.items.iter().map(|item| item.id.as_str()).collect();
        return Err(
            CliError::usage(format!("there is no item `{item}`")).hint(format!("the items are: {}", names.join(", ")))
        );
    }
    if let Some(by) = &args.by {
        // Who typed it is recorded as well.
        speaker.by = format!("{by}, by {}", speaker.by);
    }
    let answer = if args.not { Answer::No } else { Answer::Yes };
    let note = args.note.as_deref().map(|note| speaker.clean(note));
    speaker.say(&incident.id, Said::Answered { item: item.clone(), answer, note }).await?;
    if speaker.setup.environment.verify.manual.contains_key(item) {
        // It is also the answer to a check of the rollback: a `no` calls people.
        answer_check(&speaker.setup, item, !args.not).await;
    }
    speaker.done(&incident.id, &format!("{item}: {}", if args.not { "no" } else { "yes" }))
}

async fn list(global: &Global, id: &str, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let found = Found::of(&setup).await?;
    let incident = found.one(Some(id))?;
    let checklist = case(&setup, incident).await?.checklist;
    if ui.json {
        ui.document(&serde_json::json!({ "incident": incident.id, "checklist": checklist }))?;
    } else {
        ui.data(&checklist_text(&checklist));
    }
    Ok(ExitCode::SUCCESS)
}

/// Closes it. What it was measured by is recorded with it.
pub(super) async fn close(global: &Global, id: &str, summary: Option<String>, ui: Ui) -> Result<ExitCode, CliError> {
    let (speaker, incident) = Speaker::about(global, id, ui).await?;
    if incident.status == Status::Closed {
        return Err(CliError::usage(format!("`{}` is closed already", incident.id)));
    }
    if incident.is_open() {
        ui.warn(&format!("`{}` is closed without having been restored", incident.id));
    }
    let summary = summary.map(|summary| speaker.clean(&summary));
    speaker.say(&incident.id, Said::Closed { summary, terms: Box::new(terms(&speaker.setup)) }).await?;
    speaker.done(&incident.id, "closed")?;
    ui.say(&format!("write it up: `backout incident postmortem {} --format html --out postmortem.html`", incident.id));
    Ok(ExitCode::SUCCESS)
}
