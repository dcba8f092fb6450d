//! Agreeing to a rollback: the plan that a person has seen is the one that runs.

use std::io::IsTerminal;

use backout_core::plan::{Agreed, Plan, Request, StepClass};
use backout_core::report::agreed_for;
use backout_engine::{Prepared, World, notes, prepare};

use super::left::left;
use crate::commands::look::plan_text;
use crate::error::{CliError, Exit};
use crate::ui::typed;
use crate::wire::Setup;

/// Shows the plan to a person at a terminal and asks; an irreversible step is confirmed by typing the environment's name.
/// Where the world has moved while the question stood, the new plan is shown and asked for.
///
/// Returns what was agreed to; nothing where there is no plan to agree to: the run itself refuses, and leaves the record of
/// it.
///
/// # Errors
/// Where the person does not agree, or nobody can be asked.
pub(super) async fn agreed(setup: &Setup, world: &World, request: &Request) -> Result<Option<Agreed>, CliError> {
    let Some(mut plan) = to_agree_to(world, request).await? else { return Ok(None) };
    if !std::io::stdin().is_terminal() {
        return Err(CliError::usage("nobody can be asked: standard input is no terminal")
            .hint("look at the plan: `backout plan`; then run it: `backout rollback --yes`")
            .hint(
                "or write it down, and run exactly that one: `backout plan --out FILE`, `backout rollback --plan FILE`",
            ));
    }
    loop {
        let within = agreed_for(&plan, &setup.environment.objectives);
        setup.ui.say(&plan_text(&plan, within, &notes(world, &plan).await));
        left(setup, world, &plan).await.lines().iter().for_each(|line| setup.ui.say(line));
        if !asked(setup, &plan) {
            return Err(CliError::new(Exit::Refused, "not confirmed; nothing was changed"));
        }
        let agreed = Agreed::of(&plan);
        let Some(now) = to_agree_to(world, request).await? else { return Ok(Some(agreed)) };
        let differences = agreed.differences(&Agreed::of(&now));
        if differences.is_empty() {
            return Ok(Some(agreed));
        }
        setup.ui.warn(&format!("this has changed since the plan was shown: {}", differences.join("; ")));
        plan = now;
    }
}

/// The plan as it would run now, where there is one and nothing stands in its way.
async fn to_agree_to(world: &World, request: &Request) -> Result<Option<Box<Plan>>, CliError> {
    Ok(match prepare(world, request, &Default::default()).await? {
        Prepared::Plan(plan) if plan.blocked_by.is_empty() && !plan.steps.is_empty() => Some(plan),
        Prepared::Plan(_) | Prepared::Refused(_) => None,
    })
}

fn asked(setup: &Setup, plan: &Plan) -> bool {
    let name = setup.environment.name.as_str();
    let is_irreversible = plan.steps.iter().any(|step| step.class == StepClass::Irreversible);
    setup.ui.say(&if is_irreversible {
        format!("A step cannot be undone. Type the environment's name, `{name}`, to go on:")
    } else {
        "Go back? Type `yes` to go on:".to_owned()
    });
    let Some(line) = typed() else { return false };
    if is_irreversible { line == name } else { matches!(line.as_str(), "y" | "yes") }
}
