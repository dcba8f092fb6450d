//! The documentation as a whole: `README.md` and every page below `docs/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::chapter::{Chapter, Told, told};
use super::links::{dead_links, targets_of};

/// The list of pages, which mdBook makes its contents of.
const SUMMARY: &str = "docs/SUMMARY.md";

/// The pages by their paths from the repository's root.
#[derive(Debug, Clone)]
pub struct Book {
    /// The text of each.
    pub pages: BTreeMap<String, String>,
}

impl Book {
    /// Reads all of them.
    ///
    /// # Panics
    /// Where one cannot be read.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test without its pages cannot go on")]
    pub fn open() -> Self {
        let root = root();
        let mut files = vec![root.join("README.md")];
        pages_below(&root.join("docs"), &mut files);
        let name = |file: &Path| file.strip_prefix(&root).unwrap().display().to_string();
        Self { pages: files.iter().map(|file| (name(file), std::fs::read_to_string(file).unwrap())).collect() }
    }

    /// What each page tells people to do.
    ///
    /// # Errors
    /// Every page's problems, with its name.
    pub fn told(&self) -> Result<Vec<Told>, Vec<String>> {
        let mut all = Vec::new();
        let mut problems = Vec::new();
        for (name, text) in &self.pages {
            match told(name, text) {
                Ok(told) => all.push(told),
                Err(found) => problems.extend(found.into_iter().map(|problem| format!("{name}:{problem}"))),
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(problems) }
    }

    /// The chapters that are played on stages of these kinds, in the order of the pages.
    ///
    /// # Panics
    /// Where a page cannot be understood, or none has such a chapter: then nothing would be tried.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that plays nothing shows nothing")]
    pub fn chapters(&self, stages: &[&str]) -> Vec<Chapter> {
        let told = self.told().unwrap_or_else(|problems| panic!("{}", problems.join("\n")));
        let all = told.into_iter().flat_map(|told| told.chapters);
        let chapters: Vec<Chapter> = all.filter(|chapter| stages.contains(&chapter.stage.as_str())).collect();
        assert!(!chapters.is_empty(), "no page has a chapter on {stages:?}");
        chapters
    }

    /// Every link that leads nowhere.
    #[must_use]
    pub fn dead_links(&self) -> Vec<String> {
        dead_links(&self.pages, &|file| root().join(file).exists())
    }

    /// Every page below `docs/` that the list of pages does not have exactly once.
    #[must_use]
    pub fn not_listed_once(&self) -> Vec<String> {
        let summary = self.pages.get(SUMMARY).map(String::as_str).unwrap_or_default();
        let listed: Vec<String> = targets_of(summary).into_iter().map(|target| format!("docs/{target}")).collect();
        let pages = self.pages.keys().filter(|page| page.starts_with("docs/") && *page != SUMMARY);
        let times = |page: &&String| listed.iter().filter(|it| it == page).count();
        pages.filter(|page| times(page) != 1).cloned().collect()
    }
}

/// The examples as people have them, in a folder of a test, with words in their files replaced by others (ports, names of
/// images).
///
/// # Panics
/// Where they cannot be copied.
pub fn copy_examples(into: &Path, words: &[(String, String)]) {
    copy(&root().join("examples"), &into.join("examples"), words);
}

#[expect(clippy::unwrap_used, reason = "a test without its files cannot go on")]
#[expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]
fn copy(from: &Path, to: &Path, words: &[(String, String)]) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target, words);
            continue;
        }
        std::fs::copy(entry.path(), &target).unwrap();
        let Ok(text) = std::fs::read_to_string(&target) else { continue };
        let other = words.iter().fold(text.clone(), |text, (word, other)| text.replace(word, other));
        if other != text {
            std::fs::write(&target, other).unwrap();
        }
    }
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

fn pages_below(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            pages_below(&path, files);
        } else if path.extension().is_some_and(|end| end == "md") {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_the_list_lacks_or_has_twice_is_told() {
        let pages = [
            (SUMMARY, "- [A](a.md)\n- [B](b.md)\n- [B](b.md)\n"),
            ("docs/a.md", ""),
            ("docs/b.md", ""),
            ("docs/c.md", ""),
        ];
        let pages = pages.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        assert_eq!(Book { pages }.not_listed_once(), ["docs/b.md", "docs/c.md"]);
    }
}
