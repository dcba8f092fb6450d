//! Secret references: `env:NAME`, `file:PATH`, `exec:COMMAND`.

use crate::config::read::{Accepts, Complaint, Leaf};
use crate::config::{ProblemCode, SecretOrText, SecretRef, Sensitive};

impl Leaf for SecretOrText {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let bad = |what: &str| Err(Complaint::hiding(ProblemCode::InvalidValue, what));
        let secret = if let Some(name) = text.strip_prefix("env:") {
            if !is_variable(name) {
                return bad("`env:` is not followed by the name of a variable");
            }
            SecretRef::Env(name.to_owned())
        } else if let Some(path) = text.strip_prefix("file:") {
            if path.trim().is_empty() {
                return bad("`file:` is not followed by a path");
            }
            SecretRef::File(path.to_owned())
        } else if let Some(command) = text.strip_prefix("exec:") {
            match command_line(command) {
                Some(argv) => SecretRef::Exec(argv),
                None => return bad("`exec:` is not followed by a command, or by a list `[\"program\", \"argument\"]`"),
            }
        } else {
            return Ok(SecretOrText::Text(Sensitive::new(text.to_owned())));
        };
        Ok(SecretOrText::Secret(secret))
    }

    fn accepts() -> Accepts {
        Accepts::ANY
    }
}

/// Whether a text is the name of an environment variable.
pub(in crate::config) fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A JSON list is a program with its arguments; anything else is run by a shell.
fn command_line(command: &str) -> Option<Vec<String>> {
    let command = command.trim();
    if command.starts_with('[') {
        let argv: Vec<String> = serde_json::from_str(command).ok()?;
        return argv.first().is_some_and(|program| !program.is_empty()).then_some(argv);
    }
    (!command.is_empty()).then(|| vec!["sh".to_owned(), "-c".to_owned(), command.to_owned()])
}

/// Whether connection text as it was written, variables not yet replaced, holds a password: `//user:PASSWORD@`, or
/// `password=PASSWORD`.
pub(in crate::config) fn literal_password(written: &str) -> bool {
    let is_literal = |password: &str| !password.is_empty() && !password.starts_with("${");
    let user = written.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
    let in_user = user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| is_literal(password));
    let in_setting = written.split_once("password=").is_some_and(|(_, password)| is_literal(password));
    in_user || in_setting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_text_is_kept_from_sight() {
        let read = |text| SecretOrText::parse(text).unwrap();
        assert_eq!(read("env:DB"), SecretOrText::Secret(SecretRef::Env("DB".into())));
        assert_eq!(read("file:/run/db"), SecretOrText::Secret(SecretRef::File("/run/db".into())));
        let argv = vec!["vault".to_owned(), "read".to_owned()];
        assert_eq!(read(r#"exec:["vault", "read"]"#), SecretOrText::Secret(SecretRef::Exec(argv)));
        let shell = vec!["sh".to_owned(), "-c".to_owned(), "pass db".to_owned()];
        assert_eq!(read("exec:pass db"), SecretOrText::Secret(SecretRef::Exec(shell)));
        let text = read("hunter2");
        assert!(!format!("{text:?}{}", serde_json::to_string(&text).unwrap()).contains("hunter2"));
    }

    #[test]
    fn broken_references_are_refused() {
        for text in ["env:", "env:A B", "env:1A", "file:", "exec:", "exec:[", "exec:[]", r#"exec:[""]"#] {
            assert!(SecretOrText::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_counts_as_literal_unless_it_is_a_variable() {
        assert!(literal_password("postgres://shop:hunter2@db/shop"));
        assert!(literal_password("host=db password=hunter2"));
        assert!(!literal_password("postgres://shop:${PW}@db/shop"));
        assert!(!literal_password("postgres://shop@db/shop"));
        assert!(!literal_password("postgres://db:5432/shop"));
        assert!(!literal_password("env:DATABASE_URL"));
    }
}
