//! Probes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::context::Context;
use super::platform::sounds_secret;
use crate::config::leaf::{Address, HttpUrl, Pattern, Period, Word, literal_password};
use crate::config::raw::{RawExpect, RawProbe, RawTls};
use crate::config::read::{Field, Located, Map, OneOrMany, Scalar};
use crate::config::{
    Connection, HttpExpect, HttpMethod, HttpProbe, Place, Probe, ProbeKind, ProblemCode, SecretOrText, Span, StatusSet,
    TlsExpect,
};
use crate::id::ProbeName;

const EVERY: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(2);

/// The probe that every Compose service has. (`None` never happens: the name is valid.)
pub(super) fn implicit_container() -> Option<Probe> {
    let name = ProbeName::new("container").ok()?;
    let kind = ProbeKind::Container;
    Some(Probe { name, kind, every: EVERY, timeout: TIMEOUT, start_period: None, is_dependency: false, implicit: true })
}

/// Resolves a probe.
pub(super) fn probe(raw: &RawProbe, name: ProbeName, context: &mut Context<'_>) -> Option<Probe> {
    let is_one = has_one_kind(raw, context);
    misplaced(raw, context);
    let kind = kind(raw, context);
    let every = context.value(&raw.every).map_or(EVERY, |Period(every)| every);
    let timeout = context.value(&raw.timeout).map_or(TIMEOUT, |Period(timeout)| timeout);
    let start_period = context.value(&raw.start_period);
    let is_dependency = context.value(&raw.dependency).unwrap_or(false);
    let kind = kind.filter(|_| is_one)?;
    Some(Probe { name, kind, every, timeout, start_period, is_dependency, implicit: false })
}

fn has_one_kind(raw: &RawProbe, context: &mut Context<'_>) -> bool {
    let keys =
        [raw.http.key(), raw.tcp.key(), raw.exec.key(), raw.postgres.key(), raw.redis.key(), raw.container.key()];
    let given: Vec<Span> = keys.into_iter().flatten().collect();
    let hint = "give it exactly one of `http`, `tcp`, `exec`, `postgres`, `redis` and `container`".to_owned();
    match given.as_slice() {
        [_] => return true,
        [] => context.contradiction(raw.at(), "the probe measures nothing".to_owned(), hint),
        [.., last] => context.contradiction(*last, "the probe measures more than one thing".to_owned(), hint),
    }
    false
}

