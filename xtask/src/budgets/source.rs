//! One source file: its length without tests, its functions, and marks that must not stay.

use std::path::Path;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Item, Signature};

use crate::budgets::Finding;

const FILE_TOLD: usize = 300;
const FILE_FAILS: usize = 500;
const TEST_FILE_FAILS: usize = 800;
const FUNCTION_TOLD: usize = 40;
const FUNCTION_FAILS: usize = 60;
const PARAMETERS: usize = 5;

/// Written in pieces, so that this file does not find itself.
const MARKS: [(&str, &str); 4] = [
    (concat!("TO", "DO"), "finish it, or leave it out"),
    (concat!("FIX", "ME"), "fix it"),
    (concat!("#[", "allow("), "use `#[expect(.., reason = \"...\")]`"),
    (concat!("#![", "allow("), "use `#![expect(.., reason = \"...\")]`"),
];

/// Looks at one file; the path is relative to the repository.
pub(crate) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = marks(text);
    let file = match syn::parse_file(text) {
        Ok(file) => file,
        Err(error) => {
            findings.push(Finding::fails(error.span().start().line, format!("cannot be parsed: {error}")));
            return findings;
        }
    };
    let is_test = path.iter().any(|part| part == "tests") || path.ends_with("tests.rs");
    let lines = text.lines().count();
    findings.extend(if is_test { test_file_length(lines) } else { file_length(lines - test_lines(&file.items)) });
    let mut functions = Functions { findings, is_test, is_trait_impl: false };
    functions.visit_file(&file);
    functions.findings
}

fn marks(text: &str) -> Vec<Finding> {
    let numbered = text.lines().enumerate();
    let found = numbered.flat_map(|(index, line)| {
        let here = MARKS.into_iter().filter(move |(mark, _)| line.contains(mark));
        here.map(move |(mark, advice)| Finding::fails(index + 1, format!("`{mark}` is not wanted here; {advice}")))
    });
    found.collect()
}

fn file_length(lines: usize) -> Option<Finding> {
    let message = format!("{lines} lines without tests; one noun a file, {FILE_TOLD} lines at most");
    match lines {
        _ if lines > FILE_FAILS => Some(Finding::fails(None, message)),
        _ if lines > FILE_TOLD => Some(Finding::told(None, message)),
        _ => None,
    }
}

fn test_file_length(lines: usize) -> Option<Finding> {
    let message = || format!("{lines} lines of tests; split it by subject ({TEST_FILE_FAILS} at most)");
    (lines > TEST_FILE_FAILS).then(|| Finding::fails(None, message()))
}

/// How many lines the file's `#[cfg(test)]` items take.
fn test_lines(items: &[Item]) -> usize {
    let modules = items.iter().filter_map(|item| match item {
        Item::Mod(module) if is_for_tests(&module.attrs) => Some(lines_of(module)),
        _ => None,
    });
    modules.sum()
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

fn lines_of(spanned: &impl Spanned) -> usize {
    let span = spanned.span();
    span.end().line - span.start().line + 1
}

/// Measures every function with a body, wherever it stands.
struct Functions {
    findings: Vec<Finding>,
    is_test: bool,
    /// A trait decides over the parameters of its implementations: they are counted where it is ours, in its definition.
    is_trait_impl: bool,
}

impl Functions {
    fn measure(&mut self, signature: &Signature, body: &Block) {
        let (name, first) = (&signature.ident, signature.fn_token.span().start().line);
        let lines = body.span().end().line - first + 1;
        let message = format!("`{name}` has {lines} lines; take a step out of it ({FUNCTION_TOLD} at most)");
        if lines > FUNCTION_FAILS {
            self.findings.push(Finding::fails(first, message));
        } else if lines > FUNCTION_TOLD && !self.is_test {
            self.findings.push(Finding::told(first, message));
        }
    }

    fn count_parameters(&mut self, signature: &Signature) {
        let (name, first) = (&signature.ident, signature.fn_token.span().start().line);
        let parameters = signature.inputs.len();
        if parameters > PARAMETERS {
            let message = format!("`{name}` has {parameters} parameters; make a type of those that belong together");
            self.findings.push(Finding::fails(first, message));
        }
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.count_parameters(&function.sig);
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !self.is_trait_impl {
            self.count_parameters(&function.sig);
        }
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let outside = std::mem::replace(&mut self.is_trait_impl, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.is_trait_impl = outside;
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.count_parameters(&function.sig);
        if let Some(body) = &function.default {
            self.measure(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let outside = self.is_test;
        self.is_test |= is_for_tests(&module.attrs);
        visit::visit_item_mod(self, module);
        self.is_test = outside;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budgets::Weight;

    fn weights(text: &str) -> Vec<Weight> {
        check(Path::new("crates/x/src/lib.rs"), text).into_iter().map(|finding| finding.weight).collect()
    }

    fn function_of(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    f();\n".repeat(lines - 2))
    }

    #[test]
    fn long_functions_are_told_and_longer_ones_fail() {
        assert_eq!(weights(&function_of(40)), []);
        assert_eq!(weights(&function_of(41)), [Weight::Told]);
        assert_eq!(weights(&function_of(61)), [Weight::Fails]);
    }

    #[test]
    fn files_are_measured_without_their_tests() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    struct X;\n".repeat(600));
        assert_eq!(weights(&format!("struct A;\n{tests}")), []);
        assert_eq!(weights(&"struct A;\n".repeat(301)), [Weight::Told]);
        assert_eq!(weights(&"struct A;\n".repeat(501)), [Weight::Fails]);
    }

    #[test]
    fn parameters_are_counted_with_the_receiver() {
        assert_eq!(weights("fn f(a: u8, b: u8, c: u8, d: u8, e: u8) {}"), []);
        assert_eq!(weights("impl X { fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8) {} }"), [Weight::Fails]);
    }

    #[test]
    fn parameters_of_a_trait_are_counted_where_it_is_defined() {
        let method = "fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8)";
        assert_eq!(weights(&format!("impl T for X {{ {method} {{}} }}")), []);
        assert_eq!(weights(&format!("trait T {{ {method}; }}")), [Weight::Fails]);
    }

    #[test]
    fn marks_are_found_with_their_line() {
        let text = format!("\n// {}: later\n", MARKS[0].0);
        assert_eq!(check(Path::new("a.rs"), &text)[0].line, Some(2));
    }
}
