//! `${VAR}` and `${VAR:-default}` in values.
//!
//! Contract: `$${` stands for `${`; a `$` that no `{` follows is itself. As in Compose, the default is also used where
//! the variable is set and empty. What a variable holds never comes into a message.

use std::borrow::Cow;

use crate::config::ProblemCode;
use crate::config::leaf::is_variable;
use crate::config::read::Complaint;

/// The text with its variables replaced.
pub(super) fn interpolate<'a>(
    text: &'a str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Cow<'a, str>, Vec<Complaint>> {
    if !text.contains("${") {
        return Ok(Cow::Borrowed(text));
    }
    let mut done = String::new();
    let mut complaints = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            done.push_str(before);
            done.push_str("${");
            rest = after;
            continue;
        }
        done.push_str(before);
        let Some((inside, tail)) = after.split_once('}') else {
            complaints.push(bad("`${` has no `}` after it"));
            rest = "";
            break;
        };
        match variable(inside, environment) {
            Ok(value) => done.push_str(&value),
            Err(complaint) => complaints.push(complaint),
        }
        rest = tail;
    }
    done.push_str(rest);
    if complaints.is_empty() { Ok(Cow::Owned(done)) } else { Err(complaints) }
}

fn variable(inside: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<String, Complaint> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    if !is_variable(name) || default.is_some_and(|default| default.contains("${")) {
        return Err(bad(&format!("`${{{inside}}}` is not `${{NAME}}` or `${{NAME:-default}}`")));
    }
    let set = environment(name);
    match (set, default) {
        (Some(value), Some(default)) if value.is_empty() => Ok(default.to_owned()),
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => {
            let what = format!("the environment variable `{name}` is not set");
            let hint = format!("set it, or give a default: `${{{name}:-default}}`");
            Err(Complaint::hiding(ProblemCode::UnsetVariable, what).hint(hint))
        }
    }
}

fn bad(what: &str) -> Complaint {
    Complaint::hiding(ProblemCode::InvalidInterpolation, what).hint("write `$${` where you mean `${` itself")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, Vec<ProblemCode>> {
        let environment = |name: &str| match name {
            "PORT" => Some("8001".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        interpolate(text, &environment)
            .map(Cow::into_owned)
            .map_err(|complaints| complaints.into_iter().map(|complaint| complaint.code).collect())
    }

    #[test]
    fn variables_and_defaults_are_filled_in() {
        assert_eq!(filled("http://h:${PORT}/${NONE:-health}").as_deref(), Ok("http://h:8001/health"));
        assert_eq!(filled("${EMPTY:-x}${EMPTY}").as_deref(), Ok("x"));
        assert_eq!(filled("$5 $$ $${PORT} ^ok$").as_deref(), Ok("$5 $$ ${PORT} ^ok$"));
    }

    #[test]
    fn every_broken_variable_of_a_text_is_reported() {
        use ProblemCode::{InvalidInterpolation, UnsetVariable};
        assert_eq!(filled("${A} ${1} ${B"), Err(vec![UnsetVariable, InvalidInterpolation, InvalidInterpolation]));
        assert_eq!(filled("${A:-${B}}"), Err(vec![InvalidInterpolation]));
    }
}
