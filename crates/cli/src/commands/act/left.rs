//! What going back leaves as it is, and a person should know of: containers that nobody names any more, and the work tree beside
//! the configuration, which a person deploys from the next time.

use backout_adapters::command::Command;
use backout_core::inventory::{Checkpoint, Source};
use backout_core::plan::{Action, Plan, Scope};
use backout_core::port::Stray;
use backout_engine::World;
use serde::Serialize;

use crate::wire::Setup;

/// What is left.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Left {
    /// Containers that were added since the checkpoint, and that its Compose files do not name.
    pub(crate) strays: Vec<Stray>,
    /// The work tree, where it is at another commit than what was gone back to.
    pub(crate) work_tree: Option<WorkTree>,
    /// Why that could not be found out, as far as it could not.
    pub(crate) unseen: Vec<String>,
}

/// A work tree of git that stays where it is.
#[derive(Debug, Serialize)]
pub(crate) struct WorkTree {
    /// What is checked out.
    at: Source,
    /// What the checkpoint came from.
    from: Source,
    /// The command that takes it back.
    command: String,
}

/// What a plan leaves, or what one that was followed has left.
///
/// | the plan takes back      | containers | the work tree |
/// |--------------------------|------------|---------------|
/// | the whole stack          | yes        | yes           |
/// | some services            | no         | yes           |
/// | configuration            | no         | yes           |
/// | only data                | no         | no            |
pub(crate) async fn left(setup: &Setup, world: &World, plan: &Plan) -> Left {
    let mut left = Left::default();
    let target = match setup.store.checkpoints(&setup.environment.name).await {
        Ok(all) => all.into_iter().map(|graded| graded.checkpoint).find(|checkpoint| checkpoint.id == plan.target),
        Err(_) => None,
    };
    let Some(target) = target.filter(|_| plan.request.scope != Scope::Data) else { return left };
    if plan.request.scope == Scope::Stack {
        match backout_engine::strays(world, &target).await {
            Ok(strays) => left.strays = strays,
            Err(error) => left.unseen.push(format!("whether containers are left over: {}", error.what)),
        }
    }
    match world.repository.source().await {
        Ok(at) => left.work_tree = at.and_then(|at| work_tree(setup, plan, &target, at)),
        Err(error) => left.unseen.push(format!("where the work tree is: {}", error.what)),
    }
    left
}

/// The work tree, unless it is there already, or a step takes it there: that of a service with `git`.
fn work_tree(setup: &Setup, plan: &Plan, target: &Checkpoint, at: Source) -> Option<WorkTree> {
    let from = target.source.clone().filter(|from| from.commit != at.commit)?;
    let checks_out = plan.steps.iter().any(|step| match &step.action {
        Action::Switch(switch) => switch.to.version.code == from.commit,
        _ => false,
    });
    let git = Command::new("git", &setup.process.variables).arg("-C").arg(setup.found.folder());
    let command = git.args(["checkout", "--detach", &from.commit]).to_string();
    (!checks_out).then_some(WorkTree { at, from, command })
}

impl Left {
    /// As lines below a plan; none where nothing is left.
    pub(crate) fn lines(&self) -> Vec<String> {
        let sentences = self.sentences(false);
        let head = (!sentences.is_empty()).then(|| "\nstays as it is:".to_owned());
        head.into_iter().chain(sentences.iter().map(|sentence| format!("  {sentence}"))).collect()
    }

    /// In sentences, each with what to do; `is_over` once it was gone back.
    pub(crate) fn sentences(&self, is_over: bool) -> Vec<String> {
        let mut all: Vec<String> = self.strays.iter().map(|stray| in_words(stray, is_over)).collect();
        if !self.strays.is_empty() && !is_over {
            all.push("they are removed, and their volumes kept, with `--remove-orphans`".to_owned());
        }
        if let Some(WorkTree { at, from, command }) = &self.work_tree {
            all.push(format!(
                "the work tree of the configuration stays at {at}; the checkpoint came from {}: `{command}`",
                Source::short(&from.commit)
            ));
            if at.is_dirty {
                all.push("it has uncommitted changes: commit them, or put them aside, before that".to_owned());
            }
        }
        all.extend(self.unseen.iter().map(|why| format!("it could not be seen {why}")));
        all
    }
}

fn in_words(stray: &Stray, is_over: bool) -> String {
    let Stray { name, service, image, .. } = stray;
    let what = format!("container `{name}` ({image}) of `{service}`, which the checkpoint does not know,");
    match is_over {
        false => format!("{what} goes on running"),
        true => format!("{what} still runs: `docker rm --force {name}` takes it away, and leaves its volumes"),
    }
}
