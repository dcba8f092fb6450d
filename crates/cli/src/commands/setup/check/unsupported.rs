//! Settings that this version accepts and does not act on: who wrote them should know.

use backout_core::config::Environment;

use super::finding::Finding;
use crate::ui::count;

/// One note a kind of setting.
pub(super) fn unsupported(environment: &Environment) -> Vec<Finding> {
    let settings = [
        ("signals", environment.signals.len(), "signal", "are not measured yet, and triggers on them never fire"),
        ("databases", environment.databases.len(), "database", "are not backed up or taken back yet"),
        ("notify", usize::from(environment.notify.slack.is_some()), "channel", "are not told of anything yet"),
    ];
    let is_set = settings.into_iter().filter(|(_, number, ..)| *number > 0);
    is_set
        .map(|(key, number, thing, what)| Finding::note(key, format!("{}: they {what}", count(number, thing))))
        .collect()
}
