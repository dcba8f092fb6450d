//! The rung of reverse migrations.

use super::case::Case;
use super::way::Way;
use crate::data::{DataAct, Ledger};
use crate::migrate::{Undoing, kept_in, preservation, reverse_plan};

/// Undoes what was applied since the target, with the code that brought it, and keeps what that would destroy.
pub(super) fn reverse(case: &Case<'_>) -> Result<Way, String> {
    let Some(tool) = &case.database.configured.migrations else {
        return Err("no migration tool is configured".to_owned());
    };
    let framework = tool.framework;
    let graph = match case.database.migrations {
        Ok(Some(graph)) => graph,
        Ok(None) => return Err("the release that runs has no migrations".to_owned()),
        Err(why) => return Err(format!("the migrations of the release that runs could not be read: {why}")),
    };
    let (Some(data_then), Some(then)) = (case.then(), case.database.schema_then) else {
        return Err("the target does not say how the database was".to_owned());
    };
    let of = |ledgers: &[Ledger]| ledgers.iter().find(|ledger| ledger.framework == framework).cloned();
    let Some(now) = of(&case.state.ledgers) else {
        return Err(format!("the database does not say what {framework} has applied"));
    };
    let is_other = |ledger: &&Ledger| ledger.framework != framework;
    if case.state.ledgers.iter().filter(is_other).ne(data_then.ledgers.iter().filter(is_other)) {
        return Err("another migration tool has changed the database as well".to_owned());
    }
    let nothing_applied = Ledger { framework, applied: Vec::new(), is_dirty: false };
    let before = of(&data_then.ledgers).unwrap_or(nothing_applied);
    let plan = reverse_plan(graph, &now, &before).map_err(|why| why.to_string())?;
    if plan.undo.is_empty() {
        return Err("no migration was applied since, so undoing none brings the schema back".to_owned());
    }
    if let Some(further) = plan.further.first() {
        return Err(format!("`{further}` would have to be undone as well, which the target has"));
    }
    let undoing = Undoing { framework, graph, undo: &plan.undo, then, now: &case.state.schema };
    let suffix = case.database.suffix;
    let preserve = preservation(&undoing, suffix);
    let names: Vec<String> = plan.undo.iter().map(|revision| format!("`{revision}`")).collect();
    let why = format!("undoing {} brings the schema back; what that would destroy is kept", names.join(", "));
    let (undo, target) = (plan.undo, plan.target);
    let (kept_in, vault) = (kept_in(suffix), case.database.vault.cloned());
    let act = DataAct::ReverseMigrations { framework, undo, target, preserve, kept_in, vault };
    Ok(Way { why, before: vec![act], schema: Some(then.clone()), ..Way::default() })
}
