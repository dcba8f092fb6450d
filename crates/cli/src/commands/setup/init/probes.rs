//! Probes that are guessed from the ports that a Compose service publishes, and what its image says that it is.

use super::compose::ComposeService;

/// Ports inside a container that tell what serves there, with a probe that fits; anything else is taken for HTTP.
const KNOWN_PORTS: [(u16, &str, &str); 6] = [
    (5432, "database", "{ postgres: \"env:DATABASE_URL\" }"),
    (6379, "cache", "{ redis: \"env:REDIS_URL\" }"),
    (3306, "port", "{ tcp: \"127.0.0.1:PORT\" }"),
    (5672, "port", "{ tcp: \"127.0.0.1:PORT\" }"),
    (9092, "port", "{ tcp: \"127.0.0.1:PORT\" }"),
    (27017, "port", "{ tcp: \"127.0.0.1:PORT\" }"),
];
const HTTP: (&str, &str) = ("health", "{ http: \"http://127.0.0.1:PORT/HEALTH\", every: 1s, timeout: 2s }");
/// What most services answer health checks at, after the first slash.
const HEALTH: &str = "health";
/// Images by the last part of their name whose services are infrastructure.
const INFRASTRUCTURE: [&str; 12] = [
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "redis",
    "valkey",
    "memcached",
    "rabbitmq",
    "kafka",
    "mongo",
    "nats",
    "elasticsearch",
];

/// One probe a published port. The port is certain, what to ask there is a guess, so they are commented out; but for those of
/// HTTP where a team says with `health` what to ask for, because its triggers are about them.
pub(super) fn probe_guesses(service: &ComposeService, health: Option<&str>) -> Vec<String> {
    let guesses = guesses(service, health);
    let Some(is_open) = guesses.iter().map(|(is_written, _)| *is_written).max() else { return Vec::new() };
    let mark = if is_open { "" } else { "# " };
    let head = format!("{mark}probes:                     # guesses, from the ports that are published");
    let probe = |(is_written, probe): &(bool, String)| match (is_open, is_written) {
        (false, _) => format!("#   {probe}"),
        (true, true) => format!("  {probe}"),
        (true, false) => format!("  # {probe}"),
    };
    std::iter::once(head).chain(guesses.iter().map(probe)).collect()
}

/// The guesses, each with whether it is written plainly.
fn guesses(service: &ComposeService, health: Option<&str>) -> Vec<(bool, String)> {
    let mut taken: Vec<&str> = Vec::new();
    let mut guesses = Vec::new();
    for (published, target) in &service.ports {
        let known = KNOWN_PORTS.iter().find(|(port, ..)| port == target).map(|(_, name, probe)| (*name, *probe));
        let (name, probe) = known.unwrap_or(HTTP);
        let suffix = if taken.contains(&name) { format!("-{published}") } else { String::new() };
        taken.push(name);
        let probe = probe.replace("PORT", &published.to_string()).replace("HEALTH", health.unwrap_or(HEALTH));
        guesses.push((known.is_none() && health.is_some(), format!("{name}{suffix}: {probe}")));
    }
    guesses
}

/// Whether a service is one that others keep their data in.
pub(super) fn is_infrastructure(service: &ComposeService) -> bool {
    let image = service.image.as_deref().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    let name = last.split([':', '@']).next().unwrap_or_default();
    INFRASTRUCTURE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_probes_of_http_are_written_and_only_where_it_is_said_what_to_ask_for() {
        let service = ComposeService { ports: vec![(8001, 80), (15432, 5432)], ..ComposeService::default() };
        let lines = probe_guesses(&service, Some("up/"));
        assert!(lines[0].starts_with("probes:"), "{lines:?}");
        assert!(lines[1].starts_with("  health: { http: \"http://127.0.0.1:8001/up/\""), "{lines:?}");
        assert_eq!(lines[2], "  # database: { postgres: \"env:DATABASE_URL\" }");
        let lines = probe_guesses(&service, None);
        assert!(lines.iter().all(|line| line.starts_with('#')), "{lines:?}");
        assert!(probe_guesses(&ComposeService::default(), Some("up/")).is_empty());
    }
}
