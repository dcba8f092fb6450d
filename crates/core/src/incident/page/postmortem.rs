//! The post-mortem: a draft of it from the case, by our templates or one of the users' own.
//!
//! Contract: times are in UTC and nothing comes from where or when it is rendered. In HTML every variable is escaped, but for
//! `charts`, which are drawings of ours. What a template may use is listed in the documentation of incidents; what it does not
//! know is an error, and it may do only so much.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::chart::course;
use crate::incident::case::{Case, as_of};
use crate::incident::checklist::Part;
use crate::incident::entry::Topic;
use crate::policy::Severity;
use crate::report::chart::{STYLE, escape, seconds};

const MARKDOWN: &str = include_str!("templates/postmortem.md");
const HTML: &str = include_str!("templates/postmortem.html");

/// What a template may do before it is stopped, in instructions: enough for tens of thousands of lines.
const FUEL: u64 = 5_000_000;

/// What it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Markdown.
    Markdown,
    /// One page that needs no other file.
    Html,
}

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the template cannot be used: {0}")]
pub struct PostmortemError(String);

/// The post-mortem of a case; `template` is one of the user's own.
///
/// # Errors
/// Where the template cannot be read, names what there is not, or does not end.
pub fn postmortem(case: &Case, format: Format, template: Option<&str>) -> Result<String, PostmortemError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(move |_| match format {
        Format::Markdown => AutoEscape::None,
        Format::Html => AutoEscape::Html,
    });
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_syntax(syntax()?);
    environment.add_filter("span", |ms: Option<i64>| ms.map_or_else(|| "not known".to_owned(), seconds));
    environment.add_filter("clock", |at: String| time(&at, "%H:%M:%S"));
    environment.add_filter("day", |at: String| time(&at, "%Y-%m-%d"));
    environment.add_filter("moment", |at: String| time(&at, "%Y-%m-%d %H:%M:%S UTC"));
    environment.add_filter("cell", |text: String| text.replace('|', "\\|").replace(['\n', '\r'], " "));
    environment.add_filter("rich", |text: String| Value::from_safe_string(rich(&text)));
    environment.add_filter("offset", |ms: i64| format!("{}{}", if ms < 0 { "" } else { "+" }, seconds(ms)));
    let ours = if format == Format::Html { HTML } else { MARKDOWN };
    let rendered = environment.render_str(template.unwrap_or(ours), variables(case));
    rendered.map_err(|error| PostmortemError(because(&error)))
}

/// A line with nothing but a tag leaves nothing.
fn syntax() -> Result<SyntaxConfig, PostmortemError> {
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    syntax.build().map_err(|error| PostmortemError(because(&error)))
}

/// The error with what caused it.
fn because(error: &minijinja::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// Text for a page, with what stands in backticks as code.
fn rich(text: &str) -> String {
    let parts: Vec<String> = escape(text).split('`').map(str::to_owned).collect();
    // A backtick without a partner is just a backtick.
    let pairs = parts.len() - 1 - (parts.len() - 1) % 2;
    let mut html = String::new();
    for (place, part) in parts.iter().enumerate() {
        match place {
            0 => {}
            place if place > pairs => html.push('`'),
            place if place % 2 == 1 => html.push_str("<code>"),
            _ => html.push_str("</code>"),
        }
        html.push_str(part);
    }
    html
}

fn time(at: &str, format: &str) -> String {
    at.parse::<jiff::Timestamp>().map_or_else(|_| at.to_owned(), |at| at.strftime(format).to_string())
}

fn variables(case: &Case) -> Value {
    let notes = |topic: Topic| {
        let those = case.incident.notes.iter().filter(|note| note.topic == topic);
        of(&those.collect::<Vec<_>>())
    };
    let what_happened = context! {
        times => of(&case.moments),
        objective => of(&case.objective),
        limits => of(&case.limits),
        services => of(&case.services),
        versions => of(&case.versions),
        deploy => of(&case.deploy),
        kind => case.kind,
        result => case.result,
        outcome => of(&case.outcome),
        findings => of(&case.findings),
        reasons_for => of(&case.reasons_for),
        reasons_against => of(&case.reasons_against),
        checks => of(&case.checks),
        losses => of(&case.losses),
        data_went_back => case.data_went_back,
        told => of(&case.told),
        timeline => of(&case.timeline),
        evidence => of(&case.evidence),
    };
    context! {
        id => case.incident.id.as_str(),
        incident => of(&case.incident),
        title => case.incident.title.as_str(),
        environment => case.incident.environment.as_str(),
        severity => case.incident.severity.map(Severity::word),
        status => case.incident.status.word(),
        lead => case.incident.roles.get("lead"),
        as_of => as_of(case).to_string(),
        open_items => case.checklist.open,
        parts => parts(case),
        notes => notes(Topic::Note),
        summary => notes(Topic::Summary),
        cause => notes(Topic::Cause),
        impact => notes(Topic::Impact),
        resolution => notes(Topic::Resolution),
        actions => notes(Topic::Action),
        lessons => notes(Topic::Lesson),
        charts => charts(case),
        style => Value::from_safe_string(format!("{PAGE}{STYLE}")),
        ..what_happened
    }
}

/// The drawings: `course`, and `measured`, each with its `title` and `drawing`.
fn charts(case: &Case) -> Value {
    let drawn = case.measured.iter().filter_map(|plot| {
        let drawing = Value::from_safe_string(plot.svg()?);
        Some(context! { title => plot.title.as_str(), drawing })
    });
    context! { course => course(case).map(Value::from_safe_string), measured => drawn.collect::<Vec<_>>() }
}

fn of<T: serde::Serialize + ?Sized>(value: &T) -> Value {
    Value::from(Serde(value))
}

/// The checklists by when they are due, each item with its mark.
fn parts(case: &Case) -> Vec<Value> {
    let part = |part: Part| {
        let those = || case.checklist.items.iter().filter(move |item| item.part == part);
        let marks: Vec<&str> = those().map(|item| item.state.mark()).collect();
        let items = of(&those().collect::<Vec<_>>());
        context! { heading => part.heading(), items, marks }
    };
    Part::ALL.into_iter().map(part).collect()
}

/// What pages look like, in the light and in the dark.
pub(crate) const PAGE: &str = include_str!("templates/page.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_backticks_is_code() {
        let pages = ["a `b` c `d<`", "`x", "a `b` c `d"].map(rich);
        assert_eq!(pages, ["a <code>b</code> c <code>d&lt;</code>", "`x", "a <code>b</code> c `d"]);
    }
}
