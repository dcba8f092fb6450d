//! Functions, procedures and aggregates.

use backout_core::data::{Definition, ObjectName};
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::spelling::settled;
use crate::look::catalog::{SCHEMA_COUNTS, rows};

/// All of them; the name holds the types of the arguments: `total(integer, numeric)`.
pub(super) async fn functions(client: &Client) -> Result<Vec<Definition>, PortError> {
    let query = format!(
        "SELECT n.nspname::text, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', \
           CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE (SELECT concat_ws(' ', 'AGGREGATE', \
             'SFUNC', g.aggtransfn, 'STYPE', format_type(g.aggtranstype, NULL), 'FINALFUNC', g.aggfinalfn, \
             'COMBINEFUNC', g.aggcombinefn, 'MSFUNC', g.aggmtransfn, 'MINVFUNC', g.aggminvtransfn, \
             'MFINALFUNC', g.aggmfinalfn, 'KIND', g.aggkind, 'SORTOP', g.aggsortop::regoperator, \
             'INITCOND', quote_nullable(g.agginitval)) FROM pg_aggregate g WHERE g.aggfnoid = p.oid) END \
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
         WHERE {SCHEMA_COUNTS} AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass \
           AND e.objid = p.oid AND e.deptype IN ('e', 'i'))"
    );
    let found = rows(client, "the functions", &query).await?;
    let functions = found.iter().map(|row| Definition {
        name: ObjectName { schema: row.get(0), name: row.get(1) },
        definition: settled(row.get(2)),
    });
    Ok(functions.collect())
}
