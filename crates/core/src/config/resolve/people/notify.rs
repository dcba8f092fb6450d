//! Who is told.
//!
//! | kind | needs | may have |
//! |---|---|---|
//! | slack | `webhook`, or `token` and `channel` | `server` (with `token`) |
//! | teams, discord | `webhook` | |
//! | webhook | `webhook` | `secret` |
//! | email | `smtp`, `from`, `to` | `starttls`, `ca`, `username` with `password` |
//! | pagerduty, opsgenie | `token` | `server` |
//! | statuspage, instatus | `token`, `page` | `components`, `server` |
//! | cachet | `token`, `server` | `components` |

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::config::leaf::{ClockOffset, Day, HttpUrl, MailAddress, Moment, NotifierKind, Period, SmtpAddress, Word};
use crate::config::raw::{RawContact, RawEnvironment, RawEscalation, RawHours, RawNotifier};
use crate::config::read::{Field, Keyword, List, Located, MapEntry, Scalar};
use crate::config::resolve::context::Context;
use crate::config::{
    Channel, Contact, Escalation, Mail, Notifier, Notify, ProblemCode, SecretOrText, Span, StatusPage, StatusService,
};
use crate::id::NotifierName;
use crate::notify::{Event, Severity};
use crate::policy::FreezeSpan;

/// How long one request may take, unless it is said.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Who is told, and whom to call.
pub(in crate::config::resolve) fn notify(raw: &RawEnvironment, context: &mut Context<'_>) -> Notify {
    let entries = raw.notify.value().map(|map| map.0.as_slice()).unwrap_or_default();
    let notifiers: BTreeMap<NotifierName, Notifier> =
        entries.iter().filter_map(|entry| notifier(entry, context)).collect();
    let entries = raw.contacts.value().map(|map| map.0.as_slice()).unwrap_or_default();
    let contacts: BTreeMap<String, Contact> =
        entries.iter().filter_map(|entry| Some((entry.key.clone(), contact(entry.value.as_ref()?, context)))).collect();
    let steps = raw.escalation.value().map(|list| list.0.as_slice()).unwrap_or_default();
    let escalation = steps.iter().map(|step| escalation(step, (&contacts, &notifiers), context)).collect();
    Notify { notifiers, contacts, escalation }
}

fn contact(raw: &RawContact, context: &mut Context<'_>) -> Contact {
    Contact {
        phone: context.value(&raw.phone).map(|Word(phone)| phone),
        email: context.value(&raw.email).map(|MailAddress(email)| email),
        chat: context.value(&raw.chat).map(|Word(chat)| chat),
    }
}

fn escalation(
    raw: &RawEscalation,
    (contacts, notifiers): (&BTreeMap<String, Contact>, &BTreeMap<NotifierName, Notifier>),
    context: &mut Context<'_>,
) -> Escalation {
    let is_contact = |name: &str| contacts.contains_key(name).then(|| name.to_owned());
    let is_notifier = |name: &str| notifiers.keys().find(|known| known.as_str() == name).cloned();
    Escalation {
        call: known(&raw.call, ("contact", "contacts"), &is_contact, context),
        after: context.value(&raw.after).unwrap_or_default(),
        tell: known(&raw.tell, ("notifier", "notify"), &is_notifier, context),
        severities: context.list(&raw.severity).into_iter().collect(),
        when: raw.when.value().and_then(|raw| hours(raw, context)),
    }
}

fn hours(raw: &RawHours, context: &mut Context<'_>) -> Option<FreezeSpan> {
    let days = context.list(&raw.days).into_iter().map(|Day(day)| day).collect();
    let offset_s = context.value(&raw.offset).map_or(0, |ClockOffset(seconds)| seconds);
    match (context.value(&raw.from)?, context.value(&raw.until)?) {
        (Moment::Daily(from), Moment::Daily(until)) => Some(FreezeSpan::Weekly { days, from, until, offset_s }),
        _ => {
            let message = "`when` is about times of a day".to_owned();
            context.contradiction(raw.at(), message, "write `from: \"09:00\"` and `until: \"17:00\"`".to_owned());
            None
        }
    }
}

/// The names of a list that are known; the others are reported, with what they are not and where those are.
fn known<T>(
    raw: &Field<List<Scalar<Word>>>,
    (what, key): (&str, &str),
    find: &dyn Fn(&str) -> Option<T>,
    context: &mut Context<'_>,
) -> Vec<T> {
    let mut names = Vec::new();
    for scalar in raw.value().map(|list| list.0.as_slice()).unwrap_or_default() {
        let Some(Word(name)) = context.scalar(scalar) else { continue };
        match find(&name) {
            Some(known) => names.push(known),
            None => {
                let hint = format!("add it to `{key}`, or name one that is there");
                context.contradiction(scalar.span, format!("there is no {what} `{name}`"), hint);
            }
        }
    }
    names
}

