//! Configurations that are YAML of any shape, and the sample cut and mixed up: bent bytes seldom get that far.

use proptest::prelude::*;

use super::config::feed;

/// The reference sample, as `backout init` and the documentation show it.
const SAMPLE: &str = include_str!("../../../src/config/sample.yaml");

/// Words that lead far into the reader.
fn word() -> impl Strategy<Value = String> {
    let words: Vec<String> = SAMPLE
        .split(|c: char| !(c.is_alphanumeric() || "_.%".contains(c)))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .chain(
            ["<<", "*a", "&a x", "~", "${", "${A}", "$${", "0s", "-1", "1e999", ".inf", "99999999999", "\"", "é"]
                .map(str::to_owned),
        )
        .collect();
    proptest::sample::select(words)
}

/// YAML in flow style of any shape.
fn flow() -> impl Strategy<Value = String> {
    word().prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|list| format!("[{}]", list.join(", "))),
            proptest::collection::vec((word(), inner), 0..6).prop_map(|map| {
                let entries: Vec<String> = map.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    })
}

fn service() -> impl Strategy<Value = String> {
    proptest::collection::vec((word(), flow()), 0..6).prop_map(|entries| {
        let entries: Vec<String> = entries.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
        format!("{{{}}}", entries.join(", "))
    })
}

proptest! {
    #[test]
    fn arbitrary_text_is_answered(text in "\\PC*") {
        feed(text.as_bytes());
    }

    #[test]
    fn arbitrary_characters_of_yaml_are_answered(text in "[-a-c:,{}\\[\\]&*!|>'\"%@`#?~<$. \n\t\r\u{feff}\u{0}é]{0,200}") {
        feed(text.as_bytes());
    }

    #[test]
    fn arbitrary_yaml_is_answered(text in flow()) {
        feed(text.as_bytes());
    }

    #[test]
    fn an_arbitrary_service_is_answered(service in service(), other in flow()) {
        let environment = format!("{{services: {{a: {service}}}, triggers: {other}}}");
        feed(format!("version: 1\nproject: p\nenvironments: {{e: {environment}}}").as_bytes());
    }

    #[test]
    fn the_sample_with_lines_moved_removed_or_changed_is_answered(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5_u8, word()), 1..6)
    ) {
        let mut lines: Vec<String> = SAMPLE.lines().map(str::to_owned).collect();
        for (at, other, kind, word) in edits {
            let (at, other) = (at.index(lines.len()), other.index(lines.len()));
            match kind {
                0 => { lines.remove(at); }
                1 => lines.swap(at, other),
                2 => { let line = lines[at].clone(); lines.insert(other, line); }
                3 => lines[at] = format!("  {}", lines[at]),
                _ => {
                    let cut = lines[at].char_indices().map(|(index, _)| index).nth(other % 40).unwrap_or(0);
                    lines[at].insert_str(cut, &word);
                }
            }
        }
        feed(lines.join("\n").as_bytes());
    }

    #[test]
    fn the_sample_cut_anywhere_is_answered(at in any::<prop::sample::Index>()) {
        let at = at.index(SAMPLE.len());
        feed(SAMPLE.get(..at).unwrap_or("").as_bytes());
    }
}
