//! The evidence of a run: what was kept of services before it was lost, and the files that were replaced.

use backout_core::id::ServiceName;
use backout_core::inventory::BlobRef;
use backout_core::journal::{ActStage, Body, Record};
use serde::Serialize;

use crate::error::CliError;

/// One piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Piece {
    /// What it is asked for by.
    pub(crate) name: String,
    /// The service it is of, for logs and states.
    pub(crate) service: Option<ServiceName>,
    /// Its content.
    pub(crate) content: BlobRef,
}

/// Every piece, in the order in which they were kept. A replaced file goes by its path.
pub(crate) fn pieces(records: &[Record]) -> Vec<Piece> {
    let each = records.iter().flat_map(|record| match &record.body {
        Body::EvidenceKept { service, items } => items.iter().map(|item| kept(service, item)).collect(),
        Body::FileReplaced { path, was: Some(content) } => {
            vec![Piece { name: path.clone(), service: None, content: content.clone() }]
        }
        Body::StrayRemoved { removal } if removal.stage == ActStage::Intended => {
            let name = format!("{}.inspect.json", removal.name);
            vec![Piece { name, service: None, content: removal.definition.clone() }]
        }
        _ => Vec::new(),
    });
    each.collect()
}

fn kept(service: &ServiceName, (name, content): &(String, BlobRef)) -> Piece {
    Piece { name: name.clone(), service: Some(service.clone()), content: content.clone() }
}

/// The piece of that name: `app-1.log`, or with its service where several have one, `app/app-1.log`. Of several tries the
/// newest.
pub(crate) fn find<'a>(pieces: &'a [Piece], typed: &str) -> Result<&'a Piece, CliError> {
    let is_named = |piece: &&Piece| {
        let with_service = piece.service.as_ref().map(|service| format!("{service}/{}", piece.name));
        piece.name == typed || with_service.as_deref() == Some(typed)
    };
    let found: Vec<&Piece> = pieces.iter().filter(is_named).collect();
    let Some(newest) = found.last() else {
        let names: Vec<&str> = pieces.iter().map(|piece| piece.name.as_str()).collect();
        let error = CliError::usage(format!("the run has no evidence named `{typed}`"));
        return Err(if names.is_empty() {
            error.hint("it kept none")
        } else {
            error.hint(format!("it has: {}", names.join(", ")))
        });
    };
    match found.iter().find(|piece| piece.service != newest.service) {
        None => Ok(newest),
        Some(other) => {
            let of = |piece: &Piece| piece.service.as_ref().map_or_else(String::new, |s| format!("`{s}/{typed}`"));
            Err(CliError::usage(format!("several services have evidence named `{typed}`")).hint(format!(
                "name the service as well: {} or {}",
                of(other),
                of(newest)
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use backout_core::id::Digest;

    use super::*;

    fn piece(service: &str, name: &str, content: &str) -> Piece {
        let content = BlobRef { digest: Digest::of(content.as_bytes()), bytes: 1 };
        Piece { name: name.to_owned(), service: ServiceName::new(service).ok(), content }
    }

    #[test]
    fn of_several_tries_the_newest_is_found() {
        let pieces = [piece("app", "app.log", "first"), piece("app", "app.log", "second")];
        assert_eq!(find(&pieces, "app.log").unwrap(), &pieces[1]);
    }

    #[test]
    fn a_name_that_two_services_share_needs_the_service() {
        let pieces = [piece("app", "1.log", "a"), piece("db", "1.log", "b")];
        let error = find(&pieces, "1.log").unwrap_err();
        assert_eq!(error.hints, ["name the service as well: `app/1.log` or `db/1.log`"]);
        assert_eq!(find(&pieces, "db/1.log").unwrap(), &pieces[1]);
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        let error = find(&[piece("app", "1.log", "a")], "2.log").unwrap_err();
        assert_eq!(error.hints, ["it has: 1.log"]);
    }
}
