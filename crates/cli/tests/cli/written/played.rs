//! The commands of the page, typed: all of them as far as the program takes them, and then each to its end, on the team's own
//! configuration.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use backout_testkit::told::{Chapter, Line, Stage, play};
use backout_testkit::written::{Command, Place as Where, place};

use super::database::Database;
use super::page::all_commands;
use super::seeded::Seeded;
use super::typed::lines;
use crate::place::Place;

#[test]
fn every_command_of_the_runbooks_is_one_that_the_program_takes() {
    let asked: BTreeMap<String, usize> =
        all_commands().iter().map(|command| (command.asking_for_help(), command.at)).collect();
    let count = asked.len();
    assert!(count > 200, "only {count} commands are there");
    assert_eq!(in_an_empty_folder(asked.into_iter().map(|(text, at)| line(text, at, 0)).collect()), count);
}

/// The page's own commands are right; this shows that a wrong one would be found.
#[test]
#[should_panic(expected = "--servce")]
fn an_option_that_the_program_does_not_have_is_found() {
    let _ = in_an_empty_folder(vec![line("backout rollback --servce app --help".to_owned(), 1, 0)]);
}

#[test]
fn what_needs_nothing_is_typed() {
    let commands = all_commands();
    let words: Vec<&Command> = commands.iter().filter(|command| place(command) == Where::Words).collect();
    assert!(!words.is_empty());
    for command in words {
        let _ = in_an_empty_folder(vec![line(command.text.clone(), command.at, command.exit)]);
    }
}

#[test]
fn commands_of_heliosdb_do_what_they_say() {
    all_of("heliosdb", Where::Commands);
}

#[test]
fn commands_of_heliosdb_about_data_do_what_they_say() {
    all_of("heliosdb", Where::Data);
}

#[test]
fn commands_of_piper_morgan_do_what_they_say() {
    all_of("piper-morgan", Where::Commands);
}

#[test]
fn commands_of_piper_morgan_about_data_do_what_they_say() {
    all_of("piper-morgan", Where::Data);
}

#[test]
fn commands_of_helm_and_compose_do_what_they_say() {
    all_of("helm-and-compose", Where::Commands);
}

#[test]
fn commands_of_helm_and_compose_about_data_do_what_they_say() {
    all_of("helm-and-compose", Where::Data);
}

#[test]
fn commands_of_himalytix_do_what_they_say() {
    all_of("himalytix", Where::Commands);
}

#[test]
fn commands_of_himalytix_about_data_do_what_they_say() {
    all_of("himalytix", Where::Data);
}

#[test]
fn commands_of_predator_do_what_they_say() {
    all_of("predator", Where::Commands);
}

#[test]
fn commands_of_predator_about_data_do_what_they_say() {
    all_of("predator", Where::Data);
}

/// Types the commands of each cell in a folder of their own; cells that type the same are one. The record is whole afterwards.
fn all_of(runbook: &str, kind: Where) {
    let all = all_commands().into_iter().filter(|command| command.runbook == runbook && place(command) == kind);
    let all: Vec<Command> = all.collect();
    let seeded = Seeded::new(runbook, &all, (kind == Where::Data).then(Database::new));
    let mut cells: BTreeMap<usize, Vec<&Command>> = BTreeMap::new();
    all.iter().for_each(|command| cells.entry(command.at).or_default().push(command));
    let typed = |commands: &[&Command]| commands.iter().map(|command| command.text.clone()).collect::<Vec<_>>();
    let once: BTreeMap<Vec<String>, Vec<&Command>> =
        cells.into_values().map(|commands| (typed(&commands), commands)).collect();
    assert!(once.len() > 4, "only {} cells", once.len());
    let wrong = once.values().filter(|commands| !is_played(commands, &seeded)).count();
    assert_eq!(wrong, 0, "so many cells do not do what they say; each has said why");
}

/// Plays a cell, and says why where it does not do what it says.
fn is_played(commands: &[&Command], seeded: &Seeded) -> bool {
    seeded.renew();
    let mut all: Vec<Line> = commands.iter().flat_map(|command| lines(command, seeded)).collect();
    all.push(line("backout history --verify".to_owned(), commands[0].at, 0));
    catch_unwind(AssertUnwindSafe(|| play(&chapter(all), &seeded.stage()))).is_ok()
}

fn in_an_empty_folder(lines: Vec<Line>) -> usize {
    let place = Place::new();
    let variables = vec![("HOME".into(), place.temporary().into())];
    let program = env!("CARGO_BIN_EXE_backout").into();
    play(&chapter(lines), &Stage { folder: place.work(), program, variables, words: Vec::new() })
}

fn chapter(lines: Vec<Line>) -> Chapter {
    Chapter { page: "docs/runbooks.md".to_owned(), stage: "commands".to_owned(), lines }
}

fn line(text: String, at: usize, exit: i32) -> Line {
    Line { at, text, exit, output: Vec::new(), is_shown: true }
}
