//! The command: looks, drafts, checks that what was drafted can be read, and writes it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use backout_core::config;
use backout_engine::durable;
use serde::Serialize;

use super::draft::draft;
use super::findings::{Findings, find};
use super::like::team;
use crate::args::{Global, InitArgs};
use crate::error::CliError;
use crate::ui::{Paint, Ui};
use crate::wire::{FILE_NAME, Process};

const MODE: u32 = 0o644;

#[derive(Serialize)]
struct Drafted<'a> {
    found: &'a Findings,
    /// Where it was written; `None` with `--dry-run`.
    file: Option<&'a Path>,
    /// Where what was there before is now.
    kept: Option<&'a Path>,
    text: &'a str,
}

/// Writes a configuration from what is found in a folder.
pub(crate) async fn init(global: &Global, args: &InitArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let process = Process::current()?;
    let folder = process.folder.join(&args.folder);
    let folder = folder.canonicalize().map_err(|error| {
        CliError::usage(format!("`{}` cannot be looked into: {error}", folder.display())).hint("name another folder")
    })?;
    let target = match &global.config {
        Some(named) => process.folder.join(named),
        None => folder.join(FILE_NAME),
    };
    if target.exists() && !args.overwrite && !args.dry_run {
        return Err(CliError::usage(format!("`{}` is there already", target.display()))
            .hint("see what would be written: `backout init --dry-run`")
            .hint("write it anyway, and keep the old one beside it: `backout init --overwrite`"));
    }
    let findings = find(&folder, &process).await;
    let team = args.like.map(team);
    if !findings.has_something() && team.is_none() {
        return Err(nothing_found(&folder));
    }
    let text = draft(&findings, team.as_ref());
    check(&text)?;
    let kept = if args.dry_run { None } else { write(&target, &text)? };
    if ui.json {
        let file = (!args.dry_run).then_some(target.as_path());
        ui.document(&Drafted { found: &findings, file, kept: kept.as_deref(), text: &text })?;
    } else {
        say_found(&findings, ui);
        say_next(args, &target, kept.as_deref(), &text, ui);
    }
    Ok(ExitCode::SUCCESS)
}

fn nothing_found(folder: &Path) -> CliError {
    CliError::usage(format!("nothing that can go back was found in `{}`", folder.display()))
        .hint("looked for a Compose file, a git work tree, `releases/` with the link `current`, and the cluster of the current context")
        .hint("name the folder that is deployed: `backout init DIR`; or begin from a team's runbook: `backout init --like NAME`")
}

/// What was found. Nothing can be only with `--like`, whose services then are an example.
fn say_found(findings: &Findings, ui: Ui) {
    findings.in_words().iter().for_each(|line| ui.say(&format!("{} {line}", Paint::faint("found:"))));
    if !findings.has_something() {
        ui.say("nothing that can go back was found here: the services are an example, yours to replace");
    }
}

/// What is written can be read: anything else is a fault of the draft.
fn check(text: &str) -> Result<(), CliError> {
    let Err(problems) = config::load(text, &|_| None) else { return Ok(()) };
    let what: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
    Err(CliError::failed(format!("the drafted configuration is not right: {}", what.join("; ")))
        .hint("this is a fault of backout: please report it with what `backout init --dry-run --json` prints"))
}

/// Writes it; what was there is kept beside it.
fn write(target: &Path, text: &str) -> Result<Option<PathBuf>, CliError> {
    let failed =
        |error: std::io::Error| CliError::failed(format!("`{}` could not be written: {error}", target.display()));
    if !target.exists() {
        return durable::create(target, text.as_bytes(), MODE).map(|()| None).map_err(failed);
    }
    let kept = free_name(target);
    std::fs::hard_link(target, &kept).map_err(failed)?;
    durable::replace(target, text.as_bytes(), MODE).map_err(failed)?;
    Ok(Some(kept))
}

/// The first name beside a file that nothing has.
fn free_name(target: &Path) -> PathBuf {
    let mut number = 1_u32;
    loop {
        let name = target.with_extension(format!("yaml.old{number}"));
        if name.symlink_metadata().is_err() {
            return name;
        }
        number = number.saturating_add(1);
    }
}

fn say_next(args: &InitArgs, target: &Path, kept: Option<&Path>, text: &str, ui: Ui) {
    if args.dry_run {
        ui.data(text);
        ui.say("nothing was written");
        return;
    }
    ui.data(&target.display().to_string());
    if let Some(kept) = kept {
        ui.say(&format!("what was there before is now {}", kept.display()));
    }
    ui.say("next:");
    ui.say("  read it, name the environment, and uncomment the probes that say whether the services work");
    ui.say("  see whether everything can be reached:   backout check");
    ui.say("  guard the next deploy:                   backout guard -- DEPLOY COMMAND");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_is_kept_under_a_name_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join(FILE_NAME);
        assert_eq!(write(&target, "first").unwrap(), None);
        let kept = write(&target, "second").unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), "first");
        let kept_too = write(&target, "third").unwrap().unwrap();
        assert_ne!(kept, kept_too);
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "third");
    }
}
