//! The pieces of configuration that pages show: each is read as it would be in a whole file, so that no key, value or unit of
//! them is out of date.

use backout_core::config::{Problem, ProblemCode, load};
use backout_testkit::told::{Block, Book, Note, blocks};

/// What is wrong with a piece whatever stands around it. Names that lead to other pieces are not.
const OWN: [ProblemCode; 11] = [
    ProblemCode::YamlSyntax,
    ProblemCode::YamlFeature,
    ProblemCode::TooLarge,
    ProblemCode::DuplicateKey,
    ProblemCode::UnknownKey,
    ProblemCode::WrongType,
    ProblemCode::InvalidValue,
    ProblemCode::InvalidName,
    ProblemCode::InvalidDuration,
    ProblemCode::InvalidThreshold,
    ProblemCode::InvalidInterpolation,
];

/// What stands around a piece, and how far it is indented: the whole file, the file without its head, an environment, a service.
const AROUND: [(&str, usize); 4] = [
    ("", 0),
    ("version: 1\nproject: shop\n", 0),
    ("version: 1\nproject: shop\nenvironments:\n  staging:\n", 4),
    ("version: 1\nproject: shop\nenvironments:\n  staging:\n    services:\n      app:\n", 8),
];

#[test]
fn every_piece_of_configuration_is_read_without_a_problem_of_its_own() {
    let mut pieces = 0;
    let mut wrong = Vec::new();
    for (name, text) in &Book::open().pages {
        for block in blocks(text).unwrap().iter().filter(|block| is_configuration(block)) {
            pieces += 1;
            let problems = problems(&block.text);
            wrong.extend(problems.iter().map(|it| format!("{name}:{}: {}: {it}", block.line, it.code)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(pieces > 20, "only {pieces} were found");
}

#[test]
fn a_key_that_is_not_there_is_found_at_every_depth() {
    for piece in [
        "verison: 1\n",
        "guard: { soaks: 5s }\n",
        "probes:\n  health: { htpp: 'http://x/' }\n",
        "environments: { a: { gard: 1 } }\n",
    ] {
        let found = problems(piece);
        assert!(found.iter().any(|it| it.code == ProblemCode::UnknownKey), "{piece}: {found:?}");
    }
    assert_eq!(problems("guard: { soak: 5s }\n"), []);
}

fn is_configuration(block: &Block) -> bool {
    let is_other = |note: &Note| matches!(note, Note::NotRun { of: None, .. });
    block.language == "yaml" && !block.notes.iter().any(is_other)
}

/// The problems of a piece itself, where it stands best.
fn problems(piece: &str) -> Vec<Problem> {
    let margin = |line: &str| line.len() - line.trim_start().len();
    let least = piece.lines().filter(|line| !line.trim().is_empty()).map(margin).min().unwrap_or_default();
    let around = AROUND.iter().map(|(head, indent)| {
        let line = |line: &str| format!("{}{}\n", " ".repeat(*indent), line.get(least..).unwrap_or_default());
        let text = format!("{head}{}", piece.lines().map(line).collect::<String>());
        let found = load(&text, &|_| None).err().map(|problems| problems.0).unwrap_or_default();
        found.into_iter().filter(|problem| OWN.contains(&problem.code)).collect::<Vec<_>>()
    });
    around.min_by_key(Vec::len).unwrap_or_default()
}
