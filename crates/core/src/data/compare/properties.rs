//! Properties of a database: what no dump brings, and a restore must replay.

use super::finding::Differences;
use crate::data::{DatabaseProperties, RoleSetting};
use crate::policy::Check;

/// Whether a database has the owner, access, settings, comment, labels, tablespace and locale that one had. An access
/// control list that was never changed is equal to one that says what the default is.
#[must_use]
pub fn compare_properties(then: &DatabaseProperties, now: &DatabaseProperties) -> Vec<Check> {
    vec![
        values("owner", &[("owner", &then.owner, &now.owner)]),
        locale(then, now),
        values("tablespace", &[("tablespace", &then.tablespace, &now.tablespace)]),
        lists("access", &access(then), &access(now)),
        values(
            "connection limit",
            &[("connection limit", &then.connection_limit.to_string(), &now.connection_limit.to_string())],
        ),
        lists("settings", &settings(&then.settings), &settings(&now.settings)),
        values("comment", &[("comment", &or_none(then.comment.as_ref()), &or_none(now.comment.as_ref()))]),
        lists("security labels", &labels(then), &labels(now)),
    ]
}

fn values(name: &str, values: &[(&str, &String, &String)]) -> Check {
    let mut differences = Differences::default();
    for (what, then, now) in values {
        differences.equal(what, *then, *now);
    }
    let well: Vec<String> = values.iter().map(|(what, then, _)| format!("{what}: {then}")).collect();
    differences.check(&format!("database {name}"), well.join("; "))
}

fn lists(name: &str, then: &[String], now: &[String]) -> Check {
    let mut differences = Differences::default();
    let missing = then.iter().filter(|each| !now.contains(each)).map(|each| format!("`{each}` is missing"));
    let extra = now.iter().filter(|each| !then.contains(each)).map(|each| format!("`{each}` should not be there"));
    differences.found = missing.chain(extra).collect();
    let well = if then.is_empty() { "none".to_owned() } else { then.join("; ") };
    differences.check(&format!("database {name}"), well)
}

fn locale(then: &DatabaseProperties, now: &DatabaseProperties) -> Check {
    let icu = (or_none(then.icu_locale.as_ref()), or_none(now.icu_locale.as_ref()));
    values(
        "locale",
        &[
            ("encoding", &then.encoding, &now.encoding),
            ("provider", &then.locale_provider, &now.locale_provider),
            ("LC_COLLATE", &then.collate, &now.collate),
            ("LC_CTYPE", &then.ctype, &now.ctype),
            ("locale", &icu.0, &icu.1),
        ],
    )
}

fn or_none(value: Option<&String>) -> String {
    value.cloned().unwrap_or_else(|| "none".to_owned())
}

/// The access control list; where there is none, what the server means by that (`acldefault('d', owner)`).
fn access(properties: &DatabaseProperties) -> Vec<String> {
    let owner = &properties.owner;
    let is_plain = owner.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let owner = if is_plain { owner.clone() } else { format!("\"{}\"", owner.replace('"', "\"\"")) };
    properties.acl.clone().unwrap_or_else(|| vec![format!("=Tc/{owner}"), format!("{owner}=CTc/{owner}")])
}

fn settings(settings: &[RoleSetting]) -> Vec<String> {
    let each = |setting: &RoleSetting| {
        let role = setting.role.as_ref().map(|role| format!("{role}: ")).unwrap_or_default();
        format!("{role}{}={}", setting.name, setting.value)
    };
    settings.iter().map(each).collect()
}

fn labels(properties: &DatabaseProperties) -> Vec<String> {
    properties.security_labels.iter().map(|(provider, label)| format!("{provider}: {label}")).collect()
}
