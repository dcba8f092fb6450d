//! One file a subcommand, in folders by what they do.

mod act;
mod data;
mod decide;
mod demo;
mod incident;
mod inner;
mod judge;
mod look;
mod maintenance;
mod notify;
mod prove;
mod setup;
mod watch;

use std::process::ExitCode;

pub(crate) use act::planted;
use backout_core::inventory::Grade;

use crate::args::{Arguments, CheckpointAction, Command, Global};
use crate::error::CliError;
use crate::ui::Ui;

/// Does what the command line asks for.
pub(crate) async fn run(arguments: Arguments, ui: Ui) -> Result<ExitCode, CliError> {
    let global = &arguments.global;
    match arguments.command {
        Command::Init(args) => setup::init(global, &args, ui).await,
        Command::Check(args) => setup::check(global, &args, ui).await,
        Command::Schema => setup::schema(ui),
        Command::Status(args) if args.markdown => look::status_page(global, &args, ui).await,
        Command::Status(_) => look::status(global, ui).await,
        Command::History(args) => look::history(global, &args, ui).await,
        Command::Metrics(args) => look::metrics(global, &args, ui).await,
        Command::Report(args) => look::report(global, &args, ui).await,
        Command::Show(args) => look::show(global, &args, ui).await,
        Command::Diff(args) => look::diff(global, &args, ui).await,
        Command::Checkpoint { action } => checkpoint(global, action, ui).await,
        Command::Backup { action } => data::backup(global, action, ui).await,
        Command::Migrate { action } => data::migrate(global, action, ui).await,
        Command::Guard(args) => act::guard(global, &args, ui).await,
        Command::Plan(args) => look::plan(global, &args, ui).await,
        Command::Rollback(args) => act::rollback(global, &args, ui).await,
        Command::Decide(args) => match &args.replay {
            Some(run) => judge::replay(global, run, &args.what_if, ui).await,
            None => decide::decide(global, &args, ui).await,
        },
        Command::Fallback { action } => decide::fallback(global, action, ui).await,
        Command::Approve(args) => decide::approve(global, &args, ui).await,
        Command::Resume { run } => act::resume(global, run.as_deref(), ui).await,
        Command::Rearm(args) => act::rearm(global, &args, ui).await,
        Command::Restart(args) => act::restart(global, &args, ui).await,
        Command::Abort { run } => act::abort(global, run.as_deref(), ui).await,
        Command::Verify(args) => prove::verify(global, &args, ui).await,
        Command::Drill(args) => prove::drill(global, &args, ui).await,
        Command::BreakOnPurpose(args) => prove::break_on_purpose(global, &args, ui).await,
        Command::Watch(args) => watch::watch(global, &args, ui).await,
        Command::Backtest(args) => judge::backtest(&args, ui),
        Command::Maintenance { action } => maintenance::maintenance(global, action, ui).await,
        Command::Incident { action } => incident::incident(global, action, ui).await,
        Command::Notify { action } => notify::notify(global, action, ui).await,
        Command::Demo(args) => demo::demo(&args, ui).await,
        Command::Explain(args) => setup::explain(&args, ui),
        Command::Completions(args) => Ok(setup::completions(&args, ui)),
        Command::Man(args) => setup::man(&args, ui),
        Command::Reference(args) => Ok(setup::reference(&args, ui)),
        Command::DeadMan(args) => inner::dead_man(global, &args, ui).await,
        Command::Supervise(args) => inner::supervise(&args).await,
        Command::DemoApp(args) => inner::demo_app(&args),
    }
}

async fn checkpoint(global: &Global, action: CheckpointAction, ui: Ui) -> Result<ExitCode, CliError> {
    match action {
        CheckpointAction::Create { reason } => act::checkpoint::create(global, reason.as_deref(), ui).await,
        CheckpointAction::List => look::checkpoint_list(global, ui).await,
        CheckpointAction::Show { id, extract } => look::checkpoint_show(global, &id, extract.as_deref(), ui).await,
        CheckpointAction::Grade { id, grade, reason } => {
            let grade = match grade.as_str() {
                "good" => Grade::Good,
                "bad" => Grade::Bad,
                _ => Grade::Candidate,
            };
            act::checkpoint::grade(global, &id, grade, reason.as_deref(), ui).await
        }
        CheckpointAction::Prune { keep } => act::checkpoint::let_go(global, keep, ui).await,
    }
}
