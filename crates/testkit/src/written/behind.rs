//! A team's own configuration on services that need nothing: each is a file, behind the script of the exec contract.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Keys of an environment that are about people and rules, and are taken as they stand.
const KEPT: [&str; 5] = ["policy", "objectives", "contacts", "escalation", "incidents"];
/// Keys of a service that hold for every platform.
const KEPT_OF_SERVICES: [&str; 2] = ["tier", "depends_on"];
/// Keys of a database that hold for every server.
const KEPT_OF_DATABASES: [&str; 4] = ["used_by", "keep_aside", "automatic", "backup"];
/// Keys of a drill that hold whatever it breaks.
const KEPT_OF_DRILLS: [&str; 4] = ["allowed", "within", "objective", "every"];

/// The example's configuration with its services behind commands: the names of its environments and services, their tiers and
/// order, the policy, objectives, checklists, contacts and questions are the team's own; what takes Docker or a cluster is gone.
///
/// Whoever is told is told at `env:HOOK_URL`, what is switched is a file, each service has one configuration file, and a service
/// is bad whose `live` says so. With the folder that a server archives its log in, databases are at `env:DATABASE_URL`, with
/// migrations of plain SQL; without it there are none. `None` where the example has no environments.
#[must_use]
pub fn behind_commands(example: &Value, archive: Option<&str>) -> Option<Value> {
    let from = example.get("environments")?.as_object()?;
    let to: Map<String, Value> = from.iter().map(|(name, of)| (name.clone(), environment(of, archive))).collect();
    Some(json!({ "version": 1, "project": example.get("project")?, "environments": to }))
}

/// What stands below a key, by name.
fn each<'a>(of: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    of.get(key).and_then(Value::as_object).into_iter().flatten()
}

/// Those keys of a mapping that are there.
fn kept(of: &Value, keys: &[&str]) -> Map<String, Value> {
    keys.iter().filter_map(|key| Some(((*key).to_owned(), of.get(*key)?.clone()))).collect()
}

fn environment(from: &Value, archive: Option<&str>) -> Value {
    let mut to = kept(from, &KEPT);
    let mut put = |key: &str, value: Value| drop(to.insert(key.to_owned(), value));
    put("services", each(from, "services").map(|(name, of)| (name.clone(), service(name, of))).collect());
    put("triggers", each(from, "services").map(|(name, _)| (format!("{name}-bad"), trigger(name))).collect());
    let mut guard = kept(&from["guard"], &["tag"]);
    guard.extend([("soak".to_owned(), json!("1s")), ("dead_man".to_owned(), json!("4s"))]);
    put("guard", Value::Object(guard));
    let hook = json!({ "kind": "webhook", "webhook": "env:HOOK_URL" });
    put("notify", each(from, "notify").map(|(name, _)| (name.clone(), hook.clone())).collect());
    if let Some(manual) = from.pointer("/verify/manual") {
        put("verify", json!({ "manual": manual }));
    }
    if from.get("maintenance").is_some() {
        put("maintenance", json!({ "file": { "create": "maintenance.on" } }));
    }
    if from.get("fallback").is_some() {
        put("fallback", switched());
    }
    if let Some((drill, name)) = from.get("drill").zip(application(from)) {
        put("drill", rehearsed(drill, &name));
    }
    if let Some(log) = archive {
        put("databases", each(from, "databases").map(|(name, of)| (name.clone(), database(of, log))).collect());
    }
    Value::Object(to)
}

fn switched() -> Value {
    json!({ "on": ["true"], "off": ["true"] })
}

fn service(name: &str, of: &Value) -> Value {
    let script = format!("./{name}.sh");
    let mut to = kept(of, &KEPT_OF_SERVICES);
    for act in ["observe", "capture", "preflight", "restore"] {
        to.insert(act.to_owned(), json!([script, act]));
    }
    let mut put = |key: &str, value: Value| drop(to.insert(key.to_owned(), value));
    put("platform", json!({ "exec": {} }));
    put("artifacts", json!({ "config": [format!("{name}/settings")] }));
    if of.get("fallback").is_some() {
        put("fallback", switched());
    }
    let well = format!("! grep -qx bad {name}/live");
    put("probes", json!({ "well": { "exec": ["sh", "-c", well], "every": "100ms" } }));
    Value::Object(to)
}

fn trigger(name: &str) -> Value {
    json!({ "signal": format!("{name}.well.up"), "below": "100%", "consecutive": 1 })
}

/// A drill breaks a service as everything that can go bad here does.
fn rehearsed(of: &Value, name: &str) -> Value {
    let mut to = kept(of, &KEPT_OF_DRILLS);
    let name = of.get("service").and_then(Value::as_str).unwrap_or(name);
    let live = |version: &str| json!(["sh", "-c", format!("echo {version} > {name}/live")]);
    to.insert("service".to_owned(), json!(name));
    to.insert("break".to_owned(), json!("errors"));
    to.insert("command".to_owned(), json!({ "break": live("bad"), "repair": live("7") }));
    Value::Object(to)
}

