//! Whether a migration that its tool fails on is done already, and was only not written down.
//!
//! Django commits what undoing a migration does to the schema, and takes the migration out of its table in a second
//! transaction; applying one can fall apart the same way. Killed between the two, the table says what is no longer so, and the tool
//! fails on it for ever: what it is to drop is gone. No error's text tells that from a schema that somebody has changed. A
//! trial does, in a transaction that is rolled back: the migration goes the other way and comes back again.
//!
//! | each way is one transaction | going the other way | coming back | then it is |
//! |---|---|---|---|
//! | no | | | unknown: a part of it may be done |
//! | yes | fails | | not done |
//! | yes | changes nothing | | unknown: the schema does not show it |
//! | yes | changes something | fails, or leads elsewhere | somewhere else |
//! | yes | changes something | leads to where the schema stands | **done** |
//!
//! The last row is exact: where the schema stands is what the migration makes of where it leads from, down to each column,
//! and a migration that is one transaction was done wholly or not at all.

use super::statement::{Kind, classify};
use crate::data::Schema;

/// What was seen in the transaction that was rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The schema as it stands.
    pub now: Schema,
    /// After the migration went the other way.
    pub across: Schema,
    /// After it came back.
    pub back: Schema,
}

/// Whether a migration is done and only not written down. Where it is not proven, why, as the end of a sentence.
///
/// # Errors
/// Why the schema is not exactly what the migration leads to.
pub fn unrecorded(trial: &Trial) -> Result<(), String> {
    if trial.across == trial.now {
        return Err("the schema looks the same with and without it".to_owned());
    }
    let difference = super::schema_difference(&trial.back, &trial.now).sentences();
    match difference.as_slice() {
        _ if trial.back == trial.now => Ok(()),
        [] => Err("the schema is not what it leads to".to_owned()),
        [first, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
            Err(format!("the schema is not what it leads to: {first}{more}"))
        }
    }
}

/// The statements of a script that is one transaction from its first word to its last, without those that begin and end
/// it; `None` where a part of it could be done without the rest.
#[must_use]
pub fn whole(script: &str) -> Option<Vec<String>> {
    let statements = classify(script);
    let [begin, within @ .., commit] = statements.as_slice() else { return None };
    let says = |text: &str, word: &str| text.trim_end().to_uppercase().ends_with(word);
    let is_framed = begin.kind == Kind::Control
        && says(&begin.text, "BEGIN")
        && commit.kind == Kind::Control
        && says(&commit.text, "COMMIT");
    let is_one = within.iter().all(|it| it.kind != Kind::Control && it.is_transactional);
    (is_framed && is_one).then(|| within.iter().map(|it| it.text.clone()).collect())
}
