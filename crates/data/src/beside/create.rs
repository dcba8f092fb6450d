//! Makes the empty database that a copy is restored into. It is ours from the moment that it exists.

use backout_core::data::DatabaseProperties;
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::access;
use crate::marks::{self, Marked};
use crate::words::{failed, literal, quoted};

/// The connection limit that a database of ours is made with. Making a database is no transaction that a mark could be
/// written in, so this says whose it is until the mark does: one that a run left before it could write there is found again.
const NEWBORN: i32 = 1_943_260_157;

/// Whether a database was made by us and bears no mark yet.
pub(super) fn is_newborn(database: &Marked) -> bool {
    database.connection_limit == NEWBORN && !database.takes_connections && database.marks == marks::Marks::default()
}

/// Makes the database with everything that cannot be changed later, closes it, and writes `marks` on it.
pub(super) async fn create(
    client: &Client,
    dbname: &str,
    properties: &DatabaseProperties,
    marks: marks::Marks,
) -> Result<(), PortError> {
    let what = || format!("database `{dbname}` could not be made");
    let row = client.query_one("SELECT current_setting('server_version_num')::int4", &[]).await;
    let version: i32 = row.map_err(|error| failed(&what(), &error))?.get(0);
    let made = client.batch_execute(&statement(dbname, properties, version)).await;
    made.map_err(|error| failed(&what(), &error))?;
    let mut made = marks::read(client, dbname).await?.ok_or_else(|| PortError::new(what()))?;
    made.marks = marks;
    made.comment = marks::without(properties.comment.as_deref());
    let mut statements = vec!["BEGIN".to_owned()];
    statements.extend(access::closed(client, &made).await?);
    statements.push(made.statement(dbname));
    statements.push(format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", quoted(dbname)));
    statements.push("COMMIT".to_owned());
    let closed = client.batch_execute(&statements.join("; ")).await;
    closed.map_err(|error| failed(&format!("database `{dbname}` could not be closed to others"), &error))
}

/// The statement. Locale providers came with PostgreSQL 15, and what their locale is called changed with 17.
fn statement(dbname: &str, properties: &DatabaseProperties, version: i32) -> String {
    let mut words = vec![
        format!("CREATE DATABASE {} TEMPLATE template0 OWNER {}", quoted(dbname), quoted(&properties.owner)),
        format!("ENCODING {}", literal(&properties.encoding)),
        format!("LC_COLLATE {} LC_CTYPE {}", literal(&properties.collate), literal(&properties.ctype)),
    ];
    if version >= 150_000 {
        let provider = match properties.locale_provider.as_str() {
            "i" => "icu",
            "b" => "builtin",
            _ => "libc",
        };
        words.push(format!("LOCALE_PROVIDER {provider}"));
    }
    if let Some(locale) = &properties.icu_locale {
        let name = if properties.locale_provider == "b" { "BUILTIN_LOCALE" } else { "ICU_LOCALE" };
        words.push(format!("{name} {}", literal(locale)));
    }
    // Only a superuser may name the one that it would get anyway.
    if properties.tablespace != "pg_default" {
        words.push(format!("TABLESPACE {}", quoted(&properties.tablespace)));
    }
    words.push(format!("ALLOW_CONNECTIONS false CONNECTION LIMIT {NEWBORN}"));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_cannot_be_changed_later_is_said_when_it_is_made() {
        let properties = DatabaseProperties {
            owner: "o'wner".to_owned(),
            encoding: "UTF8".to_owned(),
            locale_provider: "i".to_owned(),
            collate: "C".to_owned(),
            ctype: "de_DE.UTF-8".to_owned(),
            icu_locale: Some("de-AT".to_owned()),
            tablespace: "fast".to_owned(),
            ..DatabaseProperties::default()
        };
        let expected = "CREATE DATABASE \"shop_rb\" TEMPLATE template0 OWNER \"o'wner\" ENCODING 'UTF8' \
            LC_COLLATE 'C' LC_CTYPE 'de_DE.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'de-AT' \
            TABLESPACE \"fast\" ALLOW_CONNECTIONS false CONNECTION LIMIT 1943260157";
        assert_eq!(statement("shop_rb", &properties, 150_018), expected);
        assert!(!statement("shop_rb", &properties, 140_010).contains("PROVIDER"));
    }
}
