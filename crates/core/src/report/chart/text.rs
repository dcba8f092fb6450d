//! Text in drawings.

/// How wide a drawing is, in its own units.
const WIDTH: f64 = 720.0;

/// A drawing's beginning, up to its title.
pub(super) fn opened(title: &str, height: f64) -> String {
    let title = escape(title);
    format!(
        "<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" \
         aria-label=\"{title}\">\n<title>{title}</title>\n"
    )
}

/// Text as it stands in XML and HTML, also within a quoted attribute. What XML has no way to say is left out.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(letter),
            letter if letter.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A span in the unit that people would say it in: `350 ms`, `4.2 s`, `5 min 3 s`, `2 h 5 min`, `3 d 4 h`.
#[must_use]
pub fn seconds(ms: i64) -> String {
    let (sign, ms) = if ms < 0 { ("-", ms.unsigned_abs()) } else { ("", ms.unsigned_abs()) };
    let whole = ms / 1000;
    let (minutes, hours) = (whole / 60, whole / 3600);
    let two = |first: u64, unit: &str, rest: u64, small: &str| match rest {
        0 => format!("{sign}{first} {unit}"),
        rest => format!("{sign}{first} {unit} {rest} {small}"),
    };
    match whole {
        0 => format!("{sign}{ms} ms"),
        1..60 => format!("{sign}{whole}.{} s", ms % 1000 / 100),
        60..3600 => two(minutes, "min", whole % 60, "s"),
        3600..86_400 => two(hours, "h", minutes % 60, "min"),
        _ => two(hours / 24, "d", hours % 24, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_their_own_unit() {
        let said = [0, 999, 1_000, 59_960, 60_000, 61_500, 3_600_000, 7_500_000, 97_200_000, -1_500].map(seconds);
        assert_eq!(
            said,
            ["0 ms", "999 ms", "1.0 s", "59.9 s", "1 min", "1 min 1 s", "1 h", "2 h 5 min", "1 d 3 h", "-1.5 s"]
        );
    }

    #[test]
    fn nothing_ends_an_attribute_or_a_tag() {
        assert_eq!(escape("<a b=\"c\" d='e'>&\u{0}\u{1b}\n"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\n");
    }
}
