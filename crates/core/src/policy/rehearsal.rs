//! What a drill does to a service, said before it is done; and where that cannot be done.

use std::collections::BTreeMap;

use super::{Refusal, RefusalName};
use crate::config::{Environment, Service, ServicePlatform};
use crate::journal::{Break, Drill};

/// An image that nobody has: the name is reserved never to exist (RFC 2606).
pub const NO_IMAGE: &str = "backout-drill.invalid/no-such-image:drill";

/// What to do where nothing is known that a service cannot run on.
const NAME_SOME: &str = "name some: `drill: { environment: { DATABASE_URL: .. } }`";

/// What a drill does to its service, a sentence each.
///
/// | how    | Docker Compose                          | Kubernetes, and releases of Helm     | any other              |
/// |--------|-----------------------------------------|--------------------------------------|------------------------|
/// | image  | stopped, and cannot be started          | templates whose image is not there   | refused                |
/// | crash  | replaced by what ends at once           | templates whose pods end at once     | refused                |
/// | config | replaced, with other variables or files | templates with other variables       | refused                |
/// | errors | the configured command                  | the configured command               | the configured command |
///
/// # Errors
/// A refusal where the environment is not marked for drills, or its service cannot be broken in that way.
pub fn rehearsal(environment: &Environment, drill: &Drill) -> Result<Vec<String>, Refusal> {
    let Some(policy) = environment.drill.as_ref().filter(|policy| policy.allowed) else {
        let what = format!("`{}` is not marked for drills", environment.name);
        return Err(refusal(what, "mark it where nobody is harmed: `drill: { allowed: true }`".to_owned()));
    };
    let Some(service) = environment.services.get(&drill.service) else {
        let what = format!("`{}` has no service `{}`", environment.name, drill.service);
        return Err(refusal(what, "name one that it has: `--service`".to_owned()));
    };
    let name = &drill.service;
    match (drill.how, &service.platform) {
        (Break::Errors, _) => match &policy.command {
            Some((breaks, repairs)) => Ok(vec![
                format!("`{}` is run, which makes `{name}` answer with errors", breaks.join(" ")),
                format!("`{}` is run before anything goes back", repairs.join(" ")),
            ]),
            None => {
                let what = format!("there is no command that makes `{name}` answer with errors");
                Err(refusal(what, "configure one: `drill: { command: { break: [..], repair: [..] } }`".to_owned()))
            }
        },
        (Break::Image, ServicePlatform::Compose(_)) => Ok(vec![
            format!("the containers of `{name}` are stopped"),
            format!("Compose is told to run `{NO_IMAGE}` in their place, which does not exist"),
        ]),
        (Break::Crash, ServicePlatform::Compose(_)) => {
            Ok(vec![format!("the containers of `{name}` are replaced by ones of the same image that end at once")])
        }
        (Break::Config, ServicePlatform::Compose(_)) => config(service, &policy.environment),
        (how @ (Break::Image | Break::Crash | Break::Config), ServicePlatform::Kubernetes(_)) => {
            on_a_cluster(service, how, &policy.environment)
        }
        (how @ (Break::Image | Break::Crash | Break::Config), ServicePlatform::Helm(_)) => {
            let mut told = on_a_cluster(service, how, &policy.environment)?;
            told.push("`helm upgrade` makes a revision of that, in which no hook of the chart runs".to_owned());
            Ok(told)
        }
        (Break::Image | Break::Crash | Break::Config, platform) => {
            let why = match platform {
                ServicePlatform::Argocd(_) => ": a workload that is altered is no sync of its Application",
                _ => "",
            };
            let what = format!("`{name}` cannot be broken by `{}` on its platform{why}", drill.how);
            let hint = "break it with a pair of commands: `--break errors` with `drill: { command: .. }`".to_owned();
            Err(refusal(what, hint))
        }
    }
}

/// As after a bad deploy: pods that run may stay, where the workload's own rollout settings say so.
fn on_a_cluster(service: &Service, how: Break, variables: &BTreeMap<String, String>) -> Result<Vec<String>, Refusal> {
    let name = &service.name;
    let altered = match how {
        Break::Image => format!("`{name}` is told to run `{NO_IMAGE}`, which does not exist"),
        Break::Config if variables.is_empty() => {
            return Err(refusal(format!("no variables on which `{name}` cannot run are known"), NAME_SOME.to_owned()));
        }
        Break::Config => {
            format!("{} is set to what `{name}` cannot run on", listed(variables.keys()))
        }
        Break::Crash | Break::Errors => {
            format!("`{name}` is told to run something of the same image that ends at once")
        }
    };
    Ok(vec![altered, "its pods are replaced by such as its rollout settings say, as after a bad deploy".to_owned()])
}

