//! Files with mistakes, and what is said about them.

use super::{problems, staging};

const TEN: &str = r#"version: 1
project: shop
environments:
  staging:
    platform: { compose: { files: docker-compose.yml } }
    services:
      app:
        depend_on: [postgres]
        depends_on: [db]
        probes:
          health: { http: "127.0.0.1:8001/health", every: 5 }
          health: { tcp: "127.0.0.1:8001" }
      db:
        depends_on: [app]
      cache:
        depends_on: [postgre]
    triggers:
      response_time: { signal: app.health.latency, above: 50%, consecutive: three }
      error_rate: { signal: errors, action: rolback }
      health: { signal: app.helth.up, below: 200% }
    guard: { soak: 5 minutes, dead_man: "${DEAD_MAN}" }
    databases:
      main: { postgres: { url: "postgres://shop:hunter2@db/shop" } }
"#;

#[test]
fn every_mistake_of_a_file_is_reported_at_once_with_its_place_and_a_hint() {
    insta::assert_snapshot!(problems(TEN).join("\n"));
}

#[test]
fn contradictory_settings_of_services_are_reported() {
    insta::assert_snapshot!(
        problems(&staging(
            r#"services:
  nothing: { platform: { host: {} } }
  unmanaged: { platform: { host: {} }, git: /srv/x }
  both: { platform: { host: {} }, git: /srv/x, releases: /srv/y, units: [x.service], command: { restart: [x] } }
  two: { platform: { compose: {}, host: {} } }
  none: { platform: {} }
  foreign: { units: [x.service], ready_within: 1m }
  wrapped: { platform: { exec: {} }, observe: [] }
  tended: { platform: { host: {} }, units: [], env: { "A B": c, TOKEN: hunter2 } }
  idle: { platform: { host: {} }, units: [x.service] }
  docker: { platform: { compose: { host: "tcp://x", context: y } } }
  in.parts: {}
  -dash: {}
"#
        ))
        .join("\n")
    );
}

#[test]
fn contradictory_settings_of_probes_and_triggers_are_reported() {
    insta::assert_snapshot!(
        problems(&staging(
            r#"services:
  app:
    probes:
      nothing: {}
      two: { tcp: "a:1", http: "http://a" }
      misplaced: { tcp: "a:1", method: GET, send: x, query: x, in: host }
      named: { name: x, tcp: "a:1" }
      status: { http: "http://a", expect: { status: [200, 2x, 700], body: "(", header: { "a b": c } } }
      leak: { http: "http://me:hunter2@a", headers: { Authorization: hunter2 } }
      container: { tcp: "a:1" }
      asked: { http: "http://a", method: GET, send: x }
  plain:
    platform: { host: {} }
    releases: /srv/plain
    units: [plain.service]
    probes: { inside: { exec: "true", in: container }, itself: { container: {} } }
triggers:
  neither: { signal: app.named.up }
  both: { signal: app.named.up, above: 1%, below: 2% }
  unit: { signal: app.named.up, below: 0.5 }
  idle: { signal: app.named.up, above: 100% }
verify:
  require: [app, app.named.latency, app.unnamed, app.named]
  signals: { nowhere: { below: 1 }, "a.b": { below: 1 } }
  smoke: [{ exec: "true", in: container }, { name: a, tcp: "a:1" }, { name: a, tcp: "a:1" }]
"#
        ))
        .join("\n")
    );
}

