//! Every visible command and option in Markdown, from the same declarations that are parsed by.

use clap::{Arg, Command, CommandFactory};

use crate::args::Arguments;

/// The page.
pub(super) fn text() -> String {
    let mut root = Arguments::command();
    // Gives every command its full name, and its copy of the global options.
    root.build();
    let mut out = String::from(
        "# Command reference\n\nWritten by `cargo xtask generate` from the program itself; do not edit it.\n\n\
         Data goes to standard output, talk to standard error. Exit codes: `backout explain`.\n\n## Global options\n\n",
    );
    options(&mut out, root.get_arguments().filter(|arg| arg.is_global_set()));
    for command in visible(&root) {
        section(&mut out, command, 2);
    }
    out
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
}

fn section(out: &mut String, command: &Command, level: usize) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    out.push_str(&format!("\n{} `{name}`\n\n", "#".repeat(level)));
    if let Some(about) = command.get_long_about().or(command.get_about()) {
        out.push_str(&format!("{about}.\n\n"));
    }
    let own =
        || command.get_arguments().filter(|arg| !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help");
    out.push_str(&format!("```text\n{}\n```\n", usage(name, own(), visible(command).next().is_some())));
    if own().next().is_some() {
        out.push('\n');
        options(out, own());
    }
    for sub in visible(command) {
        section(out, sub, level + 1);
    }
}

fn usage<'a>(name: &str, arguments: impl Iterator<Item = &'a Arg>, has_subcommands: bool) -> String {
    let mut words = vec![name.to_owned()];
    let (positionals, options): (Vec<&Arg>, Vec<&Arg>) = arguments.partition(|arg| arg.is_positional());
    if !options.is_empty() {
        words.push("[OPTIONS]".to_owned());
    }
    if has_subcommands {
        words.push("COMMAND".to_owned());
    }
    for arg in positionals {
        let value = value_name(arg);
        let value = if arg.is_last_set() { format!("-- {value}...") } else { value };
        words.push(if arg.is_required_set() { value } else { format!("[{value}]") });
    }
    words.join(" ")
}

fn options<'a>(out: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    out.push_str("| option | meaning |\n|---|---|\n");
    for arg in arguments {
        out.push_str(&format!("| {} | {} |\n", cell(&spelling(arg)), meaning(arg)));
    }
}

/// How an option is typed: `-c, --config FILE`.
fn spelling(arg: &Arg) -> String {
    if arg.is_positional() {
        return format!("`{}`", value_name(arg));
    }
    let names = [arg.get_short().map(|short| format!("-{short}")), arg.get_long().map(|long| format!("--{long}"))];
    let names: Vec<String> = names.into_iter().flatten().collect();
    let value = if arg.get_action().takes_values() { format!(" {}", value_name(arg)) } else { String::new() };
    format!("`{}{value}`", names.join(", "))
}

fn value_name(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    names.first().map_or_else(|| arg.get_id().as_str().to_uppercase(), |name| name.to_string())
}

fn meaning(arg: &Arg) -> String {
    let mut parts = vec![arg.get_help().map(ToString::to_string).unwrap_or_default()];
    let takes_value = arg.get_action().takes_values();
    let possible: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| takes_value && !value.is_hide_set())
        .map(|value| match value.get_help() {
            Some(help) => format!("`{}` ({help})", value.get_name()),
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    if !possible.is_empty() {
        parts.push(format!("One of: {}", possible.join("; ")));
    }
    let default: Vec<&str> = arg.get_default_values().iter().filter_map(|value| value.to_str()).collect();
    if takes_value && !default.is_empty() {
        parts.push(format!("Default: `{}`", default.join(" ")));
    }
    if let Some(variable) = arg.get_env().and_then(|name| name.to_str()) {
        parts.push(format!("Environment: `{variable}`"));
    }
    cell(&parts.join(". "))
}

/// Text that does not end the cell of a table it stands in.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_commands_are_left_out_and_all_others_are_there() {
        let text = text();
        for command in Arguments::command().get_subcommands() {
            let title = format!("## `backout {}`", command.get_name());
            assert_eq!(text.contains(&title), !command.is_hide_set(), "{title}");
        }
        assert!(text.contains("### `backout checkpoint create`"));
    }

    #[test]
    fn global_options_stand_once() {
        assert_eq!(text().matches("`-c, --config FILE`").count(), 1);
    }

    #[test]
    fn every_option_says_what_it_means() {
        assert!(!text().contains("|  |"), "an option without help");
    }
}
