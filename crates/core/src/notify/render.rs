//! From a notice to words: the default template, or one that a user wrote.
//!
//! A template is minijinja with the notice as its variables: `project`, `environment`, `event`, `severity`, `title`, `text`,
//! `fields` (each with `name` and `value`), `run`, `id`, `at`. Its first line is the title, the rest is the text.

use std::collections::BTreeMap;

use jiff::civil::Time;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::{Field, Notice};
use crate::config::{Contact, Escalation, Notify};
use crate::policy::FreezeSpan;

/// What a template may do before it is stopped, in instructions.
const FUEL: u64 = 100_000;

/// Days of the week, from Monday on.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const DEFAULT: &str = "{{ title }}\n{{ text }}";

/// A notice in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The notice.
    pub notice: Notice,
    /// One line.
    pub title: String,
    /// The text, without the fields; may be empty.
    pub text: String,
    /// The fields, with whom to call where a person is needed. None where a user's own template says it all.
    pub fields: Vec<Field>,
    /// Whether the words are those of a user's own template.
    pub is_own: bool,
}

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the template cannot be used: {0}")]
pub struct TemplateError(String);

/// Puts a notice into words. A user's own template that fails gives way to the default one, with a field that says so: what
/// happened is more urgent than how it looks.
#[must_use]
pub fn letter(notice: Notice, notify: &Notify, template: Option<&str>) -> Letter {
    let own = template.map(|template| render(template, &notice));
    let mut fields = notice.fields.clone();
    fields.extend(people(&notice, notify));
    let is_own = matches!(own, Some(Ok(_)));
    let (rendered, fields) = match own {
        Some(Ok(rendered)) => (rendered, Vec::new()),
        Some(Err(error)) => {
            fields.push(Field::new("Template", error.to_string()));
            (default(&notice), fields)
        }
        None => (default(&notice), fields),
    };
    let (title, text) = rendered.split_once('\n').unwrap_or((&rendered, ""));
    Letter { title: title.trim().to_owned(), text: text.trim().to_owned(), fields, notice, is_own }
}

/// Whether a template can be used, on a notice of no importance.
///
/// # Errors
/// Where it cannot be read, or fails.
pub fn check_template(template: &str, notice: &Notice) -> Result<(), TemplateError> {
    render(template, notice).map(drop)
}

fn default(notice: &Notice) -> String {
    render(DEFAULT, notice).unwrap_or_else(|_| format!("{}\n{}", notice.title, notice.text))
}

fn render(template: &str, notice: &Notice) -> Result<String, TemplateError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    let by_name: BTreeMap<String, String> =
        notice.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    let variables = context! {
        project => notice.project.as_str(),
        environment => notice.environment.as_str(),
        event => notice.event.word(),
        severity => notice.severity.to_string(),
        title => notice.title.as_str(),
        text => notice.text.as_str(),
        fields => fields(notice),
        field => by_name,
        run => notice.run.as_ref().map(|run| run.as_str()),
        id => notice.id.as_str(),
        at => notice.at.to_string(),
    };
    environment.render_str(template, variables).map_err(|error| TemplateError(error.to_string()))
}

/// The fields as a template sees them.
fn fields(notice: &Notice) -> Value {
    let field = |field: &Field| -> BTreeMap<String, String> {
        [("name".to_owned(), field.name.clone()), ("value".to_owned(), field.value.clone())].into()
    };
    Value::from(notice.fields.iter().map(field).map(Value::from).collect::<Vec<Value>>())
}

/// Whom to call, where a person is needed.
fn people(notice: &Notice, notify: &Notify) -> Option<Field> {
    if notice.severity < super::Severity::Critical || notify.escalation.is_empty() {
        return None;
    }
    let step = |step: &Escalation| {
        let people: Vec<String> = step.call.iter().map(|name| person(name, notify.contacts.get(name))).collect();
        let severities: Vec<&str> = step.severities.iter().map(|severity| severity.word()).collect();
        let only = if severities.is_empty() { String::new() } else { format!("for {}: ", severities.join(", ")) };
        let hours = step.when.as_ref().map(|when| format!(" ({})", hours(when))).unwrap_or_default();
        match step.after.as_secs() / 60 {
            0 => format!("{only}{}{hours}", people.join(", ")),
            minutes => format!("{only}after {minutes} min: {}{hours}", people.join(", ")),
        }
    };
    Some(Field::new("Call", notify.escalation.iter().map(step).collect::<Vec<_>>().join("; then ")))
}

