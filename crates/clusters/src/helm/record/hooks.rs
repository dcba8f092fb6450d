//! Hooks: what of a chart runs beside its manifest, and whether it does when a release goes back.

use serde_json::Value;

use crate::object::{list, text};

/// A hook of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hook {
    /// Kind and name: `Job/shop-migrate`.
    pub(crate) what: String,
    /// When Helm runs it: `pre-upgrade`, `post-rollback`.
    pub(crate) events: Vec<String>,
    weight: i64,
}

impl Hook {
    pub(super) fn read(json: &Value) -> Self {
        let part = |pointer| text(json, pointer).unwrap_or("?");
        let events = list(json, "/events").iter().filter_map(Value::as_str);
        Self {
            what: format!("{}/{}", part("/kind"), part("/name")),
            events: events.map(str::to_owned).collect(),
            weight: json.get("weight").and_then(Value::as_i64).unwrap_or(0),
        }
    }

    fn has(&self, events: &[&str]) -> Option<String> {
        let found: Vec<&str> = events.iter().copied().filter(|it| self.events.iter().any(|own| own == it)).collect();
        (!found.is_empty()).then(|| found.join(", "))
    }
}

/// What the hooks of the revision that a release goes back to will do, and what they will not, a sentence each. `now` is
/// the revision that is in place.
///
/// | hook of            | event                         | on a rollback |
/// |--------------------|-------------------------------|---------------|
/// | the one gone to    | `pre-rollback`, `post-rollback` | runs        |
/// | the one gone to    | `pre-upgrade`, `post-upgrade`, `pre-install`, `post-install` | does not |
/// | the one in place   | any                           | does not: Helm takes hooks from the revision gone to |
/// | either             | `test`, `pre-delete`, `post-delete` | does not, and nobody thinks so |
pub(crate) fn hook_words(now: Option<&[Hook]>, then: &[Hook]) -> Vec<String> {
    let mut then: Vec<&Hook> = then.iter().collect();
    then.sort_by(|one, other| one.weight.cmp(&other.weight).then_with(|| one.what.cmp(&other.what)));
    let runs = then.iter().filter_map(|hook| {
        let events = hook.has(&["pre-rollback", "post-rollback"])?;
        Some(format!(
            "hook `{}` will run ({events}), as the older chart has it: it lacks migrations that are newer",
            hook.what
        ))
    });
    let rests = then.iter().filter_map(|hook| {
        let is_run = hook.has(&["pre-rollback", "post-rollback"]).is_some();
        let events = hook.has(&["pre-upgrade", "post-upgrade", "pre-install", "post-install"]).filter(|_| !is_run)?;
        Some(format!(
            "hook `{}` will not run ({events}): a rollback runs `pre-rollback` and `post-rollback`",
            hook.what
        ))
    });
    let newer = now.into_iter().flatten().filter_map(|hook| {
        let events = hook.has(&["pre-rollback", "post-rollback"])?;
        let is_known = then.iter().any(|older| older.what == hook.what);
        let what = &hook.what;
        (!is_known).then(|| {
            format!("hook `{what}` ({events}) of the newer chart will not run: the older chart has no such hook")
        })
    });
    runs.chain(rests).chain(newer).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::fixture;
    use super::*;

    fn hook(what: &str, events: &[&str], weight: i64) -> Hook {
        Hook { what: what.to_owned(), events: events.iter().map(|event| (*event).to_owned()).collect(), weight }
    }

    #[test]
    fn hooks_are_read_from_records_of_both_generations() {
        for name in ["shop-32.v3", "shop-37.v3"] {
            let hooks = fixture(name).hooks();
            assert_eq!(hooks.len(), 1);
            assert!(hooks[0].what.starts_with("ConfigMap/shop-3") && hooks[0].weight == -5, "{hooks:?}");
            assert_eq!(hooks[0].events, ["pre-upgrade", "pre-rollback"]);
        }
    }

    #[test]
    fn it_is_said_which_hooks_run_and_which_do_not() {
        let then = [
            hook("Job/notify", &["post-rollback"], 5),
            hook("Job/migrate", &["pre-upgrade", "pre-install"], 0),
            hook("Job/back", &["pre-upgrade", "pre-rollback"], -1),
            hook("Pod/test", &["test"], 0),
        ];
        let now = [hook("Job/undo-new", &["pre-rollback"], 0), hook("Job/back", &["pre-rollback"], 0)];
        let words = hook_words(Some(&now), &then);
        let starts = [
            "hook `Job/back` will run (pre-rollback)",
            "hook `Job/notify` will run (post-rollback)",
            "hook `Job/migrate` will not run (pre-upgrade, pre-install)",
            "hook `Job/undo-new` (pre-rollback) of the newer chart will not run",
        ];
        assert_eq!(words.len(), starts.len(), "{words:#?}");
        words.iter().zip(starts).for_each(|(words, start)| assert!(words.starts_with(start), "{words}"));
    }
}
