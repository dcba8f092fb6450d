//! What a team's text asks for, made into what the services that were drafted have.
//!
//! | a line has                     | and becomes                                                                               |
//! |--------------------------------|-------------------------------------------------------------------------------------------|
//! | none of the below              | itself                                                                                    |
//! | `SERVICE.PROBE.up`, `.latency` | one line for each service of the application with that probe; `health` is any of HTTP     |
//! | `SERVICE.health.up`            | the same, and where a service has none of HTTP: what its platform says of its instances   |
//! | `SERVICE.cpu`, `.memory`       | one line for each service of the application whose platform measures them                 |
//! | `SERVICE.restarts`             | one line for each service of the application                                              |
//! | `[SERVICE]`                    | the services of the application whose output is kept                                      |
//! | `SERVICE` otherwise            | the first service of the application                                                      |
//! | `ADDRESS`                      | where the first of them that is asked by HTTP answers                                     |
//! | the key `databases`            | itself where a tool that changes its schema was found                                     |
//! | the key `migrations`           | that tool; else itself                                                                    |
//!
//! A line for which nothing is there becomes a comment that says why, together with what is indented below it, and so does a key
//! of which nothing is left. Comments of the team's text are offers: they are filled in as lines are, and stay comments.

use backout_core::config::{HostManage, Probe, ProbeKind, Service, ServicePlatform, Tier};
use backout_core::data::Framework;

use crate::commands::setup::init::names::{list, scalar};

const SERVICE: &str = "SERVICE";
const ADDRESS: &str = "ADDRESS";
/// The probe that any of HTTP can stand for.
const HEALTH: &str = "health";
/// The longest name of a trigger, in bytes.
const LONGEST: usize = 63;

/// What was drafted, as far as a team's text asks about it.
pub(super) struct Site<'a> {
    /// The services of the application.
    services: Vec<&'a Service>,
    /// The tool that changes the schema of its database.
    framework: Option<Framework>,
}

/// Fits a text.
pub(super) fn fit(text: &str, site: &Site<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    // The indentation of the comment that the line at hand belongs to.
    let mut outer: Option<usize> = None;
    for line in text.lines() {
        let at = indentation(line);
        outer = outer.filter(|outer| at > *outer || line.is_empty());
        match (site.fitted(line), outer) {
            (Ok(fitted), None) => lines.extend(fitted),
            (Ok(fitted), Some(outer)) => lines.extend(fitted.iter().map(|line| commented(line, outer))),
            (Err(_), Some(outer)) => lines.push(commented(line, outer)),
            (Err(_), None) if is_comment(line) => lines.push(line.to_owned()),
            (Err(why), None) => {
                lines.push(format!("{}   # {why}", commented(line, at)));
                outer = Some(at);
            }
        }
    }
    close(&mut lines);
    lines
}

/// A key of which nothing is left becomes a comment: YAML would take it for one without a value.
fn close(lines: &mut [String]) {
    for at in (0..lines.len()).rev() {
        let (before, below) = lines.split_at_mut(at + 1);
        let Some(line) = before.last_mut() else { continue };
        let outer = indentation(line);
        let mut inside = below.iter().take_while(|line| line.is_empty() || indentation(line) > outer);
        if is_open(line) && inside.all(|line| line.is_empty() || is_comment(line)) {
            *line = commented(line, outer);
        }
    }
}

impl<'a> Site<'a> {
    /// Those of the infrastructure have none of a team's triggers.
    pub(super) fn new(services: impl Iterator<Item = &'a Service>, framework: Option<Framework>) -> Self {
        let services = services.filter(|service| service.tier != Some(Tier::Infrastructure)).collect();
        Self { services, framework }
    }

    /// What a line becomes, or why it does not fit.
    fn fitted(&self, line: &str) -> Result<Vec<String>, &'static str> {
        let key = key(line);
        if key == "databases" && self.framework.is_none() {
            return Err("uncomment it once `DATABASE_URL` says where it is");
        }
        let line = match self.framework.filter(|_| key == "migrations") {
            Some(tool) => format!("{}migrations: {{ {tool}: {{ in: {SERVICE} }} }}", " ".repeat(indentation(line))),
            None => line.to_owned(),
        };
        if let Some(path) = path(&line) {
            return self.each(&line, path);
        }
        if line.contains(ADDRESS) {
            let address = self.address().ok_or("no service is asked by HTTP yet")?;
            return Ok(vec![line.replace(ADDRESS, &address)]);
        }
        if line.contains(SERVICE) {
            return self.named(&line);
        }
        Ok(vec![line])
    }

    /// One line for each service that has the signal.
    fn each(&self, line: &str, path: &str) -> Result<Vec<String>, &'static str> {
        let having: Vec<(&str, String)> =
            self.services.iter().filter_map(|service| Some((service.name.as_str(), signal(service, path)?))).collect();
        if having.is_empty() {
            return Err(lacking(path));
        }
        let placeholder = format!("{SERVICE}.{path}");
        let one = |(index, (service, signal)): (usize, &(&str, String))| {
            let line = line.replacen(&placeholder, &format!("{service}.{signal}"), 1);
            if having.len() == 1 { line } else { renamed(&line, service, index) }
        };
        Ok(having.iter().enumerate().map(one).collect())
    }

    fn named(&self, line: &str) -> Result<Vec<String>, &'static str> {
        let all = format!("[{SERVICE}]");
        if line.contains(&all) {
            let kept = self.services.iter().filter(|service| keeps_output(service));
            let kept: Vec<String> = kept.map(|service| service.name.to_string()).collect();
            if kept.is_empty() {
                return Err("nothing keeps what these services print: name `files`");
            }
            return Ok(vec![line.replace(&all, &list(&kept))]);
        }
        let first = self.services.first().ok_or("there is no service yet that this is about")?;
        Ok(vec![line.replace(SERVICE, &scalar(first.name.as_str()))])
    }

    /// Scheme, name and port of the first probe of HTTP.
    fn address(&self) -> Option<String> {
        let mut urls = self.services.iter().flat_map(|service| service.probes.values()).filter_map(asked_at);
        urls.next().map(|url| url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/"))
    }
}

