//! Logs after a rollback: how many lines there are that must not be there.

use std::collections::BTreeMap;

use backout_core::config::LogRule;
use backout_core::detect::{LogFound, LogScan};
use backout_core::id::ServiceName;
use backout_core::journal::{FileEnd, LogsSince};
use backout_core::policy::{Check, Verdict};
use backout_core::port::{LogSpan, PortError};
use futures_util::future::join_all;
use jiff::Timestamp;

use crate::look::logs::{scan_appended, scan_service};
use crate::world::World;

/// Where the files of the log rule end now. One that is not there ends at its start; one that cannot be looked at is left out.
pub(crate) async fn mark_logs(world: &World) -> BTreeMap<String, FileEnd> {
    let mut ends = BTreeMap::new();
    for path in world.environment.verify.logs.iter().flat_map(|rule| &rule.files) {
        if let Ok(end) = world.files.end(path).await {
            ends.insert(path.clone(), end.unwrap_or(FileEnd { inode: 0, bytes: 0 }));
        }
    }
    ends
}

/// One check for each log that the configuration names. What instances write counts since the plan was made, or else from now
/// on; of an instance that started later, from its start.
pub async fn log_checks(world: &World, logs: &LogsSince) -> Vec<Check> {
    let Some(rule) = &world.environment.verify.logs else { return Vec::new() };
    let since = logs.planned_at.unwrap_or_else(|| world.clock.now());
    let mark = |path: &String| logs.files.as_ref()?.get(path);
    let services = join_all(rule.services.iter().map(|service| of_service(world, rule, service, since))).await;
    let files = join_all(rule.files.iter().map(|path| of_file(world, rule, path, mark(path)))).await;
    services.into_iter().chain(files).collect()
}

async fn of_service(world: &World, rule: &LogRule, service: &ServiceName, since: Timestamp) -> Check {
    let span = LogSpan { since, at_most: None };
    check(rule, &format!("log of {service}"), scan_service(world, service, &rule.not, span).await)
}

async fn of_file(world: &World, rule: &LogRule, path: &str, mark: Option<&FileEnd>) -> Check {
    check(rule, &format!("log {path}"), scan_file(world, rule, path, mark).await)
}

async fn scan_file(world: &World, rule: &LogRule, path: &str, mark: Option<&FileEnd>) -> Result<LogFound, PortError> {
    let mark = mark.ok_or_else(|| PortError::new("where it ended when the steps were done is not known"))?;
    let mut scan = LogScan::new(&rule.not);
    scan_appended(world, path, *mark, &mut scan).await?;
    Ok(scan.finish())
}

/// | read | lines that match | verdict      |
/// |------|------------------|--------------|
/// | no   |                  | unmeasurable |
/// | yes  | at most so many  | healthy      |
/// | yes  | more             | unhealthy    |
fn check(rule: &LogRule, name: &str, found: Result<LogFound, PortError>) -> Check {
    let (verdict, what) = match found {
        Err(error) => {
            (Verdict::Unmeasurable, error.hint.map_or(error.what.clone(), |hint| format!("{} ({hint})", error.what)))
        }
        Ok(found) if found.total() > rule.at_most => (Verdict::Unhealthy, found.in_words()),
        Ok(found) => (Verdict::Healthy, found.in_words()),
    };
    Check { name: name.to_owned(), verdict, what, was_red_before: false, is_advisory: rule.is_advisory }
}
