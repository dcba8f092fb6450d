//! Keeps the deciding crate pure: what `backout-core` may depend on, and what its sources may not mention.

use std::fs;

use serde_json::Value;
use syn::UseTree;
use syn::visit::{self, Visit};

use crate::budgets::rust_files;
use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

const DEPENDENCIES: [&str; 10] = [
    "blake3",
    "jiff",
    "minijinja",
    "regex",
    "schemars",
    "serde",
    "serde-saphyr",
    "serde_json",
    "sqlparser",
    "thiserror",
];

const DEV_DEPENDENCIES: [&str; 5] = ["insta", "proptest", "rand", "rand_chacha", "rand_distr"];

/// Each is a doing of its own: files, sockets, processes, the environment, the clock, a runtime.
const FORBIDDEN: [&str; 10] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "tokio",
];

/// `cargo xtask core-manifest`
pub(crate) fn command() -> Result<(), Failure> {
    let mut problems = surplus_dependencies()?;
    problems.extend(forbidden_mentions()?);
    if problems.is_empty() {
        println!("core-manifest: `backout-core` can do no I/O");
        return Ok(());
    }
    let advice = "core decides and cannot do I/O; move it to the engine or an adapter behind a port";
    Err(Failure::Check(format!("{}\n{advice}", problems.join("\n"))))
}

fn surplus_dependencies() -> Result<Vec<String>, Failure> {
    let text = Call::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .folder(workspace::root())
        .output()?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| Failure::Check(error.to_string()))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let core = packages.filter(|package| package["name"] == "backout-core");
    let dependencies = core.filter_map(|package| package["dependencies"].as_array()).flatten();
    Ok(dependencies.filter_map(surplus).collect())
}

/// What is wrong with one entry of the manifest, if anything.
fn surplus(dependency: &Value) -> Option<String> {
    let name = dependency["name"].as_str()?;
    let is_dev = dependency["kind"] == "dev";
    let is_stated = DEPENDENCIES.contains(&name) || (is_dev && DEV_DEPENDENCIES.contains(&name));
    (!is_stated).then(|| {
        format!("`backout-core` depends on `{name}`, which is not on the list in `xtask/src/core_manifest.rs`")
    })
}

fn forbidden_mentions() -> Result<Vec<String>, Failure> {
    let mut problems = Vec::new();
    for file in rust_files(&workspace::root().join("crates/core/src"))? {
        let text = fs::read_to_string(&file).map_err(Failure::file(&file))?;
        let shown = file.strip_prefix(workspace::root()).unwrap_or(&file).display();
        match mentions(&text) {
            Ok(found) => problems.extend(found.into_iter().map(|path| format!("{shown}: mentions `{path}`"))),
            Err(error) => problems.push(format!("{shown}: cannot be parsed: {error}")),
        }
    }
    Ok(problems)
}

/// The forbidden paths that the source uses or imports.
fn mentions(text: &str) -> syn::Result<Vec<String>> {
    let mut paths = Paths::default();
    paths.visit_file(&syn::parse_file(text)?);
    let is_forbidden = |path: &String| {
        FORBIDDEN
            .iter()
            .any(|forbidden| path.strip_prefix(forbidden).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
    };
    Ok(paths.found.into_iter().filter(is_forbidden).collect())
}

/// Collects every path, those of grouped imports and inside macros included.
#[derive(Default)]
struct Paths {
    found: Vec<String>,
}

impl Paths {
    fn import(&mut self, before: &str, tree: &UseTree) {
        let join = |name: String| if before.is_empty() { name } else { format!("{before}::{name}") };
        match tree {
            UseTree::Path(path) => self.import(&join(path.ident.to_string()), &path.tree),
            UseTree::Name(name) => self.found.push(join(name.ident.to_string())),
            UseTree::Rename(rename) => self.found.push(join(rename.ident.to_string())),
            UseTree::Glob(_) => self.found.push(before.to_owned()),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.import(before, item)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import("", &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.found.push(names.join("::"));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // A macro's tokens are no syntax tree; as text they are read well enough: `std :: fs :: read`.
        let text = call.tokens.to_string().replace(" :: ", "::");
        let words = text.split(|character: char| !(character.is_alphanumeric() || "_:".contains(character)));
        self.found.extend(words.filter(|word| word.contains("::")).map(str::to_owned));
        visit::visit_macro(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_found_in_imports_paths_and_macros() {
        assert_eq!(mentions("use std::{fmt, fs::{self, File}};").unwrap(), ["std::fs::self", "std::fs::File"]);
        assert_eq!(mentions("fn f() { std::env::var(\"A\"); }").unwrap(), ["std::env::var"]);
        assert_eq!(mentions("fn f() { format!(\"{:?}\", std::time::Instant::now()); }").unwrap().len(), 1);
        assert_eq!(mentions("use tokio as t;").unwrap(), ["tokio"]);
    }

    #[test]
    fn comments_and_other_names_are_no_mentions() {
        assert!(
            mentions("/// Not `std::fs`.\nuse std::fmt; struct Instant; fn f(_: std::time::Duration) {}")
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn dependencies_off_the_list_are_surplus() {
        let entry = |name: &str, kind: Value| serde_json::json!({ "name": name, "kind": kind });
        assert_eq!(surplus(&entry("serde", Value::Null)), None);
        assert_eq!(surplus(&entry("insta", "dev".into())), None);
        assert!(surplus(&entry("insta", Value::Null)).is_some());
        assert!(surplus(&entry("tokio", "dev".into())).is_some());
    }
}
