//! Where a tool's table is, and which tool's it is.
//!
//! Three tools call theirs `schema_migrations`; they are told apart by its columns, and by what stands beside it.

use backout_core::data::{Framework, ObjectName};
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::words::failed;

/// A table that a tool keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The tool.
    pub(crate) framework: Framework,
    /// Its table.
    pub(crate) table: ObjectName,
}

/// Tables by name, those that the search path finds first, with their columns, and whether Rails' own table is beside.
const CANDIDATES: &str = "
    SELECT n.nspname, c.relname,
           array(SELECT a.attname::text || ' ' || format_type(a.atttypid, NULL) FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname),
           EXISTS (SELECT FROM pg_class o WHERE o.relname = 'ar_internal_metadata' AND o.relnamespace = c.relnamespace)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|_backout)' AND n.nspname <> 'information_schema'
      AND c.relname IN ('django_migrations', 'alembic_version', 'schema_migrations', 'flyway_schema_history',
                        'databasechangelog', '_prisma_migrations', '_sqlx_migrations', 'refinery_schema_history',
                        '__diesel_schema_migrations', 'pgmigrations')
    ORDER BY NOT pg_table_is_visible(c.oid), n.nspname";

/// The tables of all tools; of several tables of one tool the one that the search path finds.
pub(super) async fn places(client: &Client) -> Result<Vec<Place>, PortError> {
    let rows = client.query(CANDIDATES, &[]).await.map_err(|error| failed("could not look for ledgers", &error))?;
    let mut places: Vec<Place> = Vec::new();
    for row in rows {
        let (table, columns): (String, Vec<String>) = (row.get(1), row.get(2));
        let Some(framework) = framework(&table, &columns, row.get(3)) else { continue };
        if !places.iter().any(|place| place.framework == framework) {
            places.push(Place { framework, table: ObjectName::new(row.get::<_, String>(0), table) });
        }
    }
    places.sort_by_key(|place| place.framework);
    Ok(places)
}

/// Whose a table is; `None` for a table of that name that no tool made.
fn framework(table: &str, columns: &[String], has_rails: bool) -> Option<Framework> {
    let has = |column: &str| columns.iter().any(|it| it.split(' ').next() == Some(column));
    match table {
        "schema_migrations" if has("dirty") && columns.contains(&"version bigint".to_owned()) => {
            Some(Framework::GolangMigrate)
        }
        "schema_migrations" if !has("version") => None,
        "schema_migrations" if has_rails => Some(Framework::Rails),
        "schema_migrations" => Some(Framework::Dbmate),
        "django_migrations" => (has("app") && has("name")).then_some(Framework::Django),
        "alembic_version" => has("version_num").then_some(Framework::Alembic),
        "flyway_schema_history" => has("installed_rank").then_some(Framework::Flyway),
        "databasechangelog" => has("orderexecuted").then_some(Framework::Liquibase),
        "_prisma_migrations" => has("migration_name").then_some(Framework::Prisma),
        "_sqlx_migrations" => has("version").then_some(Framework::Sqlx),
        "refinery_schema_history" => has("version").then_some(Framework::Refinery),
        "__diesel_schema_migrations" => has("version").then_some(Framework::Diesel),
        "pgmigrations" => has("name").then_some(Framework::NodePgMigrate),
        _ => None,
    }
}
