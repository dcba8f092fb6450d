//! As whom things are made.
//!
//! | we are | owners in the archive | made as |
//! |---|---|---|
//! | superuser | any | dumped: everything is given to its owner |
//! | another role | none, or only ourselves | dumped |
//! | another role | one, of which we are a member | that owner, from the beginning |
//! | another role | several, of all of which we are a member | dumped |
//! | another role | one of which we are no member | refused: what belongs to others would change hands |
//!
//! Grants are made in all cases: without them an application cannot read its tables.

use std::collections::BTreeSet;

use backout_core::data::Manifest;
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::words::failed;

/// Who we are on a server, and whom we may act for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ourselves {
    /// The role.
    pub(super) role: String,
    /// Whether it is a superuser.
    pub(super) is_superuser: bool,
    /// Every role of the server.
    pub(super) roles: BTreeSet<String>,
    /// The roles that we are a member of, ourselves among them.
    pub(super) member_of: BTreeSet<String>,
}

impl Ourselves {
    /// Asks the server.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) async fn on(client: &Client) -> Result<Self, PortError> {
        let failed = |error| failed("could not read the roles", &error);
        let ask = "SELECT current_user::text, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)";
        let own = client.query_typed_one(ask, &[]).await.map_err(failed)?;
        let ask = "SELECT rolname::text, pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles";
        let rows = client.query_typed(ask, &[]).await.map_err(failed)?;
        let member_of = rows.iter().filter(|row| row.get(1)).map(|row| row.get(0)).collect();
        let roles = rows.iter().map(|row| row.get(0)).collect();
        Ok(Self { role: own.get(0), is_superuser: own.get(1), roles, member_of })
    }
}

/// That every role that owns or is granted something is there.
///
/// # Errors
/// Those that are not.
pub(super) fn all_there(manifest: &Manifest, ourselves: &Ourselves) -> Result<(), PortError> {
    let missing: Vec<&str> =
        manifest.roles.iter().filter(|role| !ourselves.roles.contains(*role)).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|role| format!("`{role}`")).collect::<Vec<_>>().join(", ");
    Err(PortError::new(format!("roles that own or are granted something are not on the server: {names}"))
        .hint(format!("make them, with the rights they had: `CREATE ROLE {}`", missing[0])))
}

/// The words for `pg_restore` that make everything as the table above says.
///
/// # Errors
/// Owners that we may not act for.
pub(super) fn words(owners: &BTreeSet<&str>, ourselves: &Ourselves) -> Result<Vec<String>, PortError> {
    let foreign: Vec<&str> = owners.iter().copied().filter(|owner| !ourselves.member_of.contains(*owner)).collect();
    let ours = &ourselves.role;
    match (ourselves.is_superuser, foreign.first(), owners.first()) {
        (true, ..) => Ok(Vec::new()),
        (false, Some(owner), _) => Err(PortError::new(format!(
            "what belongs to `{}` cannot be restored as `{ours}`: it would belong to somebody else then",
            foreign.join("`, `")
        ))
        .hint(format!("name a superuser: `admin`, or `GRANT \"{owner}\" TO \"{ours}\"`"))),
        (false, None, Some(owner)) if owners.len() == 1 && owner != ours => {
            Ok(vec!["--no-owner".to_owned(), format!("--role={owner}")])
        }
        (false, None, _) => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ourselves(is_superuser: bool) -> Ourselves {
        let member_of = ["deploy", "shop", "reports"].map(str::to_owned).into();
        Ourselves { role: "deploy".to_owned(), is_superuser, roles: BTreeSet::new(), member_of }
    }

    #[test]
    fn things_are_made_as_the_table_says() {
        let as_dumped: [&str; 0] = [];
        assert_eq!(words(&["shop", "stranger"].into(), &ourselves(true)).unwrap(), as_dumped);
        assert_eq!(words(&["deploy"].into(), &ourselves(false)).unwrap(), as_dumped);
        assert_eq!(words(&["shop"].into(), &ourselves(false)).unwrap(), ["--no-owner", "--role=shop"]);
        assert_eq!(words(&["shop", "reports"].into(), &ourselves(false)).unwrap(), as_dumped);
        let refused = words(&["shop", "stranger"].into(), &ourselves(false)).unwrap_err();
        assert!(refused.what.contains("`stranger`") && !refused.what.contains("`shop`"), "{refused}");
    }
}
