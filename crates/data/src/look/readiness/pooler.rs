//! Whether a pooler stands where the server is looked for.
//!
//! A server keeps whatever setting a connection is begun with (`options`), and every pooler that shares connections has to
//! refuse or forget those that it does not know. So a setting of our own is handed on, and asked for again. Ports and numbers
//! of processes tell less: a container's server has another port within than without.
//!
//! | connecting with a setting of our own                | comes to     |
//! |-----------------------------------------------------|--------------|
//! | succeeds, and the setting is there                  | the server   |
//! | succeeds, and it is not there                       | a pooler     |
//! | is refused as a violation of the protocol (`08P01`) | a pooler     |
//! | fails otherwise                                     | nobody knows |

use tokio_postgres::error::SqlState;

use crate::Address;

/// A name that no server, extension or pooler has.
const SETTING: &str = "backout.handed_on";

/// Whether a pooler answers at `address`; `None` where it cannot be told. For an address that can be connected to.
pub(super) async fn is_pooled(address: &Address) -> Option<bool> {
    let session = match address.connect_with(SETTING, "yes").await? {
        Ok(session) => session,
        Err(error) => return (error.code() == Some(&SqlState::PROTOCOL_VIOLATION)).then_some(true),
    };
    let query = format!("SELECT coalesce(current_setting('{SETTING}', true), '')");
    let row = session.query_typed_one(&query, &[]).await.ok()?;
    Some(row.get::<_, String>(0) != "yes")
}
