//! Replays what follows a database's object and is in no dump: settings and security labels. Owner, place and locale come with
//! the making; comment, access and connection limit with the marks and the swap.

use backout_core::data::{DatabaseProperties, RoleSetting};
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::words::{failed, literal, quoted};

/// Parameters whose value is a list of names, each quoted where it must be.
const LISTS: [&str; 6] = [
    "search_path",
    "temp_tablespaces",
    "local_preload_libraries",
    "session_preload_libraries",
    "shared_preload_libraries",
    "unix_socket_directories",
];

/// Replays all of it.
pub(super) async fn replay(client: &Client, dbname: &str, properties: &DatabaseProperties) -> Result<(), PortError> {
    for statement in statements(dbname, properties) {
        client.batch_execute(&statement).await.map_err(|error| {
            failed(&format!("a property of the database could not be replayed on `{dbname}` (`{statement}`)"), &error)
                .hint("a superuser may: let `postgres: { admin: … }` name one")
        })?;
    }
    Ok(())
}

fn statements(dbname: &str, properties: &DatabaseProperties) -> Vec<String> {
    let dbname = quoted(dbname);
    let settings = properties.settings.iter().map(|setting| {
        let whose = match &setting.role {
            None => format!("DATABASE {dbname}"),
            Some(role) => format!("ROLE {} IN DATABASE {dbname}", quoted(role)),
        };
        format!("ALTER {whose} SET {} TO {}", parameter(&setting.name), value(setting))
    });
    let labels = properties.security_labels.iter().map(|(provider, label)| {
        format!("SECURITY LABEL FOR {} ON DATABASE {dbname} IS {}", quoted(provider), literal(label))
    });
    settings.chain(labels).collect()
}

/// A parameter's name; one of an extension has two parts.
fn parameter(name: &str) -> String {
    name.split('.').map(quoted).collect::<Vec<_>>().join(".")
}

fn value(setting: &RoleSetting) -> String {
    if !LISTS.contains(&setting.name.to_ascii_lowercase().as_str()) {
        return literal(&setting.value);
    }
    let names = names(&setting.value);
    if names.is_empty() {
        "''".to_owned()
    } else {
        names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ")
    }
}

/// The names of a list as the catalog has it: `"$user", public`.
fn names(list: &str) -> Vec<String> {
    let (mut names, mut name, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut characters = list.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                name.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => names.push(std::mem::take(&mut name)),
            ' ' if !is_quoted => {}
            other => name.push(other),
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_for_everybody_and_for_single_roles_and_labels_with_them() {
        let setting = |role: Option<&str>, name: &str, value: &str| RoleSetting {
            role: role.map(str::to_owned),
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let properties = DatabaseProperties {
            settings: vec![
                setting(None, "search_path", "\"$user\", \"odd \"\"one\"\"\", public"),
                setting(Some("web"), "work_mem", "7MB"),
                setting(None, "app.tenant", "a, 'b'"),
            ],
            security_labels: vec![("guards".to_owned(), "it's secret".to_owned())],
            ..DatabaseProperties::default()
        };
        let expected = [
            "ALTER DATABASE \"shop\" SET \"search_path\" TO '$user', 'odd \"one\"', 'public'",
            "ALTER ROLE \"web\" IN DATABASE \"shop\" SET \"work_mem\" TO '7MB'",
            "ALTER DATABASE \"shop\" SET \"app\".\"tenant\" TO 'a, ''b'''",
            "SECURITY LABEL FOR \"guards\" ON DATABASE \"shop\" IS 'it''s secret'",
        ];
        assert_eq!(statements("shop", &properties), expected);
    }
}
