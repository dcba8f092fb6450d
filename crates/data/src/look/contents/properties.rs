//! What belongs to a database and is in no dump of it: it follows the object, not the name.

use backout_core::data::{DatabaseProperties, RoleSetting};
use backout_core::port::PortError;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::tables::server_version;
use crate::marks;
use crate::words::failed;

/// The properties of the database called `dbname`; `client` may be in another one of the same server. What we
/// write into its comment is left out.
///
/// # Errors
/// Where there is no such database, or the catalogs cannot be read.
pub(crate) async fn properties(client: &Client, dbname: &str) -> Result<DatabaseProperties, PortError> {
    let query = database_query(server_version(client).await?);
    let found = named(client, dbname, &query).await?;
    let row = found.first().ok_or_else(|| PortError::new(format!("there is no database `{dbname}` on the server")))?;
    let mut acl: Option<Vec<String>> = row.get(7);
    if let Some(acl) = &mut acl {
        acl.sort();
    }
    Ok(DatabaseProperties {
        owner: row.get(0),
        encoding: row.get(1),
        locale_provider: row.get(2),
        collate: row.get(3),
        ctype: row.get(4),
        icu_locale: row.get(5),
        tablespace: row.get(6),
        acl,
        connection_limit: row.get(8),
        comment: marks::without(row.get(9)),
        settings: settings(client, dbname).await?,
        security_labels: security_labels(client, dbname).await?,
    })
}

/// Columns came and changed their names: the provider in 15, `datlocale` for `daticulocale` in 17.
fn database_query(server_version: u32) -> String {
    let (provider, locale) = match server_version {
        ..=149_999 => ("'c'", "NULL"),
        150_000..=169_999 => ("d.datlocprovider", "d.daticulocale"),
        _ => ("d.datlocprovider", "d.datlocale"),
    };
    format!(
        "SELECT pg_catalog.pg_get_userbyid(d.datdba)::text, pg_catalog.pg_encoding_to_char(d.encoding)::text, \
           {provider}::text, d.datcollate::text, d.datctype::text, {locale}::text, t.spcname::text, \
           d.datacl::text[], d.datconnlimit, pg_catalog.shobj_description(d.oid, 'pg_database') \
         FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace \
         WHERE d.datname = $1"
    )
}

async fn settings(client: &Client, dbname: &str) -> Result<Vec<RoleSetting>, PortError> {
    let query = "SELECT r.rolname::text, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1) \
        FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase \
          CROSS JOIN unnest(s.setconfig) c LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole \
        WHERE d.datname = $1";
    let found = named(client, dbname, query).await?;
    let mut settings: Vec<RoleSetting> =
        found.iter().map(|row| RoleSetting { role: row.get(0), name: row.get(1), value: row.get(2) }).collect();
    settings.sort();
    Ok(settings)
}

async fn security_labels(client: &Client, dbname: &str) -> Result<Vec<(String, String)>, PortError> {
    let query = "SELECT l.provider, l.label FROM pg_catalog.pg_shseclabel l JOIN pg_catalog.pg_database d \
        ON d.oid = l.objoid AND l.classoid = 'pg_catalog.pg_database'::regclass WHERE d.datname = $1";
    let mut labels: Vec<(String, String)> =
        named(client, dbname, query).await?.iter().map(|row| (row.get(0), row.get(1))).collect();
    labels.sort();
    Ok(labels)
}

/// The rows of a query about the database called `dbname`.
async fn named(client: &Client, dbname: &str, query: &str) -> Result<Vec<Row>, PortError> {
    let read = client.query_typed(query, &[(&dbname, Type::TEXT)]).await;
    read.map_err(|error| failed(&format!("could not read the properties of `{dbname}`"), &error))
}
