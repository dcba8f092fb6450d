//! Whether everything that must be so before a deploy, and that no machine can know, was confirmed by somebody.

use std::collections::BTreeMap;

use super::{Refusal, RefusalName};

/// Why a deploy may not begin, because somebody has not confirmed what is asked. `asks` are the questions by name, `confirmed` what
/// was said to hold, with why where that was said.
///
/// | asked    | confirmed  | refused              |
/// |----------|------------|----------------------|
/// | nothing  |            | no                   |
/// | some     | all of it  | no                   |
/// | some     | less       | yes, with what lacks |
#[must_use]
pub fn not_confirmed(asks: &BTreeMap<String, String>, confirmed: &BTreeMap<String, Option<String>>) -> Option<Refusal> {
    let open: Vec<(&String, &String)> = asks.iter().filter(|(name, _)| !confirmed.contains_key(*name)).collect();
    if open.is_empty() {
        return None;
    }
    let questions: Vec<String> = open.iter().map(|(name, question)| format!("`{name}` ({question})")).collect();
    let names: Vec<&str> = open.iter().map(|(name, _)| name.as_str()).collect();
    Some(Refusal {
        name: RefusalName::NotConfirmed,
        what: format!("nobody has confirmed {}", questions.join(", ")),
        hint: format!("see to it, then say so: `--confirm {}`", names.join(",")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_must_be_confirmed() {
        let asks = |names: &[&str]| -> BTreeMap<String, String> {
            names.iter().map(|name| ((*name).to_owned(), format!("{name} is so"))).collect()
        };
        let confirmed = |names: &[&str]| -> BTreeMap<String, Option<String>> {
            names.iter().map(|name| ((*name).to_owned(), None)).collect()
        };
        assert_eq!(not_confirmed(&asks(&[]), &confirmed(&[])), None);
        assert_eq!(not_confirmed(&asks(&["review", "tests"]), &confirmed(&["tests", "review"])), None);
        let refused = not_confirmed(&asks(&["review", "tests"]), &confirmed(&["tests"])).unwrap();
        assert_eq!(refused.what, "nobody has confirmed `review` (review is so)");
        let refused = not_confirmed(&asks(&["review", "tests"]), &confirmed(&["other"])).unwrap();
        assert_eq!(refused.hint, "see to it, then say so: `--confirm review,tests`");
    }
}
