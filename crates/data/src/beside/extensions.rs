//! Pins extensions to the versions that a restore point had them in. A dump says `CREATE EXTENSION IF NOT EXISTS` without a
//! version, so one that is there already stays as it is.

use backout_core::data::Manifest;
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::words::{failed, literal, quoted};

/// Makes those extensions of the manifest in the empty `copy` whose version is not what the server would take by itself. One
/// that lives in a schema of its own comes with that schema, from the dump; whether its version is right is verified later.
pub(super) async fn pin(copy: &Client, like: &Client, manifest: &Manifest) -> Result<(), PortError> {
    let available = "SELECT EXISTS (SELECT FROM pg_available_extension_versions WHERE name = $1::text::name AND version = $2) \
                     AND default_version <> $2 FROM pg_available_extensions WHERE name = $1::text::name";
    let schema = "SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
                  WHERE e.extname = $1::text::name AND n.nspname NOT IN ('public', 'pg_catalog')";
    for extension in &manifest.extensions {
        let what = format!("could not make extension `{}` in version {}", extension.name, extension.version);
        let differs = copy.query_opt(available, &[&extension.name, &extension.version]).await;
        let differs = differs.map_err(|error| failed(&what, &error))?.is_some_and(|row| row.get(0));
        let elsewhere = like.query_opt(schema, &[&extension.name]).await.map_err(|error| failed(&what, &error))?;
        if differs && elsewhere.is_none() {
            let (name, version) = (quoted(&extension.name), literal(&extension.version));
            let make = format!("CREATE EXTENSION IF NOT EXISTS {name} VERSION {version}");
            copy.batch_execute(&make).await.map_err(|error| failed(&what, &error))?;
        }
    }
    Ok(())
}
