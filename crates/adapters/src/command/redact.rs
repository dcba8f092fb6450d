//! Taking secrets out of text that people or logs will see.

/// What stands in place of a secret.
const MASK: &str = "[redacted]";

/// Shorter secrets are left alone: masking every `1` of a text says more about the secret than it hides.
const SHORTEST: usize = 3;

/// Replaces known secrets in text.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a secret that contains another one is masked whole.
    secrets: Vec<String>,
}

impl Redactor {
    /// Remembers secrets; those of fewer than three bytes are ignored.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST).collect();
        secrets.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Self { secrets }
    }

    /// The text with every known secret masked.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_contains_another_is_masked_whole() {
        let redactor = Redactor::new(["hunter".to_owned(), "hunter2".to_owned()]);
        assert_eq!(redactor.apply("x=hunter2 y=hunter"), "x=[redacted] y=[redacted]");
    }

    #[test]
    fn a_very_short_secret_does_not_mutilate_the_text() {
        assert_eq!(Redactor::new(["1".to_owned(), String::new()]).apply("exit 1"), "exit 1");
    }
}
