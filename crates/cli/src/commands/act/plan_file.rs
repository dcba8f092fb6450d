//! A plan in a file: looked at and agreed to in one place, run in another.
//!
//! Contract: the steps in the file are not what runs. The plan is made anew from what is there, and runs only where it means
//! the same as the one in the file ([`Agreed`]). A file whose plan is not the one that it was written with is not taken.

use std::path::Path;

use backout_core::id::Digest;
use backout_core::plan::{Agreed, Plan, Request};
use backout_engine::durable;
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::wire::Setup;

/// The form of the file.
const VERSION: u64 = 1;
/// What a plan says is nobody else's business.
const MODE: u32 = 0o600;

/// What is in the file.
#[derive(Serialize, Deserialize)]
pub(crate) struct PlanFile {
    version: u64,
    /// The version of backout that wrote it.
    written_by: String,
    /// [`Agreed::digest`] of the plan.
    agreed: Digest,
    plan: Plan,
}

/// Writes a plan to a file, in place of what is there.
///
/// # Errors
/// Where it cannot be written.
pub(crate) fn write_plan(setup: &Setup, path: &Path, plan: &Plan) -> Result<(), CliError> {
    let file = PlanFile {
        version: VERSION,
        written_by: env!("CARGO_PKG_VERSION").to_owned(),
        agreed: Agreed::of(plan).digest,
        plan: plan.clone(),
    };
    let failed = |why: String| CliError::failed(format!("`{}` could not be written: {why}", path.display()));
    let text = serde_json::to_string_pretty(&file).map_err(|error| failed(error.to_string()))?;
    let target = setup.process.folder.join(path);
    durable::replace(&target, format!("{text}\n").as_bytes(), MODE).map_err(|error| failed(error.to_string()))
}

impl PlanFile {
    /// Reads the plan of an environment from a file.
    ///
    /// # Errors
    /// A usage error for a file that cannot be read, is none of a plan, of a newer form, of another environment, or changed.
    pub(super) fn read(setup: &Setup, path: &Path) -> Result<Self, CliError> {
        let shown = path.display();
        let bytes = std::fs::read(setup.process.folder.join(path)).map_err(|error| {
            CliError::usage(format!("`{shown}` could not be read: {error}"))
                .hint("write one: `backout plan --out FILE`")
        })?;
        let file = parse(&bytes).map_err(|wrong| wrong.into_error(&shown.to_string()))?;
        let (of, here) = (&file.plan.environment, &setup.environment.name);
        if of != here {
            return Err(CliError::usage(format!("the plan in `{shown}` is of `{of}`, and this is `{here}`"))
                .hint(format!("name the environment: `backout --environment {of} rollback --plan {shown}`")));
        }
        Ok(file)
    }

    /// What is asked for: what the plan was made for, with the target that it came to.
    pub(super) fn request(&self, approved_by: &[String]) -> Request {
        let mut request = Request { target: Some(self.plan.target.clone()), ..self.plan.request.clone() };
        request.data.approved_by.extend(approved_by.iter().cloned());
        request
    }

    /// The plan that was agreed to.
    pub(super) fn agreed(&self) -> Agreed {
        Agreed::of(&self.plan)
    }
}

/// What can be wrong with a file.
#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    /// It is none of a plan, or a part of one.
    Broken(String),
    /// It has a form that this version does not know.
    Newer(u64),
    /// Its plan is not what it was when it was written.
    Changed,
}

impl Wrong {
    fn into_error(self, shown: &str) -> CliError {
        let anew = "plan again: `backout plan --out FILE`";
        match self {
            Wrong::Broken(why) => CliError::usage(format!("`{shown}` is no plan: {why}")).hint(anew),
            Wrong::Newer(version) => CliError::usage(format!(
                "`{shown}` was written by a newer backout: it has form {version}, and this one knows {VERSION}"
            ))
            .hint("use the version that wrote it, or a newer one"),
            Wrong::Changed => CliError::usage(format!(
                "the plan in `{shown}` is not the one that was written: it was changed, or another backout wrote it"
            ))
            .hint(anew),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<PlanFile, Wrong> {
    let broken = |error: serde_json::Error| Wrong::Broken(error.to_string());
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(broken)?;
    match value["version"].as_u64() {
        Some(VERSION) => {}
        Some(newer) if newer > VERSION => return Err(Wrong::Newer(newer)),
        _ => return Err(Wrong::Broken("it has no version".to_owned())),
    }
    let file: PlanFile = serde_json::from_value(value).map_err(broken)?;
    if Agreed::of(&file.plan).digest == file.agreed { Ok(file) } else { Err(Wrong::Changed) }
}
