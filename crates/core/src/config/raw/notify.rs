//! What is for people: who is told, whom to call, and what there is to see to in an incident.

use std::time::Duration;

use crate::config::SecretOrText;
use crate::config::leaf::{ClockOffset, Day, HttpUrl, MailAddress, Moment, NotifierKind, Period, SmtpAddress, Word};
use crate::config::read::{List, Map, Scalar, raw};
use crate::notify::{Event, Severity};
use crate::policy;

raw! {
    /// Someone who is told what happens.
    RawNotifier {
        /// What it is: `slack`, `teams`, `discord`, `webhook`, `email`, `pagerduty`, `opsgenie`, `statuspage`, `instatus` or `cachet`. Default: its name.
        kind: optional Scalar<NotifierKind>,
        /// Slack, Teams, Discord, webhook: a reference to the address that messages are posted to, such as `env:SLACK_WEBHOOK`.
        webhook: optional Scalar<SecretOrText>,
        /// Webhook: a reference to the secret that requests are signed with.
        secret: optional Scalar<SecretOrText>,
        /// Slack: the bot's token, with `channel`; PagerDuty: the routing key; Opsgenie and status pages: the API key. A reference.
        token: optional Scalar<SecretOrText>,
        /// Slack: the channel in which the bot keeps one message a run up to date.
        channel: optional Scalar<String>,
        /// The service's address, where it is not the public one: another region, or a server of one's own.
        server: optional Scalar<HttpUrl>,
        /// Statuspage and Instatus: the page's identifier.
        page: optional Scalar<String>,
        /// Status pages: identifiers of the components that an incident is about.
        components: optional List<Scalar<String>>,
        /// Email: the mail server, `smtp://HOST:PORT` with STARTTLS or `smtps://HOST:PORT` with TLS from the start.
        smtp: optional Scalar<SmtpAddress>,
        /// Email: whether `smtp://` must switch to TLS. Default true.
        starttls: optional Scalar<bool>,
        /// Email: a file with certificates that are trusted beside those of the system.
        ca: optional Scalar<String>,
        /// Email: the name to log in with.
        username: optional Scalar<String>,
        /// Email: a reference to the password.
        password: optional Scalar<SecretOrText>,
        /// Email: who the mail is from.
        from: optional Scalar<MailAddress>,
        /// Email: who gets it.
        to: optional List<Scalar<MailAddress>>,
        /// The events that are told. Default: all; pagers and status pages: those that open or close an alert.
        on: optional List<Scalar<Event>>,
        /// Only what is at least so severe is told, and how it ended. Default `info`.
        at_least: optional Scalar<Severity>,
        /// A file with a template of one's own for the text.
        template: optional Scalar<String>,
        /// How long one request may take. Default 10s.
        timeout: optional Scalar<Period>,
    }
}

raw! {
    /// Someone who can be reached.
    RawContact {
        /// The telephone number.
        phone: optional Scalar<Word>,
        /// The mail address.
        email: optional Scalar<MailAddress>,
        /// The name in a chat.
        chat: optional Scalar<Word>,
    }
}

raw! {
    /// Whom to call, and when.
    RawEscalation {
        /// The contacts.
        call: required List<Scalar<Word>>,
        /// How long after a person was first needed. Default 0s.
        after: optional Scalar<Duration>,
        /// The notifiers that tell it when that time comes, by name: as long as nobody has ended the trouble.
        tell: optional List<Scalar<Word>>,
        /// Only of these severities. Default: all.
        severity: optional List<Scalar<policy::Severity>>,
        /// Only at these hours: whoever is to be told outside of them is told when the next ones begin. Default: at any time.
        when: optional RawHours,
    }
}

raw! {
    /// Hours of the week.
    RawHours {
        /// The days on which they begin, `mon` to `sun`. Default: every day.
        days: optional List<Scalar<Day>>,
        /// When they begin: `09:00`.
        from: required Scalar<Moment>,
        /// When they end; a time that is not later than `from` is on the next day.
        until: required Scalar<Moment>,
        /// How far their clock is ahead of UTC, such as `+01:00`. Default `+00:00`.
        offset: optional Scalar<ClockOffset>,
    }
}

raw! {
    /// How incidents are kept.
    RawIncidents {
        /// What there is to see to before, during and after going back.
        checklists: optional RawChecklists,
        /// When post-mortems are due, and where they are begun.
        post_mortem: optional RawPostMortem,
    }
}

raw! {
    /// Post-mortems.
    RawPostMortem {
        /// How long after it is good again one is due. People are reminded when three quarters of that are over, unless `backout incident check INCIDENT post-mortem` was said. Default: nobody is reminded.
        within: optional Scalar<Period>,
        /// The folder into which one is written when an incident is over: `INCIDENT.md`, which is yours from then on. Default: none is.
        drafts: optional Scalar<String>,
        /// A file with a template of one's own for it.
        template: optional Scalar<String>,
    }
}

raw! {
    /// Checklists of one's own. An item of a known name says it in one's own words.
    RawChecklists {
        /// Whether the items that are known come as well. Default true.
        defaults: optional Scalar<bool>,
        /// What holds before anything is changed, by the item's name.
        before: optional Map<Scalar<String>>,
        /// What holds while the environment goes back.
        during: optional Map<Scalar<String>>,
        /// What holds once it is back.
        after: optional Map<Scalar<String>>,
    }
}
