//! How two revisions differ, in lines for a plan. What sounds secret is not shown.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Record;

/// How many values are named.
const MOST: usize = 40;

/// How long a value may be before it is cut.
const LONGEST: usize = 60;

/// What stands in place of a secret.
const HIDDEN: &str = "(hidden)";

/// Parts of a name that make its value a secret.
const SECRET: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "privatekey",
    "accesskey",
    "connectionstring",
    "dsn",
    "auth",
];

/// What differs between the revision in place and the one to go back to: chart, version of the application, values by path.
/// Nothing where they are the same in all of it.
pub(crate) fn difference(now: &Record, then: &Record) -> Vec<String> {
    let mut lines = Vec::new();
    if now.chart() != then.chart() {
        lines.push(format!("chart {} -> {}", now.chart(), then.chart()));
    }
    if now.app_version() != then.app_version() {
        lines.push(format!("app version {} -> {}", shown_text(now.app_version()), shown_text(then.app_version())));
    }
    let (of_now, of_then) = (values(now), values(then));
    let mut paths: Vec<&String> = of_now.keys().chain(of_then.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let changed: Vec<&String> = paths.into_iter().filter(|path| of_now.get(*path) != of_then.get(*path)).collect();
    lines.extend(changed.iter().take(MOST).map(|path| {
        let show =
            |values: &BTreeMap<String, Value>| values.get(*path).map_or("(not set)".to_owned(), |it| shown(path, it));
        format!("value {path}: {} -> {}", show(&of_now), show(&of_then))
    }));
    if changed.len() > MOST {
        lines.push(format!("and {} more values", changed.len() - MOST));
    }
    lines
}

/// Values without those whose name sounds secret: `{"password": "(hidden)"}`.
pub(crate) fn values_without_secrets(values: &Value) -> Value {
    hidden_below("", values)
}

fn hidden_below(path: &str, value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let below = |(name, value): (&String, &Value)| (name.clone(), hidden_below(&joined(path, name), value));
            Value::Object(fields.iter().map(below).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| hidden_below(path, item)).collect()),
        _ if sounds_secret(path) => Value::String(HIDDEN.to_owned()),
        other => other.clone(),
    }
}

/// The texts among a revision's values whose name sounds secret: for taking them out of what programs say.
pub(crate) fn secrets(record: &Record) -> Vec<String> {
    let values = values(record).into_iter().filter(|(path, _)| sounds_secret(path));
    values.filter_map(|(_, value)| value.as_str().map(str::to_owned)).collect()
}

/// The values that a revision was rendered with, by path.
fn values(record: &Record) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    flatten("", &merged(record.defaults(), record.values()), &mut values);
    values
}

/// The user's values over the chart's own. A null takes a value of the chart away.
fn merged(own: &Value, given: &Value) -> Value {
    let (Value::Object(own), Value::Object(given)) = (own, given) else {
        return if given.is_null() { own.clone() } else { given.clone() };
    };
    let mut all = own.clone();
    for (name, value) in given {
        let below = all.get(name).map_or_else(|| value.clone(), |own| merged(own, value));
        if value.is_null() { drop(all.remove(name)) } else { drop(all.insert(name.clone(), below)) }
    }
    Value::Object(all)
}

/// Lists are one value: Helm replaces them whole.
fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| flatten(&joined(path, name), value, into)),
        Value::Null => {}
        other => drop(into.insert(path.to_owned(), other.clone())),
    }
}

fn joined(path: &str, name: &str) -> String {
    let name = name.replace('.', "\\.");
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

/// Whether any part of a path sounds like a secret. Rather one too many than one too few: it is only hidden.
fn sounds_secret(path: &str) -> bool {
    let plain: String = path.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    let plain = plain.to_lowercase();
    SECRET.iter().any(|word| plain.contains(word))
        || plain.split('.').any(|part| part == "pass" || part.ends_with("key"))
}

fn shown(path: &str, value: &Value) -> String {
    match value {
        _ if sounds_secret(path) => HIDDEN.to_owned(),
        Value::String(text) => shown_text(text),
        // A list may hold objects with secrets of their own.
        other => shown_text(&hidden_below(path, other).to_string()),
    }
}

fn shown_text(text: &str) -> String {
    let text = if text.is_empty() { "\"\"" } else { text };
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixtures::fixture;
    use super::*;

    #[test]
    fn charts_and_values_are_compared_and_secrets_are_not_shown() {
        let lines = difference(&fixture("shop-37.v3"), &fixture("shop-37.v1"));
        assert_eq!(lines, ["value image.tag: bad -> 1"]);
        let record = |chart: Value, values: Value| Record::of_json(json!({"chart": chart, "config": values}));
        let chart = |version: &str, app: &str| {
            json!({"metadata": {"name": "shop", "version": version, "appVersion": app},
            "values": {"db": {"password": "default-pw"}, "mode": "slow", "gone": 1}})
        };
        let now = record(
            chart("2.0.0", "3"),
            json!({"db": {"password": "new-pw"}, "mode": "fast", "gone": null,
            "hosts": [{"name": "a", "token": "tk-1"}]}),
        );
        let then = record(chart("1.4.2", "2"), json!({"db": {"password": "old-pw"}, "a.b": {"c": 1}}));
        let lines = difference(&now, &then);
        assert_eq!(
            lines,
            [
                "chart shop-2.0.0 -> shop-1.4.2",
                "app version 3 -> 2",
                "value a\\.b.c: (not set) -> 1",
                "value db.password: (hidden) -> (hidden)",
                "value gone: (not set) -> 1",
                "value hosts: [{\"name\":\"a\",\"token\":\"(hidden)\"}] -> (not set)",
                "value mode: fast -> slow",
            ]
        );
        assert!(difference(&now, &now).is_empty());
    }

    #[test]
    fn what_sounds_secret_is_left_out() {
        for path in
            ["db.password", "API_KEY", "auth.jwt", "my-secret.x", "tls.privateKey", "SMTP_PASS", "registryCredentials"]
        {
            assert!(sounds_secret(&path.replace("SMTP_PASS", "smtp.pass")), "{path}");
        }
        for path in ["image.tag", "replicas", "passengers", "keyboard.layout"] {
            assert!(!sounds_secret(path), "{path}");
        }
        let values = json!({"a": [{"token": 5, "name": "x"}], "auth": {"user": "u"}, "n": 1});
        let expected = json!({"a": [{"token": "(hidden)", "name": "x"}], "auth": {"user": "(hidden)"}, "n": 1});
        assert_eq!(values_without_secrets(&values), expected);
    }
}
