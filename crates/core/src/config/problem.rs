//! Problems of a configuration: what is wrong, where, and what to do about it.
//!
//! Contract: data only. Whoever shows them draws the caret; messages hold no value that came from the environment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// Where it starts, in bytes from the start of the text.
    pub offset: usize,
    /// How long it is, in bytes; 0 for a point.
    pub len: usize,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

/// Whether a problem keeps the configuration from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, and should be changed.
    Warning,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $text:literal,)*) => {
        /// The kind of a problem: what `backout explain` explains.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum ProblemCode {
            $($(#[doc = $doc])* $variant,)*
        }

        impl ProblemCode {
            /// All of them.
            pub const ALL: &[ProblemCode] = &[$(ProblemCode::$variant),*];

            /// The code as it is printed and typed.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(ProblemCode::$variant => $text,)* }
            }

            /// What the code stands for, in a sentence.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $(ProblemCode::$variant => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

codes! {
    /// The text is not YAML.
    YamlSyntax = "yaml-syntax",
    /// The text is YAML of a kind that a configuration does not need: tags, several documents, keys that are not text.
    YamlFeature = "yaml-feature",
    /// The text is too large, too deep, or grows too large through aliases.
    TooLarge = "too-large",
    /// The same key stands twice in one mapping.
    DuplicateKey = "duplicate-key",
    /// There is no such key.
    UnknownKey = "unknown-key",
    /// A key that must be there is not.
    MissingKey = "missing-key",
    /// A mapping, a list or a single value stands where another of them is expected.
    WrongType = "wrong-type",
    /// The value cannot be read as what it should be.
    InvalidValue = "invalid-value",
    /// The name has characters that a name cannot have.
    InvalidName = "invalid-name",
    /// A duration is not written as `500ms`, `30s`, `5m` or `1h30m`.
    InvalidDuration = "invalid-duration",
    /// A threshold is not a number, a percentage or a duration, or its unit does not fit what it is compared with.
    InvalidThreshold = "invalid-threshold",
    /// `${` is not followed by a variable name and `}`.
    InvalidInterpolation = "invalid-interpolation",
    /// An environment variable is used that is not set and has no default.
    UnsetVariable = "unset-variable",
    /// A signal is named that does not exist.
    UnknownSignal = "unknown-signal",
    /// A service is named that does not exist.
    UnknownService = "unknown-service",
    /// Services depend on each other in a circle.
    DependencyCycle = "dependency-cycle",
    /// Two settings exclude each other, or a setting lacks the one that gives it meaning.
    Contradiction = "contradiction",
    /// The file is of a format version that this `backout` does not know.
    UnsupportedVersion = "unsupported-version",
    /// The platform, or a setting of it, is known and not supported by this version.
    UnsupportedPlatform = "unsupported-platform",
    /// There is no environment, or an environment has no services.
    NothingToGuard = "nothing-to-guard",
    /// A secret is written into the file.
    LiteralSecret = "literal-secret",
    /// A trigger can never fire.
    IdleTrigger = "idle-trigger",
}

impl std::fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Its kind.
    pub code: ProblemCode,
    /// What is wrong, in a sentence without its full stop; names stand in backticks.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where; `None` where no place can be named.
    pub span: Option<Span>,
    /// Whether the configuration can be used all the same.
    pub severity: Severity,
}

impl Problem {
    /// An error without a hint.
    #[must_use]
    pub fn error(code: ProblemCode, span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, span: span.into(), severity: Severity::Error }
    }

    /// A warning without a hint.
    #[must_use]
    pub fn warning(code: ProblemCode, span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// The same problem with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(span) = self.span {
            write!(f, "{}:{}: ", span.line, span.column)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a configuration, in the order of the text; at least one is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("the configuration has {}", self.count())]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    fn count(&self) -> String {
        match self.0.len() {
            1 => "1 problem".to_owned(),
            many => format!("{many} problems"),
        }
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}