/// When somebody may be called: `only mon, tue 09:00-17:00 +01:00`.
fn hours(when: &FreezeSpan) -> String {
    match when {
        FreezeSpan::Once { from, until } => format!("only {from:.0} to {until:.0}"),
        FreezeSpan::Weekly { days, from, until, offset_s } => {
            let name = |day: &i8| usize::try_from(day - 1).ok().and_then(|day| DAYS.get(day)).copied();
            let days: Vec<&str> = days.iter().filter_map(name).collect();
            let days = if days.is_empty() { String::new() } else { format!("{} ", days.join(", ")) };
            let (sign, ahead) = (if *offset_s < 0 { '-' } else { '+' }, offset_s.unsigned_abs() / 60);
            let clock = |time: &Time| time.strftime("%H:%M").to_string();
            format!("only {days}{}-{} {sign}{:02}:{:02}", clock(from), clock(until), ahead / 60, ahead % 60)
        }
    }
}

fn person(name: &str, contact: Option<&Contact>) -> String {
    let ways = contact.map(|contact| [&contact.phone, &contact.chat, &contact.email]);
    let ways: Vec<&str> = ways.into_iter().flatten().filter_map(|way| way.as_deref()).collect();
    if ways.is_empty() { name.to_owned() } else { format!("{name} ({})", ways.join(", ")) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::id::EnvironmentName;
    use crate::notify::{Event, Severity};

    fn notice(event: Event) -> Notice {
        let environment = EnvironmentName::new("staging").unwrap();
        let fields = vec![Field::new("By", "anna")];
        let test = Notice::test("shop", &environment, Timestamp::UNIX_EPOCH, 1);
        Notice { event, severity: event.severity(), text: "It is.".to_owned(), fields, ..test }
    }

    #[test]
    fn the_default_template_gives_title_text_and_fields() {
        let letter = letter(notice(Event::Kept), &Notify::default(), None);
        assert_eq!((letter.title.as_str(), letter.text.as_str()), ("shop/staging: a test", "It is."));
        assert_eq!(letter.fields, [Field::new("By", "anna")]);
    }

    #[test]
    fn a_template_of_ones_own_says_it_all() {
        let template = "{{ severity|upper }} in {{ environment }}\n{% for f in fields %}{{ f.name }}={{ f.value }}{% endfor %} {{ field['By'] }}";
        let letter = letter(notice(Event::Held), &Notify::default(), Some(template));
        assert_eq!((letter.title.as_str(), letter.text.as_str()), ("CRITICAL in staging", "By=anna anna"));
        assert_eq!(letter.fields, []);
    }

    #[test]
    fn a_template_that_fails_or_never_ends_gives_way_and_is_told() {
        for template in [
            "{{ nothing }}",
            "{% if %}",
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
        ] {
            assert!(check_template(template, &notice(Event::Kept)).is_err());
            let letter = letter(notice(Event::Kept), &Notify::default(), Some(template));
            assert_eq!(letter.text, "It is.");
            assert!(letter.fields.iter().any(|field| field.name == "Template"), "{template}");
        }
    }

    #[test]
    fn whom_to_call_is_said_when_a_person_is_needed() {
        let anna = Contact { phone: Some("+49 1".to_owned()), ..Contact::default() };
        let contacts = [("anna".to_owned(), anna), ("ben".to_owned(), Contact::default())].into();
        let step = |name: &str, minutes: u64| Escalation {
            call: vec![name.to_owned()],
            after: Duration::from_secs(60 * minutes),
            tell: Vec::new(),
            severities: [].into(),
            when: (minutes > 0).then(|| FreezeSpan::Weekly {
                days: [1, 5].into(),
                from: jiff::civil::time(9, 0, 0, 0),
                until: jiff::civil::time(17, 30, 0, 0),
                offset_s: -5400,
            }),
        };
        let notify = Notify { contacts, escalation: vec![step("anna", 0), step("ben", 15)], ..Notify::default() };
        let call = letter(notice(Event::Held), &notify, None).fields.pop().unwrap();
        assert_eq!(call, Field::new("Call", "anna (+49 1); then after 15 min: ben (only mon, fri 09:00-17:30 -01:30)"));
        assert_eq!(notice(Event::Kept).severity, Severity::Info);
        assert_eq!(letter(notice(Event::Kept), &notify, None).fields.len(), 1);
    }
}