#[test]
fn contradictory_settings_of_databases_and_caches_are_reported() {
    insta::assert_snapshot!(
        problems(&staging(
            r#"services: { app: , worker: }
databases:
  nothing: {}
  plain: { postgres: { url: "env:DATABASE URL", replicas: ["postgres://u:hunter2@r/x"], pgbouncer: { timeout: 0s } } }
  used: { postgres: { url: "env:A" }, used_by: [ap, nobody], keep_aside: 0s, automatic: maybe }
  unused: { postgres: { url: "env:A" }, used_by: [] }
  misspelt: { postgres: { url: "env:A" }, migrations: { djnago: { in: app } } }
  no-tool: { postgres: { url: "env:A" }, migrations: {} }
  two-tools: { postgres: { url: "env:A" }, migrations: { django: { in: app }, golang-migrate: { folder: x } } }
  homeless: { postgres: { url: "env:A" }, migrations: { alembic: { folder: migrations, command: [] } } }
  lost: { postgres: { url: "env:A" }, migrations: { sqlx: { compatible: { "1": perhaps, " ": true } } } }
  foreign: { postgres: { url: "env:A" }, migrations: { rails: { in: web } } }
  folder: { postgres: { url: "env:A" }, backup: { store: backups, keep: 0, require: V5, jobs: 0, fresh: 1 } }
  bucket: { postgres: { url: "env:A" }, backup: { store: "s3://Shop", s3: { endpoint: "minio:9000", access_key_id: "env:ID" } } }
  local: { postgres: { url: "env:A" }, backup: { store: "file:x", s3: { region: eu-central-1 } } }
  no-store: { postgres: { url: "env:A" }, backup: {} }
  no-cipher: { postgres: { url: "env:A" }, backup: { store: "file:x", encrypt: {} } }
  two-ciphers:
    postgres: { url: "env:A" }
    backup: { store: "file:x", encrypt: { age: { recipients: [age1x] }, openssl: { passphrase: "env:P" } } }
  unreadable:
    postgres: { url: "env:A" }
    backup: { store: "file:x", require: V2, encrypt: { age: { recipients: [age1x] } } }
  nobody: { postgres: { url: "env:A" }, backup: { store: "file:x", encrypt: { age: { recipients: [] } } } }
  wrong-keys:
    postgres: { url: "env:A" }
    backup: { store: "file:x", encrypt: { age: { recipients: [AGE-SECRET-KEY-1HUNTER2, ssh-rsa], identity: AGE-SECRET-KEY-1HUNTER2 } } }
  written:
    postgres: { url: "env:A" }
    backup: { store: "file:x", encrypt: { openssl: { passphrase: hunter2, iterations: 0 } } }
  no-way: { postgres: { url: "env:A" }, recovery: {} }
  two-ways: { postgres: { url: "env:A" }, recovery: { archive: { base: /a }, pgbackrest: { stanza: main } } }
  half: { postgres: { url: "env:A" }, recovery: { archive: { base: /a } } }
  writes: { postgres: { url: "env:A" }, integrity: { "a b": "SELECT true", none: "", change: "DELETE FROM t" } }
  -dash: { postgres: { url: "env:A" }, used_by: [nobody] }
caches:
  nothing: {}
  word: { redis: "env:R", flush: all }
  blank: { redis: "redis://:hunter2@r/0", flush: { pattern: "" } }
  -dash: { redis: "env:R" }
"#
        ))
        .join("\n")
    );
}

#[test]
fn platforms_of_later_versions_are_named_as_such() {
    let text = staging("services:\n  web: { platform: { swarm: { context: x } } }\n");
    insta::assert_snapshot!(problems(&text).join("\n"));
}

#[test]
fn what_is_missing_or_of_the_wrong_kind_is_reported() {
    insta::assert_snapshot!(
        problems(
            r#"
version: 2
environments:
  empty: {}
  none: { services: {} }
  list: [a]
  text: { services: { app: { probes: [a], tier: web, depends_on: app, stop_timeout: }, b: { depends_on: [b] } } }
"#
        )
        .join("\n")
    );
}

