//! Names of objects.

use backout_core::port::PortError;

/// What files that are not whole yet end with.
pub(super) const PART: &str = ".backout-part";

/// The parts of a name, none of which leads out of the store.
///
/// # Errors
/// A name that does, or that a store cannot have.
pub(super) fn parts(name: &str) -> Result<Vec<&str>, PortError> {
    let is_good = |part: &&str| {
        let is_step = part.is_empty() || *part == "." || *part == "..";
        !is_step && !part.contains(|c: char| c.is_control() || c == '\\') && !part.ends_with(PART)
    };
    let parts: Vec<&str> = name.split('/').collect();
    match parts.iter().all(is_good) {
        true => Ok(parts),
        false => Err(PortError::new(format!("`{}` is no name of a stored object", name.escape_default()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_store() {
        for name in ["", "/etc/passwd", "a//b", "../a", "a/../../b", "a/.", "a/", "a\0b", "a\nb", "a\\..\\b"] {
            assert!(parts(name).is_err(), "{name:?}");
        }
        assert_eq!(parts("shop/b-1/dump.zst").unwrap(), ["shop", "b-1", "dump.zst"]);
        assert!(parts("shop/x.backout-part").is_err());
    }
}
