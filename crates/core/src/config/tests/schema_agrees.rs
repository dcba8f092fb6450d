//! The JSON Schema says what the reader does.

use proptest::prelude::*;
use serde_json::Value;

use super::validator::misfit;
use super::{SAMPLE, loaded, problems};
use crate::config::json_schema;
use crate::config::read::{Node, NodeValue, Sink, tree};

/// The document as an editor sees it.
fn document(text: &str) -> Value {
    fn json(node: &Node) -> Value {
        match &node.value {
            _ if node.is_null() => Value::Null,
            NodeValue::Scalar { text, plain } => match serde_json::from_str(text) {
                Ok(value @ (Value::Bool(_) | Value::Number(_))) if *plain => value,
                _ => Value::from(text.as_str()),
            },
            NodeValue::List(nodes) => nodes.iter().map(json).collect(),
            NodeValue::Map(nodes) => nodes.iter().map(|node| (node.name.clone(), json(node))).collect(),
        }
    }
    json(&tree(text, &mut Sink::new()).unwrap())
}

fn objection(text: &str) -> Option<String> {
    let schema = json_schema();
    misfit(&document(text), &schema, &schema)
}

#[test]
fn the_schema_is_as_it_was() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&json_schema()).unwrap());
}

#[test]
fn the_sample_fits_the_schema() {
    assert_eq!(objection(SAMPLE), None);
}

#[test]
fn the_schema_refuses_what_the_reader_refuses_for_its_shape() {
    let broken = [
        ("version: 1", "version: one"),
        ("project: shop\n\n", "\n"),
        ("tier: application", "tiers: application"),
        ("soak: 5m", "soak: 5"),
        ("error_rate_below: 1%", "error_rate_below: 1"),
        ("consecutive: 3", "consecutive: 0"),
        ("status: 200  ", "status: 2000 "),
        ("in: container ", "in: box       "),
        ("automatic: false", "automatic: maybe"),
        ("django: {", "djnago: {"),
        ("store: \"file:backups/\"", "store: \"backups/\""),
        ("flush: { pattern", "flush: { keys"),
        ("recipients: [\"age1", "recipients: [\"ssh1"),
        ("[app.health, app.db]", "app.health"),
    ];
    for (from, to) in broken {
        let text = SAMPLE.replacen(from, to, 1);
        assert_ne!(text, SAMPLE, "{from}");
        assert!(objection(&text).is_some(), "{to}");
        assert!(loaded(&text).is_err(), "{to}: {:?}", problems(&text));
    }
}

#[test]
fn every_key_of_the_schema_is_documented() {
    let schema = json_schema();
    for (name, definition) in schema["definitions"].as_object().unwrap() {
        assert!(!definition["description"].as_str().unwrap().is_empty(), "{name}");
        for (key, property) in definition["properties"].as_object().unwrap() {
            assert!(!property["description"].as_str().unwrap().is_empty(), "{name}.{key}");
        }
    }
}

proptest! {
    /// What the reader takes, the schema takes: an editor never marks a file that works.
    #[test]
    fn a_changed_sample_that_resolves_fits_the_schema(
        at in any::<prop::sample::Index>(),
        value in prop::sample::select(vec!["5m", "5", "5%", "app.db", "true", "~", "[a]", "{}", "host", "x", "0.5", "\"1\"", "POST", "3xx", "9h"]),
    ) {
        let colons: Vec<usize> = SAMPLE.match_indices(": ").map(|(index, _)| index + 2).collect();
        let start = colons[at.index(colons.len())];
        let rest = &SAMPLE[start..];
        let end = start + rest.find([',', '}', '\n']).unwrap();
        let text = format!("{}{value} {}", &SAMPLE[..start], &SAMPLE[end..]);
        if loaded(&text).is_ok() {
            prop_assert_eq!(objection(&text), None);
        }
    }
}
