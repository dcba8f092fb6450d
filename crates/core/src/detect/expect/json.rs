//! Whether a JSON value contains another.

use serde_json::Value;

/// How much of an answer is quoted.
const QUOTED: usize = 60;

/// The first difference, in words; `None` where `actual` contains `expected`. Objects may have more members at every
/// depth; arrays have as many elements, each containing its counterpart; numbers are equal by value (`1` is `1.0`).
pub(super) fn difference(expected: &Value, actual: &Value) -> Option<String> {
    let mut path = String::new();
    find(expected, actual, &mut path)
}

fn find(expected: &Value, actual: &Value, path: &mut String) -> Option<String> {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(there)) => wanted.iter().find_map(|(name, value)| {
            let dot = if path.is_empty() { "" } else { "." };
            within(path, &format!("{dot}{name}"), |path| match there.get(name) {
                Some(actual) => find(value, actual, path),
                None => Some(format!("{} is missing", place(path))),
            })
        }),
        (Value::Array(wanted), Value::Array(there)) if wanted.len() == there.len() => {
            let mut pairs = wanted.iter().zip(there).enumerate();
            pairs.find_map(|(index, (value, actual))| {
                within(path, &format!("[{index}]"), |path| find(value, actual, path))
            })
        }
        _ if is_equal(expected, actual) => None,
        _ => {
            let (actual, expected) = (short(&actual.to_string()), short(&expected.to_string()));
            Some(format!("{} is {actual}, expected {expected}", place(path)))
        }
    }
}

fn within(path: &mut String, step: &str, look: impl FnOnce(&mut String) -> Option<String>) -> Option<String> {
    let length = path.len();
    path.push_str(step);
    let found = look(path);
    path.truncate(length);
    found
}

fn is_equal(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Number(expected), Value::Number(actual)) => {
            expected == actual || (expected.is_f64() || actual.is_f64()) && expected.as_f64() == actual.as_f64()
        }
        _ => expected == actual,
    }
}

fn place(path: &str) -> String {
    if path.is_empty() { "it".to_owned() } else { format!("`{path}`") }
}

/// The beginning of a text.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn more_members_at_any_depth_are_no_difference() {
        let actual = json!({"a": {"b": 1, "more": true}, "list": [{"x": 1, "y": 2}], "more": null});
        assert_eq!(difference(&json!({"a": {"b": 1}, "list": [{"x": 1}]}), &actual), None);
        assert_eq!(difference(&json!({}), &actual), None);
    }

    #[test]
    fn the_place_of_a_difference_is_named() {
        let actual = json!({"checks": {"db": ["ok", "slow"]}});
        let found = |expected| difference(&expected, &actual).unwrap();
        assert_eq!(found(json!({"checks": {"db": ["ok", "ok"]}})), r#"`checks.db[1]` is "slow", expected "ok""#);
        assert_eq!(found(json!({"checks": {"cache": 1}})), "`checks.cache` is missing");
        assert_eq!(found(json!({"checks": {"db": ["ok"]}})), r#"`checks.db` is ["ok","slow"], expected ["ok"]"#);
    }

    #[test]
    fn values_of_other_types_differ_and_numbers_are_equal_by_value() {
        assert_eq!(difference(&json!(1), &json!(1.0)), None);
        assert!(difference(&json!(1), &json!("1")).is_some());
        assert!(difference(&json!(null), &json!(false)).is_some());
        assert!(difference(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992_u64)).is_some());
    }

    #[test]
    fn a_long_value_is_quoted_in_part() {
        let what = difference(&json!("x"), &json!("é".repeat(5_000))).unwrap();
        assert!(what.len() < 200, "{what}");
    }
}
