//! What must be undone to go back from one ledger to another, and in which order.

use std::collections::BTreeSet;

use super::compatibility::{applied, only_heads};
use crate::data::{Framework, Ledger, Migration, MigrationGraph, Revision};

/// What is undone, and where that leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReversePlan {
    /// What is undone, in this order: nothing before what needs it.
    pub undo: Vec<Revision>,
    /// What the ledger has afterwards, as [`Ledger::applied`].
    pub target: Vec<Revision>,
    /// Migrations that are undone only because they need one that is: the target had them, and will lack them.
    pub further: Vec<Revision>,
}

/// Why migrations cannot be undone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    /// The ledger is of another tool.
    #[error("the target was brought by {then}, and the database is kept by {now}")]
    OtherTool {
        /// The tool then.
        then: Framework,
        /// The tool now.
        now: Framework,
    },
    /// A migration failed half-way or is running.
    #[error("a migration of {0} has failed half-way or is running; only its author can say what of it is there")]
    Dirty(Framework),
    /// The target has migrations that the database has not.
    #[error("the database lacks migration `{0}`, which the target has; undoing others does not bring it")]
    Behind(Revision),
    /// The release's files do not have a migration that was applied.
    #[error("migration `{0}` was applied, but the files of the release do not have it")]
    Unknown(Revision),
    /// A migration has no way back.
    #[error("migration `{0}` has no way back of its own")]
    NoInverse(Revision),
    /// Where a step leads depends on the order in which branches were applied.
    #[error("{0}")]
    Ambiguous(String),
    /// Migrations need each other in a circle.
    #[error("the migrations {} need each other in a circle", names(.0))]
    Circle(Vec<Revision>),
}

/// What must be undone so that the ledger `now` becomes the ledger `then`, closed over whatever needs it.
///
/// # Errors
/// Why that cannot be done by undoing migrations.
pub fn reverse_plan(graph: &MigrationGraph, now: &Ledger, then: &Ledger) -> Result<ReversePlan, WhyNot> {
    if now.framework != then.framework {
        return Err(WhyNot::OtherTool { then: then.framework, now: now.framework });
    }
    if now.is_dirty || then.is_dirty {
        return Err(WhyNot::Dirty(now.framework));
    }
    let (is, was) = (applied(now, Some(graph)), applied(then, Some(graph)));
    if let Some(lacking) = was.difference(&is).next() {
        return Err(WhyNot::Behind(lacking.clone()));
    }
    let asked: BTreeSet<Revision> = is.difference(&was).cloned().collect();
    let all = with_dependents(&asked, &is, graph);
    for revision in &all {
        let found = migration(graph, revision).ok_or_else(|| WhyNot::Unknown(revision.clone()))?;
        if found.has_inverse == Some(false) {
            return Err(WhyNot::NoInverse(revision.clone()));
        }
    }
    if now.framework == Framework::Alembic {
        refuse_branches(graph, (now, then), &all)?;
    }
    let undo = ordered(all.clone(), now, graph)?;
    let kept = |ledger: &Ledger| ledger.applied.iter().filter(|it| !all.contains(it)).cloned().collect();
    let target = if only_heads(now.framework) { then.applied.clone() } else { kept(now) };
    Ok(ReversePlan { undo, target, further: all.difference(&asked).cloned().collect() })
}

/// Alembic names the place to go to, not the step to undo, and where there are branches the place says too little.
fn refuse_branches(
    graph: &MigrationGraph,
    (now, then): (&Ledger, &Ledger),
    undone: &BTreeSet<Revision>,
) -> Result<(), WhyNot> {
    let heads = [("the database has", now), ("the target has", then)];
    if let Some((whose, ledger)) = heads.into_iter().find(|(_, ledger)| ledger.applied.len() > 1) {
        let said = format!("{whose} several heads ({}), and where a downgrade leads then", names(&ledger.applied));
        return Err(WhyNot::Ambiguous(format!("{said} depends on the order in which they were applied")));
    }
    let merges = |revision: &&Revision| migration(graph, revision).is_some_and(|it| it.needs.len() > 1);
    match undone.iter().find(merges) {
        Some(merge) => Err(WhyNot::Ambiguous(format!(
            "migration `{merge}` brings several branches together, and undoing it leaves more than one head"
        ))),
        None => Ok(()),
    }
}

fn migration<'a>(graph: &'a MigrationGraph, revision: &Revision) -> Option<&'a Migration> {
    graph.migrations.iter().find(|migration| migration.revision == *revision)
}

/// Revisions with everything applied that needs one of them.
fn with_dependents(asked: &BTreeSet<Revision>, is: &BTreeSet<Revision>, graph: &MigrationGraph) -> BTreeSet<Revision> {
    let mut all = asked.clone();
    loop {
        let needs_one = |it: &&Migration| is.contains(&it.revision) && it.needs.iter().any(|need| all.contains(need));
        let found: BTreeSet<Revision> =
            graph.migrations.iter().filter(needs_one).map(|it| it.revision.clone()).collect();
        if found.is_subset(&all) {
            return all;
        }
        all.extend(found);
    }
}

/// Nothing before what needs it; among those that nothing needs the one that was applied last comes first.
fn ordered(mut open: BTreeSet<Revision>, now: &Ledger, graph: &MigrationGraph) -> Result<Vec<Revision>, WhyNot> {
    let mut undo = Vec::new();
    while !open.is_empty() {
        let is_needed = |revision: &Revision| {
            let others = open.iter().filter(|other| *other != revision).filter_map(|it| migration(graph, it));
            others.into_iter().any(|other| other.needs.contains(revision))
        };
        let place = |revision: &Revision| now.applied.iter().position(|it| it == revision);
        let free = open.iter().filter(|revision| !is_needed(revision));
        let Some(next) = free.max_by_key(|revision| (place(revision), (*revision).clone())).cloned() else {
            return Err(WhyNot::Circle(open.into_iter().collect()));
        };
        open.remove(&next);
        undo.push(next);
    }
    Ok(undo)
}

fn names(revisions: &[Revision]) -> String {
    revisions.iter().map(|revision| format!("`{revision}`")).collect::<Vec<_>>().join(", ")
}
