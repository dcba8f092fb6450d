//! Which of them.

use std::process::ExitCode;

use super::{list, postmortem, say, show};
use crate::args::{Global, IncidentAction};
use crate::error::CliError;
use crate::ui::Ui;

/// Does one of them.
pub(crate) async fn incident(global: &Global, action: IncidentAction, ui: Ui) -> Result<ExitCode, CliError> {
    match action {
        IncidentAction::List => list::list(global, ui).await,
        IncidentAction::Show { id } => show::show(global, id.as_deref(), ui).await,
        IncidentAction::Open(args) => say::open(global, args, ui).await,
        IncidentAction::Note(args) => say::note(global, args, ui).await,
        IncidentAction::Role { id, role, who } => say::role(global, &id, (role, who), ui).await,
        IncidentAction::Link { id, target, text } => say::link(global, &id, (target, text), ui).await,
        IncidentAction::Check(args) => say::check(global, args, ui).await,
        IncidentAction::Close { id, summary } => say::close(global, &id, summary, ui).await,
        IncidentAction::Postmortem(args) => postmortem::write(global, &args, ui).await,
    }
}
