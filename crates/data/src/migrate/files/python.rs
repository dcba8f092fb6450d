//! Tools whose migrations are Python: read as text, tolerantly, because running somebody's code to look at it would be worse.

use backout_core::data::{Migration, Revision};

use super::graph::{declared, migration};

/// `revision`, `down_revision`, `depends_on` and the body of `downgrade`: Alembic.
pub(super) fn alembic(text: &str) -> Option<Migration> {
    let assigned = |name: &str| assignment(text, name).map(|value| strings(&value)).unwrap_or_default();
    let revision = assigned("revision").into_iter().next()?;
    let mut one = migration(&revision, None, None);
    one.needs = assigned("down_revision").into_iter().chain(assigned("depends_on")).map(Revision).collect();
    one.compatibility = declared(text);
    // A merge does nothing forward, and nothing is its inverse.
    let does = |name: &str| body(text, name).map(|lines| meaning(&lines));
    let does_nothing = matches!((does("upgrade"), does("downgrade")), (Some(Body::Nothing), Some(Body::Nothing)));
    one.has_inverse = Some(does_nothing || matches!(does("downgrade"), Some(Body::Something)));
    Some(one)
}

/// `shop/migrations/0002_price.py` with `dependencies`: Django. `RunPython` and `RunSQL` need a way back of their own.
pub(super) fn django(name: &str, text: &str) -> Option<Migration> {
    let (folder, file) = name.rsplit_once('/')?;
    let app = folder.strip_suffix("/migrations")?.rsplit('/').next()?;
    let stem = file.strip_suffix(".py").filter(|stem| *stem != "__init__")?;
    if !text.contains("Migration") {
        return None;
    }
    let mut one = migration(&format!("{app}.{stem}"), None, None);
    let dependencies = inner(text, "dependencies").map(|value| strings(&value)).unwrap_or_default();
    one.needs = dependencies
        .chunks(2)
        .filter_map(|pair| match pair {
            [app, name] if !name.starts_with("__") => Some(Revision(format!("{app}.{name}"))),
            _ => None,
        })
        .collect();
    let lacks = |what: &str, reverse: &str| calls(text, what).iter().any(|call| !has_reverse(call, reverse));
    one.has_inverse = Some(!lacks("RunPython(", "reverse_code") && !lacks("RunSQL(", "reverse_sql"));
    one.compatibility = declared(text);
    Some(one)
}

/// Whether a call has its second positional argument, or the one of that name.
fn has_reverse(call: &str, name: &str) -> bool {
    let arguments = arguments(call);
    let named = |argument: &&String| {
        let before = argument.split('=').next().unwrap_or_default().trim();
        argument.contains('=') && !before.is_empty() && before.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    arguments.iter().filter(|it| !named(it)).count() > 1
        || arguments.iter().any(|it| it.trim_start().starts_with(name) && !it.trim_end().ends_with("None"))
}

/// The value assigned to a name at the start of a line, without comments.
fn assignment(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let is_start = |at: usize| at == 0 || rest.as_bytes()[at - 1] == b'\n';
        let at = rest.find(name)?;
        let after = &rest[at + name.len()..];
        let is_name = after.trim_start_matches(' ').starts_with([':', '=']);
        if is_start(at) && is_name {
            let value = after.split_once('=')?.1.trim_start_matches(' ');
            let opens = value.starts_with(['(', '[']);
            let end = if opens { value.find([')', ']']) } else { value.find('\n') };
            return Some(uncommented(&value[..end.unwrap_or(value.len())]));
        }
        rest = after;
    }
}

/// What stands between the brackets of `name = [ … ]`, anywhere.
fn inner(text: &str, name: &str) -> Option<String> {
    let after = text.split(name).skip(1).find(|rest| rest.trim_start().starts_with('='))?;
    let value = after.trim_start().trim_start_matches('=').trim_start();
    value.starts_with('[').then(|| uncommented(&value[..closing(value)]))
}

fn uncommented(text: &str) -> String {
    text.lines().map(|line| line.split('#').next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The texts in quotes.
fn strings(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = &rest[at..=at];
        let Some(length) = rest[at + 1..].find(quote) else { break };
        found.push(rest[at + 1..at + 1 + length].to_owned());
        rest = &rest[at + length + 2..];
    }
    found
}

/// The arguments of every call of `what`, which ends in its opening parenthesis.
fn calls<'a>(text: &'a str, what: &str) -> Vec<&'a str> {
    let starts = text.match_indices(what).map(|(at, found)| at + found.len() - 1);
    let within = |at: usize| &text[at + 1..at + closing(&text[at..])];
    starts.map(|at| within(at).strip_suffix(')').unwrap_or(within(at))).collect()
}

/// The arguments at the top level of a call.
fn arguments(call: &str) -> Vec<String> {
    let (mut all, mut last, mut at) = (Vec::new(), 0, 0);
    while at < call.len() {
        match call.as_bytes()[at] {
            b'(' | b'[' | b'{' => at += closing(&call[at..]),
            b'"' | b'\'' => at += quoted(&call[at..]),
            b'#' => at += call[at..].find('\n').unwrap_or(call.len() - at),
            b',' => {
                all.push(call[last..at].to_owned());
                at += 1;
                last = at;
            }
            _ => at += 1,
        }
    }
    all.push(call[last.min(call.len())..].to_owned());
    all.retain(|argument| !uncommented(argument).trim().is_empty());
    all
}

/// Where the bracket that a text starts with is closed, behind it.
fn closing(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match text.as_bytes()[at] {
            b'(' | b'[' | b'{' => (depth, at) = (depth + 1, at + 1),
            b')' | b']' | b'}' => (depth, at) = (depth - 1, at + 1),
            b'"' | b'\'' => at += quoted(&text[at..]),
            b'#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            _ => at += 1,
        }
        if depth == 0 {
            return at.min(text.len());
        }
    }
    text.len()
}

/// The length of a quoted text, three quotes among them; a multiple of whole characters.
fn quoted(text: &str) -> usize {
    let one = &text[..1];
    let three = one.repeat(3);
    let quote = if text.starts_with(&three) { three.as_str() } else { one };
    let mut at = quote.len();
    while at < text.len() {
        match () {
            () if text[at..].starts_with('\\') => {
                at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8);
            }
            () if text[at..].starts_with(quote) => return at + quote.len(),
            () => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    text.len()
}

/// The lines of a function at the top level, without comments.
fn body(text: &str, name: &str) -> Option<Vec<String>> {
    let start = text.find(&format!("def {name}("))?;
    let lines = text[start..].lines().skip_while(|line| !line.trim_end().ends_with(':')).skip(1);
    let within = lines.take_while(|line| line.is_empty() || line.starts_with([' ', '\t', '#', ')']));
    Some(within.map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned()).collect())
}

enum Body {
    Nothing,
    Refuses,
    Something,
}

/// What a body does: its text of documentation is passed over.
fn meaning(lines: &[String]) -> Body {
    let text = lines.join("\n");
    let mut rest = text.trim();
    if rest.starts_with("\"\"\"") || rest.starts_with("'''") {
        rest = rest[quoted(rest)..].trim();
    }
    let words = rest.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut words = words.skip_while(|line| ["pass", "...", "return"].contains(line));
    match words.next() {
        None => Body::Nothing,
        Some(line) if line.starts_with("raise") => Body::Refuses,
        Some(_) => Body::Something,
    }
}
