//! One spelling for expressions that the server spells differently after it has read its own words.
//!
//! | first written as                                   | written after a dump was restored           |
//! |----------------------------------------------------|---------------------------------------------|
//! | `(ARRAY['a'::character varying, 'b'::…])::text[]`  | `ARRAY[('a'::character varying)::text, …]`  |
//!
//! The first comes from `status IN ('a', 'b')` on a `varchar`, so a digest that told them apart would differ for half of
//! the databases there are. The second reads back as itself.

/// The text with every cast of an array's constructor moved to its elements.
pub(super) fn settled(text: &str) -> String {
    const OPEN: &str = "(ARRAY[";
    let mut settled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        let (before, array) = rest.split_at(at);
        settled.push_str(before);
        let inside = array.get(OPEN.len()..).unwrap_or_default();
        match cast_array(inside) {
            Some((elements, data_type, after)) => {
                let cast: Vec<String> =
                    elements.iter().map(|element| format!("({})::{data_type}", self::settled(element))).collect();
                settled.push_str(&format!("ARRAY[{}]", cast.join(", ")));
                rest = after;
            }
            None => {
                settled.push_str(OPEN);
                rest = inside;
            }
        }
    }
    settled.push_str(rest);
    settled
}

/// The elements, their new type, and what follows, of `a, b])::type[]…`; `None` where it is something else.
fn cast_array(inside: &str) -> Option<(Vec<&str>, &str, &str)> {
    let (elements, after) = elements(inside)?;
    let after = after.strip_prefix(")::")?;
    let end = after.find("[]")?;
    let (data_type, after) = after.split_at(end);
    let is_name = data_type.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '.' | '"'));
    is_name.then_some((elements, data_type, after.strip_prefix("[]")?))
}

/// The elements of a list up to its closing bracket, and what follows that.
fn elements(list: &str) -> Option<(Vec<&str>, &str)> {
    let (mut elements, mut start, mut depth) = (Vec::new(), 0, 0_u32);
    let mut quote = None;
    for (at, c) in list.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ']') if depth == 0 => {
                elements.push(list.get(start..at)?.trim());
                return Some((elements, list.get(at + 1..)?));
            }
            (None, ')' | ']') => depth = depth.checked_sub(1)?,
            (None, ',') if depth == 0 => {
                elements.push(list.get(start..at)?.trim());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cast_of_an_array_is_spelled_as_casts_of_its_elements() {
        let cases = [
            (
                "((s)::text = ANY ((ARRAY['a'::character varying, 'b,]'::character varying])::text[]))",
                "((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b,]'::character varying)::text]))",
            ),
            ("(ARRAY['it''s'::character varying])::text[]", "ARRAY[('it''s'::character varying)::text]"),
            ("(ARRAY[f(1, 2), x[1]])::bigint[]", "ARRAY[(f(1, 2))::bigint, (x[1])::bigint]"),
            ("(ARRAY[1, 2])[1]", "(ARRAY[1, 2])[1]"),
            ("length('(ARRAY[')", "length('(ARRAY[')"),
            ("(a > 0)", "(a > 0)"),
        ];
        for (written, expected) in cases {
            assert_eq!(settled(written), expected);
            assert_eq!(settled(expected), expected, "what was settled stays");
        }
    }
}
