//! From a query that gives a share to the one that counts what the share is of.

/// How many samples a share goes by: for `A / sum(rate(x[1m]))` that is `sum(increase(x[1m]))`. `None` where the query is
/// not of that form, so that somebody has to say what counts.
///
/// Source: Prometheus documents `increase(v)` as `rate(v)` times the length of the range.
pub(crate) fn counting(promql: &str) -> Option<String> {
    let (numerator, denominator) = divided(bare(promql))?;
    let (_, denominator) = (is_one_call(numerator).then_some(())?, is_one_call(denominator).then_some(denominator)?);
    let (before, after) = denominator.split_once("rate(")?;
    let is_whole_word = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    (is_whole_word && !after.contains("rate(")).then(|| format!("{before}increase({after}"))
}

/// The text without the parentheses that are around all of it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) if closes_at_end(text) => bare(inner),
        _ => text,
    }
}

/// Both sides of the one division that stands outside of everything else.
fn divided(text: &str) -> Option<(&str, &str)> {
    let mut slashes = outside(text).filter(|(_, c)| *c == '/');
    let (at, _) = slashes.next()?;
    slashes.next().is_none().then(|| (bare(&text[..at]), bare(&text[at + 1..])))
}

/// Whether the text is one function or aggregation: `sum(..)`, `sum by (a) (..)`.
fn is_one_call(text: &str) -> bool {
    let mut outer = String::new();
    outside(text).for_each(|(_, c)| outer.push(c));
    let words: Vec<&str> = outer.split_whitespace().collect();
    let is_name = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_grouped = matches!(words.as_slice(), [name, "by" | "without"] if is_name(name));
    text.ends_with(')') && (is_grouped || matches!(words.as_slice(), [name] if is_name(name)))
}

fn closes_at_end(text: &str) -> bool {
    outside(text).next().is_none()
}

/// The characters that stand in no parentheses, braces, brackets or quotes, with their places. Those themselves are left
/// out.
fn outside(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let (mut depth, mut quote, mut is_escaped) = (0_i32, None, false);
    text.char_indices().filter(move |(_, c)| {
        match (quote, *c) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some('"' | '\''), '\\') => is_escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(*c),
            (None, '(' | '{' | '[') => depth += 1,
            (None, ')' | '}' | ']') => depth -= 1,
            (None, _) => return depth == 0,
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requests_of_a_share_are_what_it_is_divided_by() {
        let errors = r#"sum(rate(http_requests_total{status=~"5.."}[1m])) / sum(rate(http_requests_total[1m]))"#;
        assert_eq!(counting(errors).as_deref(), Some("sum(increase(http_requests_total[1m]))"));
        let grouped = r#"(sum by (job) (rate(a{b="x / y)"}[5m]))) / (sum by (job) (rate(a{b="\"/"}[5m])))"#;
        assert_eq!(counting(grouped).as_deref(), Some(r#"sum by (job) (increase(a{b="\"/"}[5m]))"#));
    }

    #[test]
    fn what_is_no_plain_share_is_counted_by_nobody_else() {
        for promql in [
            "up",
            "sum(rate(a[1m]))",
            "a / b",
            "100 * sum(rate(a[1m])) / sum(rate(b[1m]))",
            "sum(rate(a[1m])) / sum(rate(b[1m])) / 2",
            "sum(rate(a[1m])) / sum(rate(b[1m])) > 0.1",
            "sum(rate(a[1m])) / sum(irate(b[1m]))",
            "sum(rate(a[1m])) / (sum(rate(b[1m])) + sum(rate(c[1m])))",
            "",
            "/",
            ")(",
        ] {
            assert_eq!(counting(promql), None, "{promql}");
        }
    }
}