#[test]
fn text_that_is_no_configuration_is_reported() {
    let texts = [
        "",
        "# only a comment",
        "[a]",
        "a",
        "a: b: c",
        "a: [",
        "a: !tag b",
        "---\na: 1\n---\nb: 2",
        "? [a]\n: b",
        "a: &x [*x]",
        "a: *x",
        "\u{0}",
    ];
    let said: Vec<String> = texts.iter().map(|text| format!("{text:?}\n{}", problems(text).join("\n"))).collect();
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn growth_by_aliases_and_depth_are_bounded() {
    let laughs: Vec<String> = (1..20).map(|n| format!("a{n}: &a{n} [{}]", format!("*a{},", n - 1).repeat(9))).collect();
    let bomb = format!("a0: &a0 [x]\n{}", laughs.join("\n"));
    assert!(problems(&bomb)[0].contains("too-large"));
    assert!(problems(&format!("a: {}{}", "[".repeat(100), "]".repeat(100)))[0].contains("too-large"));
    assert!(problems(&" ".repeat(2 << 20))[0].contains("too-large"));
}

#[test]
fn what_a_variable_holds_never_comes_into_a_message() {
    let text = staging(
        "services:\n  app: { probes: { a: { http: \"${S}\", every: \"${S}\", expect: { body: \"(${S}\" } } }, tier: \"${S}\", depends_on: [\"${S}\"] }\n",
    );
    let problems = super::super::load(&text, &|_| Some("hunter2".to_owned())).unwrap_err();
    assert!(problems.0.len() >= 5);
    assert!(!format!("{problems:?}").contains("hunter2"), "{problems:?}");
}

#[test]
fn contradictory_settings_of_signals_are_reported() {
    insta::assert_snapshot!(
        problems(&staging(
            r#"services:
  app: { probes: { health: { tcp: "h:1" } } }
signals:
  uncounted: { promql: "max(temperature)", server: "http://127.0.0.1:9090", min_samples: 30 }
  counted: { promql: "max(temperature)", server: "http://127.0.0.1:9090", min_samples: 30, samples: "count(temperature)" }
  any: { promql: "max(temperature)", server: "http://127.0.0.1:9090", min_samples: 0 }
  twice:
    promql: up
    server: "http://127.0.0.1:9090"
    headers: { Authorization: "env:TOKEN" }
    basic_auth: { username: me, password: hunter2 }
  incomplete: { promql: up, server: "http://me:hunter2@127.0.0.1", basic_auth: { username: me }, tls: { trust: x } }
  nothing: { server: "http://127.0.0.1:9090" }
  both: { promql: up, requests: a, errors: b, server: "http://127.0.0.1:9090" }
  half: { requests: a, samples: c, server: "http://127.0.0.1:9090" }
  canary: { requests: a, errors: b, baseline_errors: c, server: "http://127.0.0.1:9090" }
  unlimited: { requests: a, errors: b, memory: c, server: "http://127.0.0.1:9090" }
  unmeasured: { requests: a, errors: b, memory_limit: 1 GB, history: 0s, server: "http://127.0.0.1:9090" }
  little: { requests: a, errors: b, memory: c, memory_limit: lots, server: "http://127.0.0.1:9090" }
  good: { requests: a, errors: b, server: "http://127.0.0.1:9090" }
guard: { false_alarms: 0% }
triggers:
  limited: { signal: good, above: 5% }
  counting: { signal: good, consecutive: 3 }
  twice: { signal: good, than: baseline, below: 5% }
  other: { signal: good, than: yesterday, tolerance: 0.5 }
  number: { signal: counted }
  latency: { signal: app.health.latency, than: baseline }
"#
        ))
        .join("\n")
    );
}

#[test]
fn contradictory_settings_of_logs_and_of_what_services_use_are_reported() {
    insta::assert_snapshot!(
        problems(&staging(
            r#"services:
  app: {}
  unit: { platform: { host: {} }, releases: /srv/unit, units: [unit.service] }
  own: { platform: { host: {} }, releases: /srv/own, run: [./own] }
  pod: { platform: { kubernetes: { context: prod, namespace: shop } } }
signals:
  nothing: { logs: { matching: [panic] } }
  asked: { logs: { files: [/var/log/a], matching: [panic] }, server: "http://127.0.0.1:9090" }
  errors: { logs: { services: [app], matching: [panic] } }
  both: { logs: { services: [app], matching: [panic] }, promql: up, server: "http://127.0.0.1:9090" }
  bad: { logs: { services: [ap], matching: ["("], window: 0s } }
  good: { logs: { services: [app], files: [/var/log/a], matching: [panic], window: 10s }, every: 1s }
  alone: { promql: up }
triggers:
  lines: { signal: good, than: baseline }
  busy: { signal: app.cpu, above: 90% }
  busier: { signal: app.cpu }
  full: { signal: unit.memory, above: 512MiB }
  fuller: { signal: app.memory, above: 80% }
  leaking: { signal: app.memory, than: baseline }
  looping: { signal: own.restarts, above: 2 }
  unseen: { signal: own.memory, above: 1GB }
  elsewhere: { signal: pod.cpu, above: 90% }
  nobody: { signal: ap.memory, than: baseline }
"#
        ))
        .join("\n")
    );
}