fn notifier(entry: &MapEntry<RawNotifier>, context: &mut Context<'_>) -> Option<(NotifierName, Notifier)> {
    let name = context.name::<NotifierName>(&entry.key, entry.at);
    let raw = entry.value.as_ref()?;
    let kind = kind(entry, raw, context)?;
    refuse_strangers(kind, raw, context);
    let channel = channel(kind, raw, context);
    let on: BTreeSet<Event> = context.list(&raw.on).into_iter().collect();
    let mut on = if raw.on.is_absent() { default_events(kind) } else { on };
    if on.contains(&Event::RolledBack) && matches!(channel, Some(Channel::Status(_))) {
        // A page that says that something is observed also says how that ended.
        on.insert(Event::Observed);
    }
    let at_least = context.value(&raw.at_least).unwrap_or(Severity::Info);
    let template = context.value(&raw.template);
    let timeout = context.value(&raw.timeout).map_or(TIMEOUT, |Period(timeout)| timeout);
    Some((name?, Notifier { channel: channel?, on, at_least, template, timeout }))
}

/// What it says it is, or what it is named after.
fn kind(entry: &MapEntry<RawNotifier>, raw: &RawNotifier, context: &mut Context<'_>) -> Option<NotifierKind> {
    if !raw.kind.is_absent() {
        return context.value(&raw.kind);
    }
    let named = NotifierKind::WORDS.iter().find(|(word, _)| *word == entry.key);
    if named.is_none() {
        let words: Vec<String> = NotifierKind::WORDS.iter().map(|(word, _)| format!("`{word}`")).collect();
        let hint = format!("add `kind:`, one of {}", words.join(", "));
        context.error(ProblemCode::MissingKey, entry.at, format!("`{}` does not say what it is", entry.key), hint);
    }
    named.map(|(_, kind)| *kind)
}

/// Pagers and status pages are told what opens or closes an alert; everybody else is told everything.
fn default_events(kind: NotifierKind) -> BTreeSet<Event> {
    use NotifierKind::{Cachet, Instatus, Opsgenie, PagerDuty, Statuspage};
    let is_pager = matches!(kind, PagerDuty | Opsgenie | Statuspage | Instatus | Cachet);
    let all = Event::WORDS.iter().map(|(_, event)| *event);
    all.filter(|event| !is_pager || event.alert().is_some()).collect()
}

/// Reports keys that belong to another kind.
fn refuse_strangers(kind: NotifierKind, raw: &RawNotifier, context: &mut Context<'_>) {
    use NotifierKind::{Cachet, Discord, Email, Instatus, Opsgenie, PagerDuty, Slack, Statuspage, Teams, Webhook};
    let keys: [(&str, Option<Span>, &[NotifierKind]); 13] = [
        ("webhook", raw.webhook.key(), &[Slack, Teams, Discord, Webhook]),
        ("secret", raw.secret.key(), &[Webhook]),
        ("token", raw.token.key(), &[Slack, PagerDuty, Opsgenie, Statuspage, Instatus, Cachet]),
        ("channel", raw.channel.key(), &[Slack]),
        ("server", raw.server.key(), &[Slack, PagerDuty, Opsgenie, Statuspage, Instatus, Cachet]),
        ("page", raw.page.key(), &[Statuspage, Instatus]),
        ("components", raw.components.key(), &[Statuspage, Instatus, Cachet]),
        ("smtp", raw.smtp.key(), &[Email]),
        ("starttls", raw.starttls.key(), &[Email]),
        ("ca", raw.ca.key(), &[Email]),
        ("username", raw.username.key().or(raw.password.key()), &[Email]),
        ("from", raw.from.key(), &[Email]),
        ("to", raw.to.key(), &[Email]),
    ];
    for (key, at, kinds) in keys {
        if let Some(at) = at.filter(|_| !kinds.contains(&kind)) {
            let kinds: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.word())).collect();
            let message = format!("`{key}` is not for `{}`", kind.word());
            context.contradiction(at, message, format!("remove it; it is for {}", kinds.join(", ")));
        }
    }
}

