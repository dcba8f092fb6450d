//! Every key of the configuration in Markdown, from its schema.
//!
//! Contract: each mapping has one section, named after where it stands first; keys stand in the order of the schema, required
//! ones in bold. What a value may be is said in words; a pattern that has none is a test's failure, not a reader's.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use backout_core::config::json_schema;
use serde_json::Value;

use super::commands::cell;

/// Where the schema has its mappings, by name.
const DEFINITIONS: &str = "definitions";

/// A configuration that has every key, with the defaults in comments.
const SAMPLE: &str = include_str!("../../../../../core/src/config/sample.yaml");

/// What stands in every path of an environment, and is left out of the headings.
const ENVIRONMENT: &str = "environments.NAME";

/// Patterns in words. Each ends with a way out for `${VAR}`, which is cut off before.
const WORDS: [(&str, &str); 20] = [
    (r"\S", "text"),
    (r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$", "duration"),
    (r"^[0-9]+$", "whole number"),
    (r"^[0-9]*\.?[0-9]*$", "number"),
    (r"^(true|false)$", "`true` or `false`"),
    (r"^[A-Za-z0-9][A-Za-z0-9._-]*$", "name"),
    (r"^https?://[^\s@/?#]+([/?#]\S*)?$", "address, `http://` or `https://`"),
    (r"[^\s@]@[^\s@]", "mail address"),
    (r"^[1-5]([0-9][0-9]|xx)$", "status, `200` or `2xx`"),
    (r"^([0-9]{2}:[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].+)$", "time of day, or a time"),
    (r"^\S+:[0-9]+$", "`HOST:PORT`"),
    (r"^[^.\s]+\.[^.\s]+(\.up)?$", "`SERVICE.PROBE`"),
    (r"^age1[0-9a-z]+$", "`age1…`"),
    (r"^(file:\s*\S|s3://[a-z0-9])", "`file:PATH` or `s3://BUCKET/PREFIX`"),
    (r"^[-+][0-9]{2}:[0-9]{2}$", "`+HH:MM`"),
    (r"^smtps?://\S+:[0-9]+$", "`smtp://HOST:PORT` or `smtps://HOST:PORT`"),
    (r"^[0-9]*\.?[0-9]* *([KMG]iB|[kMG]?B)?$", "size"),
    (r"^([^.\s]+(\.[^.\s]+\.(up|latency))?|alerts\.[^.\s]+|[^\s]+\.(cpu|memory|restarts))$", "signal"),
    ("^(deployment|statefulset|daemonset|rollout)/[a-z0-9.-]+$", "`KIND/NAME`"),
    (r"\{(time|checkpoint)\}", "text with `{time}` or `{checkpoint}`"),
];

/// Patterns of numbers with units, which have several ways to be written.
const MEASURES: [(&str, &str); 2] =
    [(r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$|", "duration, size, percentage or number"), ("%", "percentage")];

/// The page.
pub(super) fn text() -> String {
    let schema = json_schema();
    let sections = sections(&schema);
    let paths: BTreeMap<&str, &str> = sections.iter().map(|(name, path)| (name.as_str(), path.as_str())).collect();
    let mut out = String::from(
        "# Configuration\n\nWritten by `cargo xtask generate` from the program itself; do not edit it.\n\n`backout.yaml` is YAML. \
         Keys that are not listed here are errors, and `backout check --offline` names every problem with its line. Durations are \
         written `500ms`, `30s`, `5m`, `1h30m`; shares `5%`; sizes `512MiB`. `${VAR}` and `${VAR:-default}` come from the \
         environment. Secrets are references: `env:NAME`, `file:PATH`, `exec:COMMAND`. Required keys are in bold. Editors can use \
         [the JSON Schema](schema/backout.schema.json).\n\nHeadings are paths; those without a beginning stand below \
         `environments.NAME`.\n",
    );
    for (name, path) in &sections {
        section(&mut out, &schema[DEFINITIONS][name], path, &paths);
    }
    out.push_str(&format!("\n## Everything at once\n\n```yaml\n{}\n```\n", SAMPLE.trim_end()));
    out
}

/// Every mapping that has keys, by where it stands first, the outermost first.
fn sections(schema: &Value) -> Vec<(String, String)> {
    let mut queue = VecDeque::from([("File".to_owned(), String::new())]);
    let mut seen = BTreeSet::from(["File".to_owned()]);
    let mut sections = Vec::new();
    while let Some((name, path)) = queue.pop_front() {
        for (key, value) in keys(&schema[DEFINITIONS][&name]) {
            for (other, below) in references(value) {
                if seen.insert(other.clone()) {
                    let path = if path.is_empty() { format!("{key}{below}") } else { format!("{path}.{key}{below}") };
                    queue.push_back((other, path));
                }
            }
        }
        sections.push((name, path));
    }
    sections
}

fn keys(definition: &Value) -> impl Iterator<Item = (&str, &Value)> {
    definition["properties"].as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// The mappings that a value leads to, and what stands between: nothing, `.NAME`, or `[]`.
fn references(value: &Value) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    found.extend(value["$ref"].as_str().and_then(|it| it.rsplit('/').next()).map(|it| (it.to_owned(), String::new())));
    for (way, between) in [("items", "[]"), ("additionalProperties", ".NAME")] {
        if value[way].is_object() {
            found.extend(references(&value[way]).into_iter().map(|(name, below)| (name, format!("{between}{below}"))));
        }
    }
    for way in ["allOf", "anyOf"] {
        found.extend(value[way].as_array().into_iter().flatten().flat_map(references));
    }
    found
}

fn heading(path: &str) -> String {
    match path.strip_prefix(ENVIRONMENT).and_then(|rest| rest.strip_prefix('.')) {
        _ if path.is_empty() => "The file".to_owned(),
        Some(below) => format!("`{below}`"),
        None => format!("`{path}`"),
    }
}

/// The anchor of a heading, as Markdown's readers make it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || "-_ ".contains(*letter));
    kept.flat_map(char::to_lowercase).map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

fn section(out: &mut String, definition: &Value, path: &str, paths: &BTreeMap<&str, &str>) {
    let about = definition["description"].as_str().unwrap_or_default();
    out.push_str(&format!("\n## {}\n\n{about}\n", heading(path)));
    let required: Vec<&str> =
        definition["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut rows = keys(definition).peekable();
    if rows.peek().is_some() {
        out.push_str("\n| key | value | default | meaning |\n|---|---|---|---|\n");
    }
    for (key, schema) in rows {
        let name = if required.contains(&key) { format!("**`{key}`**") } else { format!("`{key}`") };
        let (meaning, default) = without_default(schema["description"].as_str().unwrap_or_default());
        let value = value(schema, paths).unwrap_or_else(|_| "text".to_owned());
        out.push_str(&format!("| {name} | {} | {} | {} |\n", cell(&value), cell(&default), cell(&meaning)));
    }
}

/// What a value may be; the pattern that there are no words for otherwise.
fn value(schema: &Value, paths: &BTreeMap<&str, &str>) -> Result<String, String> {
    if let Some(name) = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next()) {
        let heading = heading(paths.get(name).copied().unwrap_or_default());
        return Ok(format!("[mapping](#{})", anchor(&heading)));
    }
    for way in ["allOf", "anyOf"] {
        if let Some(several) = schema[way].as_array() {
            let each: Result<Vec<String>, String> = several.iter().map(|one| value(one, paths)).collect();
            return Ok(each?.join(", or "));
        }
    }
    if schema["items"].is_object() {
        return Ok(format!("list: {}", value(&schema["items"], paths)?));
    }
    if schema["additionalProperties"].is_object() {
        return Ok(format!("by name: {}", value(&schema["additionalProperties"], paths)?));
    }
    match schema["pattern"].as_str() {
        Some(pattern) => pattern_in_words(pattern).ok_or_else(|| pattern.to_owned()),
        None if schema["type"].is_null() => Ok("anything".to_owned()),
        None => Ok("text".to_owned()),
    }
}

fn pattern_in_words(pattern: &str) -> Option<String> {
    let pattern = pattern.strip_suffix(r"|\$\{").unwrap_or(pattern);
    if let Some((_, words)) = WORDS.iter().find(|(known, _)| *known == pattern) {
        return Some((*words).to_owned());
    }
    let choices = pattern.strip_prefix("^(").and_then(|rest| rest.strip_suffix(")$"));
    let is_choice = |text: &str| text.chars().all(|letter| letter.is_alphanumeric() || "_-|".contains(letter));
    if let Some(choices) = choices.filter(|text| is_choice(text)) {
        return Some(choices.split('|').map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", "));
    }
    MEASURES.iter().find(|(part, _)| pattern.contains(part)).map(|(_, words)| (*words).to_owned())
}

/// A description without its sentence about the default, and that sentence's content.
fn without_default(text: &str) -> (String, String) {
    let Some(at) = text.find("Default ").or_else(|| text.find("Default: ")) else {
        return (text.to_owned(), String::new());
    };
    let (before, sentence) = text.split_at(at);
    let sentence = sentence.trim_start_matches("Default").trim_start_matches(':').trim_start();
    let (default, after) = sentence.split_once(". ").unwrap_or((sentence.trim_end_matches('.'), ""));
    (format!("{}{}{after}", before.trim_end(), if after.is_empty() { "" } else { " " }), default.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_words() {
        let schema = json_schema();
        let sections = sections(&schema);
        let paths: BTreeMap<&str, &str> = sections.iter().map(|(name, path)| (name.as_str(), path.as_str())).collect();
        for (name, path) in &sections {
            for (key, schema) in keys(&schema[DEFINITIONS][name]) {
                assert!(value(schema, &paths).is_ok(), "{path}.{key}: {:?} has no words", value(schema, &paths));
            }
        }
    }

    #[test]
    fn every_mapping_of_the_schema_has_a_section_and_every_key_a_row() {
        let (schema, text) = (json_schema(), text());
        let definitions = schema[DEFINITIONS].as_object().unwrap();
        assert_eq!(text.matches("\n## ").count(), definitions.len() + 1, "and the sample");
        let keys: usize = definitions.values().map(|definition| keys(definition).count()).sum();
        let rows = text.lines().filter(|line| line.starts_with("| `") || line.starts_with("| **`")).count();
        assert_eq!(rows, keys);
    }

    #[test]
    fn headings_are_paths_below_an_environment() {
        assert_eq!(heading("environments.NAME.services.NAME.probes.NAME"), "`services.NAME.probes.NAME`");
        assert_eq!(
            (heading("environments.NAME"), heading("")),
            ("`environments.NAME`".to_owned(), "The file".to_owned())
        );
        assert_eq!(anchor("`policy.matrix[]`"), "policymatrix");
    }

    #[test]
    fn a_default_has_a_place_of_its_own() {
        let of = without_default;
        assert_eq!(of("How many. Default 3."), ("How many.".to_owned(), "3".to_owned()));
        assert_eq!(
            of("Its name. Default: the same. Not less."),
            ("Its name. Not less.".to_owned(), "the same".to_owned())
        );
        assert_eq!(of("The default one (default)."), ("The default one (default).".to_owned(), String::new()));
    }
}