/// The signal of a service that a path means; `None` where the service has none.
fn signal(service: &Service, path: &str) -> Option<String> {
    let Some((name, what)) = path.split_once('.') else {
        let is_measured = path == "restarts" || measures_use(service);
        return is_measured.then(|| path.to_owned());
    };
    let find = |fits: &dyn Fn(&Probe) -> bool| service.probes.values().find(|probe| fits(probe));
    let is_container = |probe: &Probe| matches!(probe.kind, ProbeKind::Container);
    let by_name = find(&|probe| probe.name.as_str() == name && !is_container(probe));
    let by_kind = || find(&|probe| name == HEALTH && asked_at(probe).is_some());
    let instances = || find(&|probe| name == HEALTH && what == "up" && is_container(probe));
    let found = by_name.or_else(by_kind).or_else(instances)?;
    Some(format!("{}.{what}", found.name))
}

/// Where a probe of the service's own asks by HTTP.
fn asked_at(probe: &Probe) -> Option<&str> {
    match &probe.kind {
        ProbeKind::Http(http) if !probe.is_dependency => Some(http.url.as_str()),
        _ => None,
    }
}

/// Whether the platform measures what a service uses.
fn measures_use(service: &Service) -> bool {
    match &service.platform {
        ServicePlatform::Compose(_) => true,
        ServicePlatform::Host(host) => matches!(host.manage, HostManage::Units(_)),
        _ => false,
    }
}

/// Whether the platform keeps what a service prints.
fn keeps_output(service: &Service) -> bool {
    service.platform.kind().is_cluster() || measures_use(service)
}

/// Why no service has a signal.
fn lacking(path: &str) -> &'static str {
    match path {
        "cpu" | "memory" => "not measured on this platform: make a signal of a query",
        _ => "no service has such a probe yet",
    }
}

/// What follows `SERVICE.` in a line.
fn path(line: &str) -> Option<&str> {
    let (_, after) = line.split_once("SERVICE.")?;
    after.split(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c)).next()
}

/// A trigger's line under a name that says of which service it is; by its number where that would be too long.
fn renamed(line: &str, service: &str, index: usize) -> String {
    let old = key(line);
    let new = format!("{old}_{service}");
    let new = if new.len() > LONGEST { format!("{old}_{index}") } else { new };
    line.replacen(old, &new, 1)
}

/// The key that a line begins with, also in a comment.
fn key(line: &str) -> &str {
    let bare = line.trim_start_matches([' ', '#']);
    bare.split(':').next().unwrap_or_default()
}

/// Whether what a key has is on the lines below it.
fn is_open(line: &str) -> bool {
    let bare = line.split(" #").next().unwrap_or_default();
    !is_comment(line) && bare.trim_end().ends_with(':')
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// A line as a part of a comment that begins at an indentation.
fn commented(line: &str, at: usize) -> String {
    if line.is_empty() {
        return String::new();
    }
    format!("{}# {}", " ".repeat(at), line.get(at..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(text: &str) -> Vec<String> {
        fit(text, &Site::new(std::iter::empty(), None))
    }

    #[test]
    fn what_does_not_fit_becomes_a_comment_with_what_is_below_it_and_says_why() {
        let lines = fitted("a: 1\nlogin: { in: SERVICE }\ndatabases:\n  main:\n\n    # offered: 1\n    url: x\nb: 2");
        let expected = [
            "a: 1",
            "# login: { in: SERVICE }   # there is no service yet that this is about",
            "# databases:   # uncomment it once `DATABASE_URL` says where it is",
            "#   main:",
            "",
            "#     # offered: 1",
            "#     url: x",
            "b: 2",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_key_of_which_nothing_is_left_becomes_a_comment_too() {
        let lines = fitted("outer:\n  inner: # of all\n    down: { signal: SERVICE.health.up }\nother:\n  left: 1");
        assert_eq!(lines[0], "# outer:");
        assert_eq!(lines[1], "  # inner: # of all");
        assert_eq!(lines[2], "    # down: { signal: SERVICE.health.up }   # no service has such a probe yet");
        assert_eq!(lines[3..], ["other:", "  left: 1"]);
    }

    #[test]
    fn offers_that_do_not_fit_stay_as_they_are() {
        assert_eq!(fitted("a: 1\n# page: { http: \"ADDRESS/\" }")[1], "# page: { http: \"ADDRESS/\" }");
    }

    #[test]
    fn a_trigger_of_each_service_has_a_name_that_is_accepted() {
        assert_eq!(renamed("  down: { signal: x }", "api", 0), "  down_api: { signal: x }");
        assert_eq!(renamed("  # down: { signal: x }", &"a".repeat(63), 2), "  # down_2: { signal: x }");
    }
}