fn channel(kind: NotifierKind, raw: &RawNotifier, context: &mut Context<'_>) -> Option<Channel> {
    let need = Need { kind, raw };
    let server = context.value(&raw.server).map(|HttpUrl(server)| server.trim_end_matches('/').to_owned());
    Some(match kind {
        NotifierKind::Slack if raw.webhook.is_absent() => {
            let (token, channel) =
                (need.secret("token", &raw.token, context), need.value("channel", &raw.channel, context));
            Channel::SlackBot { token: token?, channel: channel?, server }
        }
        NotifierKind::Slack => {
            if let Some(at) = raw.token.key().or(raw.channel.key()).or(raw.server.key()) {
                let hint = "keep `webhook`, or `token` and `channel`".to_owned();
                context.contradiction(at, "Slack is told by a webhook or by a bot, not by both".to_owned(), hint);
            }
            Channel::Slack { webhook: need.secret("webhook", &raw.webhook, context)? }
        }
        NotifierKind::Teams => Channel::Teams { webhook: need.secret("webhook", &raw.webhook, context)? },
        NotifierKind::Discord => Channel::Discord { webhook: need.secret("webhook", &raw.webhook, context)? },
        NotifierKind::Webhook => {
            let secret = raw.secret.value().and_then(|scalar| context.secret(scalar, is_literal));
            Channel::Webhook { webhook: need.secret("webhook", &raw.webhook, context)?, secret }
        }
        NotifierKind::Email => Channel::Email(Box::new(mail(&need, context)?)),
        NotifierKind::PagerDuty => Channel::PagerDuty { token: need.secret("token", &raw.token, context)?, server },
        NotifierKind::Opsgenie => Channel::Opsgenie { token: need.secret("token", &raw.token, context)?, server },
        NotifierKind::Statuspage => Channel::Status(page(&need, StatusService::Atlassian, server, context)?),
        NotifierKind::Instatus => Channel::Status(page(&need, StatusService::Instatus, server, context)?),
        NotifierKind::Cachet => Channel::Status(page(&need, StatusService::Cachet, server, context)?),
    })
}

fn page(
    need: &Need<'_>,
    service: StatusService,
    server: Option<String>,
    context: &mut Context<'_>,
) -> Option<StatusPage> {
    let raw = need.raw;
    let token = need.secret("token", &raw.token, context);
    let page = match service {
        StatusService::Cachet => {
            need.given("server", &raw.server, context);
            Some(String::new())
        }
        _ => need.value("page", &raw.page, context),
    };
    let components = context.list(&raw.components);
    Some(StatusPage { service, token: token?, page: page?, components, server })
}

fn mail(need: &Need<'_>, context: &mut Context<'_>) -> Option<Mail> {
    let raw = need.raw;
    let smtp: Option<SmtpAddress> = need.value("smtp", &raw.smtp, context);
    let from = need.value("from", &raw.from, context).map(|MailAddress(from)| from);
    let to: Vec<String> = context.list(&raw.to).into_iter().map(|MailAddress(to)| to).collect();
    need.given("to", &raw.to, context);
    if let (Some(at), true) = (raw.to.key(), raw.to.value().is_some_and(|list| list.0.is_empty())) {
        context.contradiction(at, "nobody gets the mail: `to` is empty".to_owned(), "add an address".to_owned());
    }
    if let (Some(at), None) | (None, Some(at)) = (raw.username.key(), raw.password.key()) {
        let message = "`username` and `password` are only of use together".to_owned();
        context.contradiction(at, message, "add the other, or remove both".to_owned());
    }
    let username = context.value(&raw.username);
    let password = raw.password.value().and_then(|scalar| context.secret(scalar, is_literal));
    let (starttls, ca) = (context.value(&raw.starttls).unwrap_or(true), context.value(&raw.ca));
    let SmtpAddress { host, port, is_tls } = smtp?;
    if to.is_empty() {
        return None;
    }
    Some(Mail { host, port, is_tls, starttls, ca, login: username.zip(password), from: from?, to })
}

/// Whether what is written is the secret itself.
fn is_literal(text: &str) -> bool {
    !text.contains("${")
}

/// The keys that a kind needs.
struct Need<'a> {
    kind: NotifierKind,
    raw: &'a RawNotifier,
}

impl Need<'_> {
    /// Reports a key that is not there.
    fn given<T>(&self, key: &str, field: &Field<T>, context: &mut Context<'_>) {
        if field.is_absent() {
            let message = format!("a notifier of kind `{}` lacks the key `{key}`", self.kind.word());
            context.error(ProblemCode::MissingKey, self.raw.at(), message, None);
        }
    }

    fn value<T: crate::config::read::Leaf>(
        &self,
        key: &str,
        field: &Field<Scalar<T>>,
        context: &mut Context<'_>,
    ) -> Option<T> {
        self.given(key, field, context);
        context.value(field)
    }

    fn secret(
        &self,
        key: &str,
        field: &Field<Scalar<SecretOrText>>,
        context: &mut Context<'_>,
    ) -> Option<SecretOrText> {
        self.given(key, field, context);
        context.secret(field.value()?, is_literal)
    }
}
