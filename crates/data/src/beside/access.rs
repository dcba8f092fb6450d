//! Who may do what with a database: read as rows, replaced as statements.

use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::marks::Marked;
use crate::words::{failed, quoted};

/// One privilege of one role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    grantor: String,
    /// `None` is everybody.
    grantee: Option<String>,
    privilege: String,
    is_grantable: bool,
}

/// The privileges that an access control list says; those that `owner`'s databases have by default where it is `None`.
pub(crate) async fn grants(client: &Client, acl: Option<&[String]>, owner: &str) -> Result<Vec<Grant>, PortError> {
    let query = "SELECT pg_get_userbyid(grantor)::text, CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee)::text END, \
                 privilege_type, is_grantable FROM aclexplode(coalesce($1::text[]::aclitem[], \
                 acldefault('d', (SELECT oid FROM pg_roles WHERE rolname = $2::text))))";
    let rows = client.query(query, &[&acl, &owner]).await;
    let rows = rows.map_err(|error| failed("could not read the privileges on a database", &error))?;
    let grants = rows.iter().map(|row| Grant {
        grantor: row.get(0),
        grantee: row.get(1),
        privilege: row.get(2),
        is_grantable: row.get(3),
    });
    Ok(grants.collect())
}

/// The statements that open a database as its access control list shall be.
pub(crate) async fn opened(
    client: &Client,
    database: &Marked,
    acl: Option<&[String]>,
) -> Result<Vec<String>, PortError> {
    let now = grants(client, database.acl.as_deref(), &database.owner).await?;
    let wanted = grants(client, acl, &database.owner).await?;
    Ok(replaced(&database.dbname, &database.owner, &now, &wanted))
}

/// The statements that leave a database to the role of this session, and to superusers. Its owner cannot connect, and has what
/// a restore in its name needs.
pub(crate) async fn closed(client: &Client, database: &Marked) -> Result<Vec<String>, PortError> {
    let now = grants(client, database.acl.as_deref(), &database.owner).await?;
    let mut statements = replaced(&database.dbname, &database.owner, &now, &[]);
    let name = quoted(&database.dbname);
    statements.push(format!("GRANT CREATE, TEMPORARY ON DATABASE {name} TO {}", quoted(&database.owner)));
    statements.push(format!("GRANT CONNECT, TEMPORARY ON DATABASE {name} TO CURRENT_USER"));
    Ok(statements)
}

/// The statements that turn one set of privileges into another. Whoever is not the owner grants in a role of its own.
fn replaced(dbname: &str, owner: &str, now: &[Grant], wanted: &[Grant]) -> Vec<String> {
    let dbname = quoted(dbname);
    let mut grantees: Vec<&Option<String>> = now.iter().map(|grant| &grant.grantee).collect();
    grantees.sort();
    grantees.dedup();
    let revoked = grantees
        .into_iter()
        .map(|grantee| format!("REVOKE ALL PRIVILEGES ON DATABASE {dbname} FROM {} CASCADE", role(grantee.as_deref())));
    let (by_owner, by_others): (Vec<&Grant>, Vec<&Grant>) = wanted.iter().partition(|grant| grant.grantor == owner);
    let granted = by_owner.into_iter().map(|grant| grant.statement(&dbname));
    let granted_by_others = by_others.into_iter().flat_map(|grant| {
        let as_grantor = format!("SET LOCAL ROLE {}", quoted(&grant.grantor));
        [as_grantor, grant.statement(&dbname), "RESET ROLE".to_owned()]
    });
    revoked.chain(granted).chain(granted_by_others).collect()
}

impl Grant {
    fn statement(&self, dbname: &str) -> String {
        let option = if self.is_grantable { " WITH GRANT OPTION" } else { "" };
        format!("GRANT {} ON DATABASE {dbname} TO {}{option}", self.privilege, role(self.grantee.as_deref()))
    }
}

fn role(grantee: Option<&str>) -> String {
    grantee.map_or_else(|| "PUBLIC".to_owned(), quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(grantor: &str, grantee: Option<&str>, privilege: &str, is_grantable: bool) -> Grant {
        let (grantor, grantee) = (grantor.to_owned(), grantee.map(str::to_owned));
        Grant { grantor, grantee, privilege: privilege.to_owned(), is_grantable }
    }

    #[test]
    fn privileges_are_taken_away_before_they_are_given_and_each_by_who_gave_it() {
        let now = [grant("app", None, "CONNECT", false), grant("app", None, "TEMPORARY", false)];
        let wanted =
            [grant("Lead \"1\"", Some("intern"), "CONNECT", false), grant("app", Some("Lead \"1\""), "CONNECT", true)];
        let statements = replaced("shop", "app", &now, &wanted);
        let expected = [
            "REVOKE ALL PRIVILEGES ON DATABASE \"shop\" FROM PUBLIC CASCADE",
            "GRANT CONNECT ON DATABASE \"shop\" TO \"Lead \"\"1\"\"\" WITH GRANT OPTION",
            "SET LOCAL ROLE \"Lead \"\"1\"\"\"",
            "GRANT CONNECT ON DATABASE \"shop\" TO \"intern\"",
            "RESET ROLE",
        ];
        assert_eq!(statements, expected);
    }
}
