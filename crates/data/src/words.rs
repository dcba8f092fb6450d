//! What went wrong with PostgreSQL, in words.

use backout_core::port::PortError;
use tokio_postgres::Error;

/// An error of the server or of the connection, after what was being done: `could not read the catalogs of shop`.
pub(crate) fn failed(what: &str, error: &Error) -> PortError {
    match error.as_db_error() {
        Some(db) => {
            let detail = db.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
            let port = PortError::new(format!("{what}: {}{detail} [{}]", db.message(), db.code().code()));
            match db.hint() {
                Some(hint) => port.hint(hint.to_owned()),
                None => port,
            }
        }
        None => {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
            PortError::new(format!("{what}: {error}{cause}"))
        }
    }
}

/// A name as SQL has it, always quoted.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL has it. Backslashes mean themselves (`standard_conforming_strings`).
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_cannot_end_their_quotes() {
        assert_eq!(quoted("Weird \"Name\""), "\"Weird \"\"Name\"\"\"");
        assert_eq!(literal("it's"), "'it''s'");
    }
}
