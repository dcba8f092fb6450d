//! The repository's own chores: `cargo xtask COMMAND`.
//!
//! Contract: one file a command; a chore that fails says what to do and ends with 1, a wrong command line with 2. Only
//! [`process`] starts other programs, always from argument arrays.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a build tool at the edge: it starts programs, reads the environment, measures time and talks to the terminal"
)]

mod bench;
mod budgets;
mod build_time;
mod ci;
mod core_manifest;
mod failure;
mod generate;
mod package;
mod process;
mod scratch;
mod test;
mod testbed;
mod workspace;

use std::process::ExitCode;

use crate::failure::Failure;

const USAGE: &str = "\
cargo xtask COMMAND

  ci                                every check that a change must pass, then all tests
  test [ARGS]                       bring the test-bed up and run the tests; ARGS go to the test runner
  testbed up|down|status [--json]   the real parts that tests need, on loopback
  testbed restart PART              end one part and start it again
  budgets                           sizes of files, functions and folders, and banned names
  core-manifest                     what the deciding crate may depend on and mention
  generate [--check]                write (or compare) the files made from the program itself
  package [--debug] [--check]       a static program in a `.deb` and in an image, with manual pages and completions
  bench recovery                    measure recoveries against others, and the cost at rest
  bench data [SCALE]                measure backups and rollbacks of a database against what people do today
  bench clusters                    measure going back on a cluster against `helm` and `kubectl` by themselves
  bench detection [--smoke] [--json]
                                    the detector against what others do, on simulated deploys
  bench probes [--smoke] [--json]   10,000 targets against what others probe with
  build-time                        measure builds from an empty folder
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure @ Failure::Usage(_)) => {
            eprintln!("xtask: {failure}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["ci"] => ci::command(),
        ["test", rest @ ..] => test::command(rest),
        ["budgets"] => budgets::command(),
        ["core-manifest"] => core_manifest::command(),
        ["generate"] => generate::write(),
        ["generate", "--check"] => generate::check(),
        ["package", rest @ ..] => package::command(rest),
        ["bench", "recovery"] => bench::recovery(),
        ["bench", "data"] => bench::data(None),
        ["bench", "data", scale] => bench::data(Some(scale)),
        ["bench", "clusters"] => bench::clusters(),
        ["bench", "detection", rest @ ..] => bench::detection(rest),
        ["bench", "probes", rest @ ..] => bench::probes(rest),
        ["build-time"] => build_time::command(),
        ["testbed", rest @ ..] => testbed::command(rest),
        ["help" | "--help" | "-h"] | [] => {
            println!("{USAGE}");
            Ok(())
        }
        [other, ..] => Err(Failure::Usage(format!("`{other}` is no command, or not with these arguments"))),
    }
}
