//! What the documentation writes about the command line, read by the command line itself: a flag that was renamed is found
//! where it is mentioned, also in the middle of a sentence.

use backout_testkit::told::{Book, blocks};
use clap::Parser as _;
use clap::error::{ContextKind, ErrorKind};

use super::Arguments;

#[test]
fn every_command_that_a_page_mentions_is_one_that_is_taken() {
    let mut mentioned = 0;
    let mut wrong = Vec::new();
    for (name, text) in Book::open().pages {
        for command in spans(&text).into_iter().chain(typed(&text)) {
            mentioned += 1;
            wrong.extend(refused(&command).map(|why| format!("{name}: `{command}`: {why}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(mentioned > 150, "only {mentioned} were found");
}

#[test]
fn a_flag_or_a_command_that_is_not_there_is_found() {
    for wrong in
        ["backout statsu", "backout rollback --emergncy", "backout explain --jsn", "backout report --format txt"]
    {
        assert!(refused(wrong).is_some(), "{wrong}");
    }
    for right in
        ["backout guard -- COMMAND", "backout rollback --accept-loss ROWS", "backout incident", "backout explain"]
    {
        assert_eq!(refused(right), None, "{right}");
    }
}

/// Why it is not taken. That something is left out is no reason: a sentence need not say all of it.
fn refused(command: &str) -> Option<String> {
    let error = Arguments::try_parse_from(words(command)).err()?;
    let value = error.get(ContextKind::InvalidValue).map(ToString::to_string).unwrap_or_default();
    let is_placeholder = value.chars().all(|letter| letter.is_ascii_uppercase() || letter == '-');
    match error.kind() {
        ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => None,
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if is_placeholder => None,
        _ => Some(error.to_string().lines().next().unwrap_or_default().to_owned()),
    }
}

/// The words of a command as a shell would see them, as far as documentation goes.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in command.chars() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty() && word != "..." && word != "…");
    words
}

/// What stands between backticks in sentences and tables, where it begins as a command does.
fn spans(page: &str) -> Vec<String> {
    let mut prose = String::new();
    let mut is_fenced = false;
    for line in page.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_fenced ^= is_fence;
        if !is_fenced && !is_fence {
            prose.push_str(line.trim());
            prose.push(' ');
        }
    }
    prose.split('`').skip(1).step_by(2).filter(|span| span.starts_with("backout ")).map(str::to_owned).collect()
}

/// What is typed in the blocks of a page, played or not.
fn typed(page: &str) -> Vec<String> {
    let blocks = blocks(page).unwrap();
    let lines = blocks.iter().filter(|block| block.language == "console").flat_map(|block| block.text.lines());
    let commands = lines.filter_map(|line| line.strip_prefix("$ ")).filter(|line| line.starts_with("backout "));
    commands
        .map(|line| line.split(['#', '>']).next().unwrap_or_default().trim().trim_end_matches('\\').to_owned())
        .collect()
}
