//! Names that say nothing about what is inside.

use std::path::Path;

use crate::budgets::Finding;

const BANNED: [&str; 8] = ["util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"];

/// Looks at the file's own name and the folders it is in.
pub(crate) fn check(file: &Path) -> Vec<Finding> {
    let stem = file.with_extension("");
    let banned = stem.iter().filter(|part| part.to_string_lossy().split(['_', '-']).any(|word| BANNED.contains(&word)));
    banned
        .map(|part| Finding::fails(None, format!("`{}` names no noun; name what it holds", part.to_string_lossy())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banned_words_are_found_in_files_and_folders() {
        assert_eq!(check(Path::new("crates/core/src/string_utils.rs")).len(), 1);
        assert_eq!(check(Path::new("crates/cli/tests/common/mod.rs")).len(), 1);
        assert!(check(Path::new("crates/core/src/commonality.rs")).is_empty());
    }
}
