//! Names as the configuration accepts them, and text as YAML takes it.

/// The longest name that is accepted, in bytes.
const LONGEST: usize = 63;

/// A name made of another one: what is not allowed in it becomes `-`. Dots too, which would be taken for a signal's path.
pub(super) fn name_of(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' };
    let name: String = text.chars().map(allowed).take(LONGEST).collect();
    let name = name.trim_matches(|c| c == '-' || c == '_');
    if name.is_empty() { "app".to_owned() } else { name.to_owned() }
}

/// Text as one YAML scalar: plain where that cannot be taken for anything else, else quoted. A `${` stays what it is.
pub(super) fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '/' || c == '.')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
        && text.chars().any(|c| c.is_ascii_lowercase())
        && !matches!(text, "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null")
        && !text.starts_with(".inf")
        && !text.starts_with(".nan");
    if is_plain {
        return text.to_owned();
    }
    let escaped: String = text.replace("${", "$${").chars().map(escape).collect();
    format!("\"{escaped}\"")
}

fn escape(c: char) -> String {
    match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    }
}

/// Several of them as a YAML list on one line.
pub(super) fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| scalar(item)).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_a_signal_path_could_not_carry() {
        assert_eq!(name_of("shop.api v2"), "shop-api-v2");
        assert_eq!(name_of("../"), "app");
    }

    #[test]
    fn words_that_mean_something_in_yaml_are_quoted() {
        assert_eq!(scalar("docker-compose.yml"), "docker-compose.yml");
        for text in ["no", "1.5", "a: b", "#x", "", "Null", "a\"b"] {
            assert!(scalar(text).starts_with('"'), "{text}");
        }
        assert_eq!(scalar("a ${HOME}\n"), r#""a $${HOME}\u000a""#);
    }
}
