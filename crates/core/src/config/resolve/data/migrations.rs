//! The tool that changes a schema.

use std::collections::BTreeMap;

use super::name::existing;
use crate::config::raw::{RawEnvironment, RawMigrations, RawTool};
use crate::config::read::{Field, Located};
use crate::config::resolve::context::Context;
use crate::config::{Migrations, ProblemCode, Span};
use crate::data::Framework;
use crate::migrate::runs_sql;

/// Resolves which tool changes a schema, and how it is run.
pub(super) fn migrations(
    raw: &RawMigrations,
    environment: &RawEnvironment,
    context: &mut Context<'_>,
) -> Option<Migrations> {
    let keys: Vec<Option<Span>> = raw.tools.iter().map(|(_, tool)| tool.key()).collect();
    let names = Framework::ALL.map(|framework| format!("`{framework}`")).join(", ");
    if !context.has_one(raw.at(), &keys, "migrations", &names) {
        return None;
    }
    let (framework, tool) = raw.tools.iter().find_map(|(framework, tool)| Some((*framework, tool.value()?)))?;
    let service = tool.r#in.value().and_then(|scalar| existing(scalar, "to run migrations in", environment, context));
    is_placed(framework, tool, context);
    let folder = context.value(&tool.folder);
    let command = command(tool, context);
    let compatible = compatible(tool, context);
    Some(Migrations { framework, service, folder, command, compatible })
}

/// Reports a tool of which nobody knows where it is run, or where its files are.
///
/// | tool | `in` | `folder` | |
/// |---|---|---|---|
/// | of plain SQL | no | no | the files cannot be found |
/// | of plain SQL | any | any | else fine: `backout` runs the files |
/// | other | no | any | its code is nowhere |
fn is_placed(framework: Framework, tool: &RawTool, context: &mut Context<'_>) {
    let (is_homeless, has_folder) = (tool.r#in.is_absent(), !tool.folder.is_absent());
    if is_homeless && !runs_sql(framework) {
        let message = format!("`{framework}` lacks the key `in`");
        let hint = format!("name the service whose code has the migrations: `{framework}: {{ in: app }}`");
        context.error(ProblemCode::MissingKey, tool.at(), message, hint);
    } else if is_homeless && !has_folder {
        let message = format!("nothing says where the migrations of `{framework}` are");
        let hint =
            format!("write `{framework}: {{ folder: migrations }}`, or name the service that has them with `in`");
        context.contradiction(tool.at(), message, hint);
    }
}

fn command(tool: &RawTool, context: &mut Context<'_>) -> Option<Vec<String>> {
    let Field::Given(key, words) = &tool.command else { return None };
    let words: Option<Vec<String>> = words.0.iter().map(|word| Some(context.scalar(word)?.0)).collect();
    let words = words?;
    if words.first().is_none_or(|program| program.trim().is_empty()) {
        let hint = "write the program and what always follows it: `[python, manage.py]`".to_owned();
        context.error(ProblemCode::InvalidValue, *key, "the command is empty".to_owned(), hint);
        return None;
    }
    Some(words)
}

fn compatible(tool: &RawTool, context: &mut Context<'_>) -> BTreeMap<String, bool> {
    let mut declared = BTreeMap::new();
    for entry in tool.compatible.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        if entry.key.trim().is_empty() {
            let message = "this migration has no name".to_owned();
            context.error(ProblemCode::InvalidName, entry.at, message, "write it as the tool names it".to_owned());
        }
        let is_compatible = entry.value.as_ref().and_then(|scalar| context.scalar(scalar));
        declared.extend(is_compatible.map(|is_compatible| (entry.key.clone(), is_compatible)));
    }
    declared
}
