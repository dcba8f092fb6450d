//! Selectors of lists and watches.

use serde_json::Value;

use crate::cluster::object;

/// A label selector as it stands in a query: `a=b,c!=d,e,!f,g in (h,i),j notin (k)`.
#[derive(Debug, Default, Clone)]
pub(crate) struct LabelSelector {
    terms: Vec<Term>,
}

#[derive(Debug, Clone)]
enum Term {
    Is(String, Vec<String>),
    IsNot(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl LabelSelector {
    pub(crate) fn parse(text: &str) -> Self {
        Self { terms: split(text).into_iter().filter(|term| !term.is_empty()).map(term).collect() }
    }

    pub(crate) fn matches(&self, labels: &Value) -> bool {
        let value = |name: &str| labels.get(name).and_then(Value::as_str);
        self.terms.iter().all(|term| match term {
            Term::Is(name, values) => value(name).is_some_and(|found| values.iter().any(|value| value == found)),
            Term::IsNot(name, values) => value(name).is_none_or(|found| values.iter().all(|value| value != found)),
            Term::Exists(name) => value(name).is_some(),
            Term::Missing(name) => value(name).is_none(),
        })
    }
}

/// Splits at the commas that stand outside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (index, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..index].trim());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

fn term(text: &str) -> Term {
    let words =
        |values: &str| values.trim_matches(['(', ')', ' ']).split(',').map(|word| word.trim().to_owned()).collect();
    let one = |(name, value): (&str, &str)| (name.trim().to_owned(), vec![value.trim().to_owned()]);
    if let Some((name, values)) = text.split_once(" notin ") {
        return Term::IsNot(name.trim().to_owned(), words(values));
    }
    if let Some((name, values)) = text.split_once(" in ") {
        return Term::Is(name.trim().to_owned(), words(values));
    }
    if let Some(pair) = text.split_once("!=") {
        let (name, values) = one(pair);
        return Term::IsNot(name, values);
    }
    if let Some(pair) = text.split_once("==").or_else(|| text.split_once('=')) {
        let (name, values) = one(pair);
        return Term::Is(name, values);
    }
    match text.strip_prefix('!') {
        Some(name) => Term::Missing(name.trim().to_owned()),
        None => Term::Exists(text.to_owned()),
    }
}

/// A field selector as it stands in a query: `metadata.name=x,status.phase!=Running`.
#[derive(Debug, Default, Clone)]
pub(crate) struct FieldSelector {
    terms: Vec<(String, bool, String)>,
}

impl FieldSelector {
    pub(crate) fn parse(text: &str) -> Self {
        let terms = text.split(',').filter(|term| !term.is_empty()).filter_map(|term| {
            let (wanted, (path, value)) = match term.split_once("!=") {
                Some(pair) => (false, pair),
                None => (true, term.split_once("==").or_else(|| term.split_once('='))?),
            };
            Some((format!("/{}", path.trim().replace('.', "/")), wanted, value.trim().to_owned()))
        });
        Self { terms: terms.collect() }
    }

    pub(crate) fn matches(&self, target: &Value) -> bool {
        self.terms.iter().all(|(pointer, wanted, value)| (object::text(target, pointer) == value) == *wanted)
    }
}

/// Whether labels satisfy the `selector` of a workload (`matchLabels` and `matchExpressions`).
pub(crate) fn matches_labels(selector: &Value, labels: &Value) -> bool {
    let pairs = selector.get("matchLabels").and_then(Value::as_object);
    let has_pairs = pairs.is_none_or(|pairs| pairs.iter().all(|(name, value)| labels.get(name) == Some(value)));
    let has_expressions = object::list(selector, "/matchExpressions").iter().all(|expression| {
        let found = labels.get(object::text(expression, "/key"));
        let is_among = found.is_some_and(|found| object::list(expression, "/values").contains(found));
        match object::text(expression, "/operator") {
            "In" => is_among,
            "NotIn" => !is_among,
            "Exists" => found.is_some(),
            _ => found.is_none(),
        }
    });
    has_pairs && has_expressions
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_a_label_selector_is_understood() {
        let labels = json!({"name": "web", "owner": "helm", "status": "deployed"});
        let matches = |text: &str| LabelSelector::parse(text).matches(&labels);
        assert!(matches("name=web,owner==helm"));
        assert!(matches("status in (deployed,failed),!old"));
        assert!(matches("status notin (superseded),name"));
        assert!(!matches("owner!=helm"));
        assert!(!matches("name,old"));
        assert!(matches(""));
    }

    #[test]
    fn fields_are_compared_by_their_path() {
        let pod = json!({"metadata": {"name": "a"}, "status": {"phase": "Running"}});
        assert!(FieldSelector::parse("metadata.name=a,status.phase!=Failed").matches(&pod));
        assert!(!FieldSelector::parse("metadata.name=b").matches(&pod));
    }
}
