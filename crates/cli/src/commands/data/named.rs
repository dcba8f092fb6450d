//! Databases, tables and restore points by what a person typed.

use std::collections::BTreeMap;

use backout_core::data::{ObjectName, RestorePoint};
use backout_core::id::DatabaseName;
use backout_core::port::Store;
use backout_engine::restore_points;

use crate::error::CliError;
use crate::wire::Setup;

/// The database of that name.
pub(super) fn database(setup: &Setup, typed: &str) -> Result<DatabaseName, CliError> {
    let name = DatabaseName::new(typed).map_err(|error| CliError::usage(error.to_string()))?;
    if setup.environment.databases.contains_key(&name) {
        return Ok(name);
    }
    Err(CliError::usage(format!("there is no database `{name}` in `{}`", setup.environment.name)).hint(known(setup)))
}

/// The database named, or the only one.
pub(super) fn one_database(setup: &Setup, typed: Option<&str>) -> Result<DatabaseName, CliError> {
    if let Some(typed) = typed {
        return database(setup, typed);
    }
    let mut all = setup.environment.databases.keys();
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(only.clone()),
        (None, _) => Err(no_database(setup)),
        (Some(_), Some(_)) => {
            Err(CliError::usage("there are several databases").hint(known(setup)).hint("name one: `--database NAME`"))
        }
    }
}

/// The databases named, or all.
pub(super) fn databases(setup: &Setup, typed: &[String]) -> Result<Vec<DatabaseName>, CliError> {
    if setup.environment.databases.is_empty() {
        return Err(no_database(setup));
    }
    if typed.is_empty() {
        return Ok(setup.environment.databases.keys().cloned().collect());
    }
    typed.iter().map(|name| database(setup, name)).collect()
}

fn no_database(setup: &Setup) -> CliError {
    CliError::usage(format!("`{}` has no database", setup.environment.name))
        .hint("add one to the configuration, under `databases`: `backout schema` describes the keys")
}

fn known(setup: &Setup) -> String {
    let names: Vec<String> = setup.environment.databases.keys().map(ToString::to_string).collect();
    if names.is_empty() { "there is none".to_owned() } else { format!("the databases are: {}", names.join(", ")) }
}

/// `orders`, or `billing.orders`.
pub(super) fn table(typed: &str) -> ObjectName {
    match typed.split_once('.') {
        Some((schema, name)) => ObjectName::new(schema, name),
        None => ObjectName::new("public", typed),
    }
}

/// Every restore point that has not been released, the oldest first.
pub(super) async fn points(setup: &Setup) -> Result<Vec<RestorePoint>, CliError> {
    let kinds = ["backup_taken", "backup_verified", "backup_released"];
    Ok(restore_points(&setup.store.records(&setup.environment.name, &kinds).await?))
}

/// The restore point that an id, or the beginning of one, stands for.
pub(super) async fn point(setup: &Setup, typed: &str) -> Result<RestorePoint, CliError> {
    let all = points(setup).await?;
    let fitting: Vec<&RestorePoint> = all.iter().filter(|point| point.id.as_str().starts_with(typed)).collect();
    match fitting.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(CliError::usage(format!("there is no restore point `{typed}`"))
            .hint("see which there are: `backout backup list`")),
        several => {
            let exact = several.iter().find(|point| point.id.as_str() == typed);
            let ids: Vec<&str> = several.iter().map(|point| point.id.as_str()).collect();
            exact.map(|point| (**point).clone()).ok_or_else(|| {
                CliError::usage(format!("`{typed}` stands for several restore points: {}", ids.join(", ")))
                    .hint("type more of it")
            })
        }
    }
}

/// The newest restore point of each database.
pub(crate) async fn newest_points(setup: &Setup) -> Result<BTreeMap<DatabaseName, RestorePoint>, CliError> {
    Ok(points(setup).await?.into_iter().map(|point| (point.database.clone(), point)).collect())
}
