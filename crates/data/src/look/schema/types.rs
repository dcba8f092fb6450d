//! Types that somebody made: enums, domains, composites, ranges.

use backout_core::data::UserType;
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::spelling::settled;
use crate::look::catalog::{SCHEMA_COUNTS, object, rows};

/// All of them. The types that come with a table or with another type are left out, and base types, which only C can
/// make.
pub(super) async fn types(client: &Client) -> Result<Vec<UserType>, PortError> {
    let query = format!(
        "SELECT n.nspname::text, t.typname::text, ARRAY(SELECT l.enumlabel::text FROM pg_enum l \
             WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder), \
           CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN {DOMAIN} WHEN 'c' THEN {COMPOSITE} ELSE {RANGE} END \
         FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
           LEFT JOIN pg_class c ON c.oid = t.typrelid \
         WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c') AND {SCHEMA_COUNTS} \
           AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid \
             AND e.deptype = 'e')"
    );
    let found = rows(client, "the types", &query).await?;
    let types =
        found.iter().map(|row| UserType { name: object(row, 0), labels: row.get(2), definition: settled(row.get(3)) });
    Ok(types.collect())
}

const DOMAIN: &str = "'domain ' || format_type(t.typbasetype, t.typtypmod) || CASE WHEN t.typcollation <> 0 \
    AND t.typcollation <> (SELECT b.typcollation FROM pg_type b WHERE b.oid = t.typbasetype) \
    THEN ' COLLATE ' || t.typcollation::regcollation ELSE '' END || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END \
    || coalesce(' DEFAULT ' || coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault), '') \
    || coalesce((SELECT string_agg(' CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid), '' \
    ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '')";

const COMPOSITE: &str = "'composite (' || coalesce((SELECT string_agg(quote_ident(a.attname) || ' ' \
    || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) FROM pg_attribute a \
    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '') || ')'";

const RANGE: &str = "'range ' || coalesce((SELECT concat_ws(' ', format_type(r.rngsubtype, NULL), \
    CASE WHEN r.rngcollation <> 0 THEN 'COLLATE ' || r.rngcollation::regcollation END, \
    CASE WHEN r.rngcanonical::oid <> 0 THEN 'CANONICAL ' || r.rngcanonical END, \
    CASE WHEN r.rngsubdiff::oid <> 0 THEN 'DIFF ' || r.rngsubdiff END) FROM pg_range r WHERE r.rngtypid = t.oid), '')";
