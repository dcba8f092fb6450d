//! The checklists where nothing else is configured: what the runbooks of five teams have in common.

use super::item::{Checklists, Evidence as E, Item, Part};

/// When, by which word, what, and what shows it.
type Row = (Part, &'static str, &'static str, Option<E>);

const ROWS: [Row; 29] = [
    (Part::Before, "declared", "The incident is declared, and there is one place for its record", Some(E::Declared)),
    (Part::Before, "severity", "The severity is set", Some(E::Rated)),
    (Part::Before, "services", "The affected services are known", Some(E::Services)),
    (Part::Before, "symptoms", "Symptoms and error messages are recorded", Some(E::Symptoms)),
    (Part::Before, "deploy", "It comes from the deploy: it was not so before", Some(E::DeployToBlame)),
    (Part::Before, "decision", "Going back is the right answer", Some(E::BackDecided)),
    (Part::Before, "lead", "Somebody leads", Some(E::Led)),
    (Part::Before, "team", "The team has been told", Some(E::Told)),
    (Part::Before, "stakeholders", "An update for stakeholders is prepared", None),
    (Part::Before, "target", "The version to go back to is known, and was good", Some(E::Target)),
    (Part::Before, "dependencies", "Scope and dependencies of the way back are reviewed", Some(E::Planned)),
    (Part::Before, "backups", "Backups are there, of a known age, and verified", Some(E::Backups)),
    (Part::Before, "state", "What runs now is captured: configuration, logs, states", Some(E::Kept)),
    (Part::During, "steps", "Every step of the way back is done", Some(E::Steps)),
    (Part::During, "health", "Services are healthy and can be reached", Some(E::Checks)),
    (Part::During, "smoke", "Smoke tests pass", Some(E::Smoke)),
    (Part::During, "data", "The database answers, and its data is consistent", Some(E::Data)),
    (Part::After, "stable", "The service is stable and operational", Some(E::Restored)),
    (Part::After, "metrics", "Error rate and latency are normal again", Some(E::Measured)),
    (Part::After, "integrations", "Integrations and monitoring work", None),
    (Part::After, "resolution", "Stakeholders know that it is over", Some(E::EndTold)),
    (Part::After, "status-page", "The status page is up to date", Some(E::PageTold)),
    (Part::After, "timeline", "The timeline is recorded", Some(E::Recorded)),
    (Part::After, "impact", "It is recorded whom it hit", Some(E::Impact)),
    (Part::After, "cause", "The root cause is documented", Some(E::Cause)),
    (Part::After, "post-mortem", "The post-mortem meeting is scheduled", None),
    (Part::After, "actions", "There are action items to prevent it", Some(E::Actions)),
    (Part::After, "runbook", "Runbooks and alerts are updated", None),
    (Part::After, "fix", "The fix is tested and deployed", Some(E::FixDeployed)),
];

pub(super) fn defaults() -> Vec<Item> {
    let item = |(part, id, text, evidence): Row| Item { part, id: id.to_owned(), text: text.to_owned(), evidence };
    ROWS.into_iter().map(item).collect()
}

/// The checklists with items of one's own: those of a known word say it in one's own words and keep their evidence, the others
/// come after.
#[must_use]
pub fn own_checklist(has_defaults: bool, own: Vec<Item>) -> Checklists {
    let mut items = if has_defaults { defaults() } else { Vec::new() };
    for mut item in own {
        item.evidence = ROWS.iter().find(|(_, id, ..)| *id == item.id).and_then(|(.., evidence)| *evidence);
        match items.iter_mut().find(|known| known.id == item.id) {
            Some(known) => *known = item,
            None => items.push(item),
        }
    }
    items.sort_by_key(|item| item.part);
    Checklists(items)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_item_has_a_word_of_its_own_and_stands_in_order() {
        let items = defaults();
        assert_eq!(items.iter().map(|item| &item.id).collect::<BTreeSet<_>>().len(), items.len());
        assert!(items.is_sorted_by_key(|item| item.part));
    }

    #[test]
    fn items_of_ones_own_come_beside_the_defaults_or_instead() {
        let own = |id: &str| Item { part: Part::Before, id: id.to_owned(), text: "own".to_owned(), evidence: None };
        let Checklists(both) = own_checklist(true, vec![own("vendor"), own("team")]);
        assert_eq!(both.len(), ROWS.len() + 1);
        let team = both.iter().find(|item| item.id == "team").unwrap();
        assert_eq!((team.text.as_str(), team.evidence), ("own", Some(E::Told)));
        assert!(both.is_sorted_by_key(|item| item.part));
        assert_eq!(own_checklist(false, vec![own("vendor")]).0.len(), 1);
    }
}