fn config(service: &Service, variables: &BTreeMap<String, String>) -> Result<Vec<String>, Refusal> {
    let name = &service.name;
    let replaced = format!("the containers of `{name}` are replaced by ones that start with that");
    match (variables.is_empty(), service.config_files.is_empty()) {
        (false, _) => Ok(vec![format!("{} is set to what it cannot run on", listed(variables.keys())), replaced]),
        (true, false) => {
            Ok(vec![format!("{} is replaced by what nothing can read", listed(&service.config_files)), replaced])
        }
        (true, true) => {
            let what =
                format!("`{name}` has no configuration files, and no variables on which it cannot run are known");
            Err(refusal(what, NAME_SOME.to_owned()))
        }
    }
}

fn listed<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn refusal(what: String, hint: String) -> Refusal {
    Refusal { name: RefusalName::DrillNotAllowed, what, hint }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::id::ServiceName;

    fn said(drill_text: &str, service: &str, how: Break) -> Result<Vec<String>, String> {
        let text = format!(
            "version: 1\nproject: shop\nenvironments:\n  staging:\n{drill_text}    services:\n      app: {{ platform: {{ compose: {{ files: [a.yml] }} }}, artifacts: {{ config: [app.toml] }} }}\n      db: {{ platform: {{ compose: {{ files: [a.yml] }} }} }}\n      erp: {{ platform: {{ host: {{}} }}, releases: /srv/erp, units: [erp.service] }}\n      web: {{ platform: {{ kubernetes: }} }}\n      shop: {{ platform: {{ helm: }} }}\n      site: {{ platform: {{ argocd: }} }}\n"
        );
        let config = config::load(&text, &|_| None).unwrap();
        let service = ServiceName::new(service).unwrap();
        let drill = Drill { service, how, within_ms: 1000, objective_ms: None };
        rehearsal(config.environments.values().next().unwrap(), &drill).map_err(|refusal| refusal.what)
    }

    #[test]
    fn a_drill_says_what_it_breaks_or_why_it_cannot() {
        let marked = "    drill: { allowed: true }\n";
        assert!(said("", "app", Break::Crash).unwrap_err().contains("not marked"));
        assert!(said("    drill: { allowed: false }\n", "app", Break::Crash).unwrap_err().contains("not marked"));
        assert!(said(marked, "app", Break::Image).unwrap()[1].contains("does not exist"));
        assert!(said(marked, "app", Break::Config).unwrap()[0].contains("`app.toml`"));
        assert!(said(marked, "db", Break::Config).unwrap_err().contains("no configuration files"));
        assert!(said(marked, "erp", Break::Crash).unwrap_err().contains("cannot be broken by `crash`"));
        assert!(said(marked, "erp", Break::Errors).unwrap_err().contains("no command"));
        let told =
            "    drill: { allowed: true, environment: { URL: no }, command: { break: [./on], repair: [./off] } }\n";
        assert!(said(told, "db", Break::Config).unwrap()[0].contains("`URL`"));
        assert_eq!(said(told, "erp", Break::Errors).unwrap().len(), 2);
    }

    #[test]
    fn what_runs_on_a_cluster_is_broken_by_templates_and_an_application_is_not() {
        let marked = "    drill: { allowed: true }\n";
        assert!(said(marked, "web", Break::Image).unwrap()[0].contains("does not exist"));
        assert!(said(marked, "web", Break::Crash).unwrap()[0].contains("ends at once"));
        assert!(said(marked, "web", Break::Config).unwrap_err().contains("no variables"));
        let told = "    drill: { allowed: true, environment: { URL: no } }\n";
        assert!(said(told, "web", Break::Config).unwrap()[0].contains("`URL`"));
        assert!(said(told, "shop", Break::Image).unwrap()[2].contains("no hook"));
        assert!(said(marked, "shop", Break::Config).unwrap_err().contains("no variables"));
        assert!(said(told, "site", Break::Config).unwrap_err().contains("no sync of its Application"));
    }
}