/// One that the team can recover to a moment can be recovered to one.
fn database(of: &Value, log: &str) -> Value {
    let mut to = kept(of, &KEPT_OF_DATABASES);
    let mut backup = kept(&of["backup"], &["before_deploy", "require", "keep", "fresh"]);
    backup.insert("store".to_owned(), json!("file:backups/"));
    let mut put = |key: &str, value: Value| drop(to.insert(key.to_owned(), value));
    put("backup", Value::Object(backup));
    put("postgres", json!({ "url": "env:DATABASE_URL" }));
    put("migrations", json!({ "dbmate": { "folder": "migrations" } }));
    put("integrity", json!({ "filled": "SELECT count(*) > 0 FROM orders" }));
    if of.get("recovery").is_some() {
        put("recovery", json!({ "archive": { "base": "bases", "log": log } }));
    }
    Value::Object(to)
}

/// The service of an environment that people use: the first of those that say so, or else of those that do not say otherwise.
#[must_use]
pub fn application(environment: &Value) -> Option<String> {
    let of_tier = |wanted: Option<&str>| {
        let fits = |(_, service): &(&String, &Value)| service.get("tier").and_then(Value::as_str) == wanted;
        each(environment, "services").find(fits).map(|(name, _)| name.clone())
    };
    of_tier(Some("application")).or_else(|| of_tier(None))
}

/// The script of each service, by the name of its file: `documented` is the one of the exec contract, which goes by the folder
/// that it is run in.
#[must_use]
pub fn scripts(example: &Value, documented: &str) -> Vec<(String, String)> {
    let environments = each(example, "environments");
    let names: BTreeSet<&String> =
        environments.flat_map(|(_, of)| each(of, "services").map(|(name, _)| name)).collect();
    let script = |name: &String| {
        let inside = format!("set -eu\ncd \"$(dirname \"$0\")/{name}\"\n");
        (format!("{name}.sh"), documented.replacen("set -eu\n", &inside, 1))
    };
    names.into_iter().map(script).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Value {
        json!({
            "version": 1, "project": "shop", "environments": { "staging": {
                "platform": { "compose": {} },
                "services": {
                    "app": { "tier": "application", "probes": { "health": { "http": "http://x/" } }, "fallback": { "on": ["./a"], "off": ["./b"] } },
                    "aside": {},
                },
                "policy": { "matrix": "heliosdb" }, "maintenance": { "compose": {} }, "guard": { "tag": "a-{time}", "soak": "5m" },
                "verify": { "require": ["app.health"], "manual": { "eyes": "Look" } }, "notify": { "slack": { "webhook": "env:X" } },
                "drill": { "allowed": true, "break": "crash", "every": "30d" },
                "databases": { "main": { "postgres": { "url": "env:X" }, "backup": { "keep": 7, "store": "s3://x" }, "recovery": {} } },
            } },
        })
    }

    #[test]
    fn names_and_rules_are_the_teams_own_and_what_takes_more_is_gone() {
        let all = behind_commands(&example(), None).unwrap();
        let there = &all["environments"]["staging"];
        assert_eq!(there["policy"], json!({ "matrix": "heliosdb" }));
        assert_eq!(there["verify"], json!({ "manual": { "eyes": "Look" } }));
        assert_eq!(there["guard"], json!({ "tag": "a-{time}", "soak": "1s", "dead_man": "4s" }));
        assert_eq!(there["notify"]["slack"]["kind"], "webhook");
        assert_eq!(there["services"]["app"]["restore"], json!(["./app.sh", "restore"]));
        assert_eq!(there["services"]["app"]["fallback"]["on"], json!(["true"]));
        assert_eq!(there["triggers"]["app-bad"]["signal"], "app.well.up");
        assert_eq!((&there["drill"]["service"], &there["drill"]["break"]), (&json!("app"), &json!("errors")));
        assert!(there.get("databases").is_none() && there.get("platform").is_none());
    }

    #[test]
    fn a_database_keeps_its_rules_and_leaves_its_server() {
        let all = behind_commands(&example(), Some("/wal")).unwrap();
        let main = &all["environments"]["staging"]["databases"]["main"];
        assert_eq!(main["postgres"]["url"], "env:DATABASE_URL");
        assert_eq!(main["backup"], json!({ "keep": 7, "store": "file:backups/" }));
        assert_eq!(main["recovery"]["archive"]["log"], "/wal");
    }

    #[test]
    fn a_script_goes_by_the_folder_of_its_service() {
        let example = json!({ "environments": { "staging": { "services": { "app": {} } }, "other": { "services": { "app": {} } } } });
        let all = scripts(&example, "#!/bin/sh\nset -eu\nobserve\n");
        let expected = "#!/bin/sh\nset -eu\ncd \"$(dirname \"$0\")/app\"\nobserve\n";
        assert_eq!(all, [("app.sh".to_owned(), expected.to_owned())]);
    }
}
