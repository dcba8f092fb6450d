//! Links from page to page, and the anchors that they lead to.

use std::collections::BTreeMap;

/// The anchors of a page's headings, as GitHub and mdBook make them: small letters, no punctuation, `-` for each space, and a
/// number behind one that is there already.
#[must_use]
pub fn anchors(page: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (_, line) in prose(page) {
        let Some(heading) = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#')) else { continue };
        let Some(heading) = heading.strip_prefix(' ') else { continue };
        let kept = heading.trim().chars().filter(|letter| letter.is_alphanumeric() || "-_ ".contains(*letter));
        let anchor: String =
            kept.flat_map(char::to_lowercase).map(|letter| if letter == ' ' { '-' } else { letter }).collect();
        let times = seen.entry(anchor.clone()).or_default();
        all.push(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
        *times += 1;
    }
    all
}

/// Every link between pages that leads nowhere, with its page and line. `pages` holds them by their paths from the
/// repository's root; `is_there` says whether another file is. Addresses on the web are not followed.
#[must_use]
pub fn dead_links(pages: &BTreeMap<String, String>, is_there: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut dead = Vec::new();
    for (name, text) in pages {
        for (at, line) in prose(text) {
            for target in targets(line).filter(|target| !target.contains("://") && !target.starts_with("mailto:")) {
                if let Some(why) = why_dead(name, target, pages, is_there) {
                    dead.push(format!("{name}:{at}: `{target}` {why}"));
                }
            }
        }
    }
    dead
}

fn why_dead(
    page: &str,
    target: &str,
    pages: &BTreeMap<String, String>,
    is_there: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let file = if file.is_empty() { page.to_owned() } else { beside(page, file) };
    let Some(text) = pages.get(&file) else {
        return (!is_there(&file)).then(|| format!("leads to `{file}`, which is not there"));
    };
    let anchor = anchor?;
    let there = anchors(text);
    (!there.iter().any(|it| it == anchor)).then(|| format!("leads to no heading; there are {}", there.join(", ")))
}

/// A path as it is written on a page, from the root.
fn beside(page: &str, path: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The lines outside of fenced blocks, with their numbers.
fn prose(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    page.lines().enumerate().filter_map(move |(at, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        (!fenced && !is_fence).then_some((at + 1, line))
    })
}

/// Where every link of a page leads.
pub(super) fn targets_of(page: &str) -> Vec<&str> {
    prose(page).flat_map(|(_, line)| targets(line)).collect()
}

/// Where the links of a line lead; what stands between backticks is none.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    let mut found = Vec::new();
    for (at, letter) in line.char_indices() {
        code ^= letter == '`';
        if let Some(rest) = line[at..].strip_prefix("](").filter(|_| !code) {
            found.extend(rest.split_once(')').map(|(target, _)| target));
        }
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_as_github_makes_them() {
        let page = "# Going back\n## `backout plan`: what, and why?\n```\n# not one\n```\n## Limits\n## Limits\n";
        assert_eq!(anchors(page), ["going-back", "backout-plan-what-and-why", "limits", "limits-1"]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_told_with_its_line() {
        let page = "[a](b.md#there) [b](../README.md) [c](#here) `[d](no.md)` [e](https://example.com/x.md)\n";
        let pages = |page: &str| {
            BTreeMap::from([
                ("docs/a.md".to_owned(), format!("# Here\n{page}")),
                ("docs/b.md".to_owned(), "# There\n".to_owned()),
            ])
        };
        assert_eq!(dead_links(&pages(page), &|file| file == "README.md"), [""; 0]);
        for (link, said) in
            [("[a](b.md#where)", "leads to no heading"), ("[a](c.md)", "`docs/c.md`"), ("[a](#no)", "no heading")]
        {
            let dead = dead_links(&pages(link), &|_| false);
            assert!(dead.len() == 1 && dead[0].starts_with("docs/a.md:2: ") && dead[0].contains(said), "{dead:?}");
        }
    }
}