/// Reports settings of another kind of probe.
fn misplaced(raw: &RawProbe, context: &mut Context<'_>) {
    let settings = [
        ("method", raw.method.key(), "http", raw.http.is_absent()),
        ("send", raw.send.key(), "http", raw.http.is_absent()),
        ("headers", raw.headers.key(), "http", raw.http.is_absent()),
        ("connection", raw.connection.key(), "http", raw.http.is_absent()),
        ("protocol", raw.protocol.key(), "http", raw.http.is_absent()),
        ("expect", raw.expect.key(), "http", raw.http.is_absent()),
        ("in", raw.r#in.key(), "exec", raw.exec.is_absent()),
        ("query", raw.query.key(), "postgres", raw.postgres.is_absent()),
    ];
    for (key, at, owner, is_absent) in settings {
        if let Some(at) = at.filter(|_| is_absent) {
            context.contradiction(at, format!("`{key}` is for `{owner}`, which is not set"), None);
        }
    }
}

fn kind(raw: &RawProbe, context: &mut Context<'_>) -> Option<ProbeKind> {
    if let Field::Given(..) = raw.http {
        return http(raw, context).map(|probe| ProbeKind::Http(Box::new(probe)));
    }
    if let Some(Address(address)) = context.value(&raw.tcp) {
        return Some(ProbeKind::Tcp { address });
    }
    if let Field::Given(..) = raw.exec {
        let place = context.value(&raw.r#in).unwrap_or_default();
        return Some(ProbeKind::Exec { argv: context.argv(&raw.exec)?, place });
    }
    if let Some(url) = raw.postgres.value() {
        let query = context.value(&raw.query);
        return Some(ProbeKind::Postgres { url: context.secret(url, literal_password)?, query });
    }
    if let Some(url) = raw.redis.value() {
        return Some(ProbeKind::Redis { url: context.secret(url, literal_password)? });
    }
    raw.container.value().map(|_| ProbeKind::Container)
}

/// Reports a probe that needs a container where there is none: `why`.
pub(super) fn refuse_container(probe: &Probe, raw: &RawProbe, why: &str, context: &mut Context<'_>) {
    let at = match probe.kind {
        ProbeKind::Exec { place: Place::Container, .. } => raw.r#in.key(),
        ProbeKind::Container => raw.container.key(),
        _ => None,
    };
    if let Some(at) = at {
        context.contradiction(at, why.to_owned(), "use `exec` with `in: host`".to_owned());
    }
}

fn http(raw: &RawProbe, context: &mut Context<'_>) -> Option<HttpProbe> {
    let url = context.value(&raw.http);
    let send = raw.send.value().and_then(|scalar| context.secret(scalar, |_| false));
    let usual = if raw.send.is_absent() { HttpMethod::Get } else { HttpMethod::Post };
    let method = context.value(&raw.method).unwrap_or(usual);
    if let (Some(at), true) = (raw.send.key(), method != HttpMethod::Post) {
        let message = "`send` is for `POST`, and `method` says something else".to_owned();
        context.contradiction(at, message, "leave `method` out, or `send`".to_owned());
    }
    let headers = headers(&raw.headers, context);
    let connection = context.value(&raw.connection).unwrap_or_default();
    let protocol = context.value(&raw.protocol).unwrap_or_default();
    if let (Some(at), HttpMethod::Post, Connection::Reuse) = (raw.connection.key(), method, connection) {
        let message = "`connection: reuse` is not for `POST`: it may have to be sent twice".to_owned();
        context.contradiction(at, message, "leave it out".to_owned());
    }
    let expect = raw.expect.value().map(|raw| expect(raw, context)).unwrap_or_default();
    let HttpUrl(url) = url?;
    Some(HttpProbe { url, method, send, headers, connection, protocol, expect })
}

/// Headers that are sent.
pub(super) fn headers(
    raw: &Field<Map<Scalar<SecretOrText>>>,
    context: &mut Context<'_>,
) -> BTreeMap<String, SecretOrText> {
    let mut headers = BTreeMap::new();
    for entry in raw.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        let is_secret = if sounds_secret(&entry.key) { |text: &str| !text.contains("${") } else { |_: &str| false };
        let value = entry.value.as_ref().and_then(|scalar| context.secret(scalar, is_secret));
        if let (Some(name), Some(value)) = (header_name(&entry.key, entry.at, context), value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// A header's name in lower case (RFC 9110, section 5.6.2: a token).
fn header_name(key: &str, at: Span, context: &mut Context<'_>) -> Option<String> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if key.is_empty() || !key.chars().all(is_token) {
        context.error(ProblemCode::InvalidName, at, format!("`{key}` is not the name of a header"), None);
        return None;
    }
    Some(key.to_ascii_lowercase())
}

fn expect(raw: &RawExpect, context: &mut Context<'_>) -> HttpExpect {
    let scalars = match raw.status.value() {
        None => &[],
        Some(OneOrMany::One(one)) => std::slice::from_ref(one),
        Some(OneOrMany::Many(many)) => many.as_slice(),
    };
    let status = scalars.iter().filter_map(|scalar| context.scalar(scalar)).collect();
    let mut header = BTreeMap::new();
    for entry in raw.header.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        let value = entry.value.as_ref().and_then(|scalar| context.scalar(scalar));
        if let (Some(name), Some(value)) = (header_name(&entry.key, entry.at, context), value) {
            header.insert(name, value.0);
        }
    }
    HttpExpect {
        status: StatusSet::new(status),
        json: raw.json.value().and_then(|any| context.json(any)),
        body: context.value(&raw.body).map(|Pattern(body)| body),
        header,
        latency_below: context.value(&raw.latency_below).map(|Period(limit)| limit),
        tls: raw.tls.value().map(|raw| tls(raw, context)).unwrap_or_default(),
    }
}

fn tls(raw: &RawTls, context: &mut Context<'_>) -> TlsExpect {
    let verify = context.value(&raw.verify).unwrap_or(true);
    let authority = context.value(&raw.ca).map(|Word(path)| path);
    TlsExpect { verify, authority, expires_in: context.value(&raw.expires_in).map(|Period(left)| left) }
}
