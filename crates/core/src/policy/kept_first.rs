//! Whether what is to be deployed was kept elsewhere first, for long enough.

use jiff::Timestamp;

use super::{Refusal, RefusalName};
use crate::config::KeptFirst;
use crate::inventory::{Grade, Graded, Source};

/// Why what is checked out may not be deployed yet, if so. `elsewhere` are the checkpoints of the other environment.
///
/// | checked out here         | good there | how long | bad there | refused |
/// |--------------------------|------------|----------|-----------|---------|
/// | nobody can say what      |            |          |           | yes     |
/// | a commit, and changes    |            |          |           | yes     |
/// | a commit                 | no         |          |           | yes     |
/// | a commit                 | yes        | too short |          | yes     |
/// | a commit                 | yes        | enough   | yes       | yes     |
/// | a commit                 | yes        | enough   | no        | no      |
#[must_use]
pub fn not_kept_first(
    gate: &KeptFirst,
    here: Option<&Source>,
    elsewhere: &[Graded],
    now: Timestamp,
) -> Option<Refusal> {
    let place = &gate.environment;
    let Some(here) = here else {
        return refusal(format!(
            "nobody can say which commit is deployed, so whether `{place}` has kept it is not known"
        ));
    };
    let commit = Source::short(&here.commit);
    if here.is_dirty {
        return refusal(format!("`{commit}` has uncommitted changes, which `{place}` has not kept"));
    }
    let of_it = |graded: &&Graded| {
        graded.checkpoint.source.as_ref().is_some_and(|source| source.commit == here.commit && !source.is_dirty)
    };
    let those = || elsewhere.iter().filter(of_it);
    if let Some(bad) = those().find(|graded| graded.grade == Grade::Bad) {
        return refusal(format!("`{commit}` went bad in `{place}`: {}", bad.why));
    }
    let kept_since =
        those().filter(|graded| graded.grade == Grade::Good).map(|graded| graded.checkpoint.taken_at).min();
    let Some(since) = kept_since else { return refusal(format!("`{place}` has not kept `{commit}`")) };
    let from = since.checked_add(gate.lasting).unwrap_or(Timestamp::MAX);
    if now >= from {
        return None;
    }
    refusal(format!("`{place}` has kept `{commit}` since {since:.0}, which is long enough from {from:.0} on"))
}

fn refusal(what: String) -> Option<Refusal> {
    let hint = "deploy it there first, and wait; `--force not-kept-first` deploys it nevertheless".to_owned();
    Some(Refusal { name: RefusalName::NotKeptFirst, what, hint })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::id::EnvironmentName;

    fn source(commit: &str, is_dirty: bool) -> Source {
        Source { commit: commit.to_owned(), is_dirty }
    }

    fn kept(hour: u32, of: &Source, grade: Grade) -> Graded {
        let checkpoint = json!({"id": format!("cp-{hour}"), "environment": "staging", "run": null, "why": "",
            "taken_at": format!("2026-11-20T{hour:02}:00:00Z"), "artifacts": {}, "source": of});
        let checkpoint = serde_json::from_value(checkpoint).unwrap();
        Graded { checkpoint, grade, why: "500s".to_owned(), is_retained: false }
    }

    #[test]
    fn only_a_commit_that_was_kept_for_long_enough_and_never_went_bad_may_go_on() {
        let (gate, now) = (
            KeptFirst { environment: EnvironmentName::new("staging").unwrap(), lasting: Duration::from_secs(8 * 3600) },
            "2026-11-20T20:00:00Z".parse().unwrap(),
        );
        let (good, dirty) = (source("0123456789abcdef", false), source("0123456789abcdef", true));
        let refused = |here: Option<&Source>, elsewhere: &[Graded]| {
            not_kept_first(&gate, here, elsewhere, now).map(|refusal| refusal.what)
        };
        let [early, late] = [12, 13].map(|hour| kept(hour, &good, Grade::Good));
        assert_eq!(refused(Some(&good), &[late.clone(), early.clone()]), None);
        assert!(refused(None, std::slice::from_ref(&early)).unwrap().starts_with("nobody can say which commit"));
        assert!(refused(Some(&dirty), std::slice::from_ref(&early)).unwrap().contains("uncommitted changes"));
        let soon = "`staging` has kept `0123456789` since 2026-11-20T13:00:00Z, which is long enough from 2026-11-20T21:00:00Z on";
        assert_eq!(refused(Some(&good), &[late]).as_deref(), Some(soon));
        for other in [kept(1, &source("f", false), Grade::Good), kept(1, &dirty, Grade::Good)] {
            assert_eq!(refused(Some(&good), &[other]).as_deref(), Some("`staging` has not kept `0123456789`"));
        }
        assert!(refused(Some(&good), &[kept(1, &good, Grade::Candidate)]).is_some());
        let bad = kept(14, &good, Grade::Bad);
        assert_eq!(refused(Some(&good), &[early, bad]).as_deref(), Some("`0123456789` went bad in `staging`: 500s"));
    }
}
