//! What hangs on tables and views: indexes, triggers, rules, policies. And the views themselves.

use std::collections::BTreeMap;

use backout_core::data::{Definition, ObjectName};
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::spelling::settled;
use crate::look::catalog::{RELATION_COUNTS, object, rows};

/// Definitions by the number of the relation that they hang on.
pub(super) type Definitions = BTreeMap<u32, Vec<Definition>>;

/// Valid indexes, those of constraints left out: one that is not valid is in no dump.
pub(super) async fn indexes(client: &Client) -> Result<Definitions, PortError> {
    let query = format!(
        "SELECT x.indrelid, xn.nspname::text, xc.relname::text, pg_get_indexdef(x.indexrelid) \
         FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
           JOIN pg_class xc ON xc.oid = x.indexrelid JOIN pg_namespace xn ON xn.oid = xc.relnamespace \
         WHERE x.indisvalid AND {RELATION_COUNTS} AND NOT EXISTS (SELECT FROM pg_constraint k \
           WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))"
    );
    definitions(client, "the indexes", &query).await
}

/// Triggers and rules. A trigger that a partition has from its parent is left out: the server makes it again by itself; and
/// so are those of `backout` (`_backout…`), which go away with what they follow.
pub(super) async fn triggers(client: &Client) -> Result<Definitions, PortError> {
    let query = format!(
        "SELECT g.tgrelid, n.nspname::text, g.tgname::text, pg_get_triggerdef(g.oid) || CASE g.tgenabled \
             WHEN 'D' THEN ' DISABLED' WHEN 'R' THEN ' ENABLED REPLICA' WHEN 'A' THEN ' ENABLED ALWAYS' ELSE '' END \
         FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND NOT g.tgname ^@ '_backout' AND {RELATION_COUNTS} \
         UNION ALL SELECT r.ev_class, n.nspname::text, r.rulename::text, pg_get_ruledef(r.oid) || CASE r.ev_enabled \
             WHEN 'D' THEN ' DISABLED' WHEN 'R' THEN ' ENABLED REPLICA' WHEN 'A' THEN ' ENABLED ALWAYS' ELSE '' END \
         FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE r.rulename <> '_RETURN' AND {RELATION_COUNTS}"
    );
    definitions(client, "the triggers", &query).await
}

/// Row security policies. The server has no function that writes them: the words are ours.
pub(super) async fn policies(client: &Client) -> Result<Definitions, PortError> {
    let query = format!(
        "SELECT p.polrelid, n.nspname::text, p.polname::text, concat_ws(' ', \
           CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END, \
           'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' \
             WHEN 'd' THEN 'DELETE' ELSE 'ALL' END, \
           'TO ' || CASE WHEN p.polroles = '{{0}}' THEN 'PUBLIC' ELSE (SELECT string_agg(quote_ident(r.rolname), ', ' \
             ORDER BY r.rolname) FROM pg_roles r WHERE r.oid = ANY (p.polroles)) END, \
           'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', \
           'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') \
         FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE {RELATION_COUNTS}"
    );
    definitions(client, "the policies", &query).await
}

/// Views and materialized views, each with its options, indexes and triggers.
pub(super) async fn views(client: &Client) -> Result<Vec<Definition>, PortError> {
    let (mut indexes, mut triggers) = (indexes(client).await?, triggers(client).await?);
    let query = format!(
        "SELECT c.oid, n.nspname::text, c.relname::text, CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' \
             ELSE 'VIEW' END || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '') || ' AS' \
             || E'\\n' || pg_get_viewdef(c.oid) \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('v', 'm') AND {RELATION_COUNTS}"
    );
    let found = rows(client, "the views", &query).await?;
    let views = found.iter().map(|row| {
        let mut parts = vec![settled(row.get(3))];
        for hanging in [&mut indexes, &mut triggers] {
            let mut hanging = hanging.remove(&row.get(0)).unwrap_or_default();
            hanging.sort_by(|a, b| a.name.cmp(&b.name));
            parts.extend(hanging.into_iter().map(|each| each.definition));
        }
        Definition { name: object(row, 1), definition: parts.join("\n") }
    });
    Ok(views.collect())
}

/// The rows of a query of relation, schema, name and definition.
async fn definitions(client: &Client, what: &str, query: &str) -> Result<Definitions, PortError> {
    let mut definitions = Definitions::new();
    for row in &rows(client, what, query).await? {
        let name: ObjectName = object(row, 1);
        definitions.entry(row.get(0)).or_default().push(Definition { name, definition: settled(row.get(3)) });
    }
    Ok(definitions)
}
