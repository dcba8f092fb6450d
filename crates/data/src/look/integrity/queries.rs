//! The configured queries.
//!
//! | the query                                                    | the check    |
//! |--------------------------------------------------------------|--------------|
//! | answers one row that starts with `true`                      | healthy      |
//! | answers one row that starts with `false`                     | unhealthy    |
//! | answers something else, not in time, or with an error        | unmeasurable |

use std::collections::BTreeMap;

use backout_core::policy::{Check, Verdict};
use backout_core::port::PortError;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::report::check;
use crate::look::catalog::framed;
use crate::words::failed;

/// How long one query may take.
const SETTINGS: &str = "SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = '10s'";

/// Asks every query, each in a transaction that changes nothing and ends within 10 s, with the settings of the role
/// otherwise: names are found as an application finds them.
pub(crate) async fn integrity(client: &Client, queries: &BTreeMap<String, String>) -> Vec<Check> {
    let mut checks = Vec::new();
    for (name, query) in queries {
        let asked = framed(client, SETTINGS, async { Ok(ask(client, query).await) }).await;
        let (verdict, what) = asked.unwrap_or_else(|error| (Verdict::Unmeasurable, error.what));
        checks.push(check(name, verdict, what));
    }
    checks
}

async fn ask(client: &Client, query: &str) -> (Verdict, String) {
    // A statement by itself: what follows a semicolon is refused, so none can leave the transaction.
    match client.query_typed(query, &[]).await {
        Ok(rows) => answer(&rows),
        Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {
            (Verdict::Unmeasurable, "it did not answer within 10 s".to_owned())
        }
        Err(error) => {
            let error: PortError = failed("it could not be asked", &error);
            (Verdict::Unmeasurable, error.what)
        }
    }
}

fn answer(rows: &[Row]) -> (Verdict, String) {
    let [row] = rows else {
        return (Verdict::Unmeasurable, format!("it answered {} rows; wanted is one", rows.len()));
    };
    match row.columns().first().map(|column| column.type_().clone()) {
        Some(Type::BOOL) => match row.get::<_, Option<bool>>(0) {
            Some(true) => (Verdict::Healthy, "it holds".to_owned()),
            Some(false) => (Verdict::Unhealthy, "it does not hold".to_owned()),
            None => (Verdict::Unmeasurable, "it answered null; wanted is true or false".to_owned()),
        },
        other => {
            let other = other.map_or("nothing".to_owned(), |other| format!("a {}", other.name()));
            (Verdict::Unmeasurable, format!("it answered {other}; wanted is true or false"))
        }
    }
}
