//! The file as a whole, and its environments.

use std::collections::BTreeMap;

use super::context::Context;
use super::data::{caches, databases};
use super::decide::{fallbacks, rules};
use super::known::Known;
use super::maintenance::maintenance;
use super::order::needs;
use super::people::{incidents, notify};
use super::platform::base;
use super::policy::{Environments, guard, objectives, policy};
use super::proof::{drill, verify};
use super::service::services;
use super::signal::{signals, triggers};
use super::watch::watch;
use crate::config::raw::{RawEnvironment, RawFile};
use crate::config::read::{Field, Map, MapEntry};
use crate::config::{Config, Environment, Policy, Problem, ProblemCode};
use crate::id::EnvironmentName;

/// The format's version that this code knows.
const VERSION: u32 = 1;

/// Resolves a file. The configuration means nothing if any of the problems is an error.
pub(in crate::config) fn file(
    raw: &RawFile,
    variables: &dyn Fn(&str) -> Option<String>,
) -> (Option<Config>, Vec<Problem>) {
    let mut context = Context::new(variables);
    let version = version(raw, &mut context);
    let project = context.value(&raw.project);
    let mut environments = BTreeMap::new();
    if let Field::Given(key, Map(entries)) = &raw.environments {
        if entries.is_empty() {
            let hint = "add one: `production: { services: { ... } }`".to_owned();
            context.error(ProblemCode::NothingToGuard, *key, "there are no environments".to_owned(), hint);
        }
        let all: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        environments = entries.iter().filter_map(|entry| environment(entry, &all, &mut context)).collect();
    }
    let config =
        version.zip(project).map(|(version, project)| Config { version, project, environments, warnings: Vec::new() });
    (config, context.problems)
}

fn version(raw: &RawFile, context: &mut Context<'_>) -> Option<u32> {
    let version = context.value(&raw.version)?;
    if version != VERSION {
        let at = raw.version.value()?.span;
        let hint = format!("write `version: {VERSION}`, or use the `backout` that the file was written for");
        let message = format!("version {version} of the configuration is not known");
        context.error(ProblemCode::UnsupportedVersion, at, message, hint);
    }
    Some(version)
}

fn environment(
    entry: &MapEntry<RawEnvironment>,
    all: &[&str],
    context: &mut Context<'_>,
) -> Option<(EnvironmentName, Environment)> {
    let name = context.name::<EnvironmentName>(&entry.key, entry.at);
    let raw = entry.value.as_ref()?;
    let default = base(&raw.platform, context);
    let services = match &raw.services {
        Field::Given(key, map) => {
            if map.0.is_empty() {
                let message = format!("environment `{}` has no services", entry.key);
                context.error(ProblemCode::NothingToGuard, *key, message, "add one, or remove it".to_owned());
            }
            let needs = needs(map, context);
            services(map, &default, needs, context)
        }
        Field::Absent | Field::Invalid(_) => BTreeMap::new(),
    };
    let signals = signals(&raw.signals, &services, context);
    let known = Known::new(raw, &services);
    let triggers = triggers(raw, &services, &known, context);
    let known_environments = Environments { all: all.to_vec(), this: &entry.key };
    let guard = guard(raw.guard.value(), &known_environments, context);
    let watch = watch(raw.watch.value(), &services, context);
    let verify = verify(raw.verify.value(), &services, &known, context);
    let drill = drill(raw.drill.value(), &guard, &services, context);
    let policy = Policy { rules: rules(raw, &services, context), ..policy(raw.policy.value(), context) };
    let fallbacks = fallbacks(raw, context);
    let objectives = objectives(raw.objectives.value(), context);
    let databases = databases(raw, &services, context);
    let caches = caches(raw, context);
    let maintenance = maintenance(&raw.maintenance, &services, context);
    let notify = notify(raw, context);
    let incidents = incidents(raw.incidents.value(), context);
    let name = name?;
    let environment = Environment {
        name: name.clone(),
        services,
        signals: signals.numbers,
        counted: signals.counted,
        logged: signals.logged,
        triggers,
        guard,
        watch,
        verify,
        drill,
        policy,
        fallbacks,
        objectives,
        databases,
        caches,
        maintenance,
        notify,
        incidents,
    };
    Some((name, environment))
}
