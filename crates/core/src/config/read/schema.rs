//! The JSON Schema, draft 7 (what editors understand best), from the declarations of the raw types.

use serde_json::{Map, Value, json};

/// One key of a mapping.
pub(in crate::config) struct Member {
    /// The key.
    pub(in crate::config) key: &'static str,
    /// Its documentation.
    pub(in crate::config) doc: &'static str,
    /// Whether it must be there.
    pub(in crate::config) required: bool,
    /// The schema of its value.
    pub(in crate::config) schema: Value,
}

/// The named schemas collected so far.
#[derive(Default)]
pub(in crate::config) struct Defs(Map<String, Value>);

impl Defs {
    /// Adds a mapping with known keys, and returns a reference to it. Without a required key, nothing counts as an empty
    /// mapping.
    pub(in crate::config) fn object(&mut self, name: &str, doc: &str, members: Vec<Member>) -> Value {
        let name = name.strip_prefix("Raw").unwrap_or(name);
        let required: Vec<&str> = members.iter().filter(|member| member.required).map(|member| member.key).collect();
        let mut schema = json!({
            "description": doc,
            "type": if required.is_empty() { json!(["object", "null"]) } else { json!("object") },
            "additionalProperties": false,
        });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema["properties"] = members.into_iter().map(|member| (member.key.to_owned(), described(member))).collect();
        self.0.insert(name.to_owned(), schema);
        json!({ "$ref": format!("#/definitions/{name}") })
    }

    /// The whole schema, starting at `root`.
    pub(in crate::config) fn finish(self, root: &Value) -> Value {
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "backout.yaml",
            "allOf": [root],
            "definitions": self.0,
        })
    }
}

/// In draft 7 whatever stands beside a `$ref` is ignored, so a described reference is wrapped.
fn described(member: Member) -> Value {
    let mut schema =
        if member.schema.get("$ref").is_some() { json!({ "allOf": [member.schema] }) } else { member.schema };
    schema["description"] = json!(member.doc);
    schema
}
