//! Tools whose migrations are SQL files with a number in their name.

use std::collections::BTreeMap;

use backout_core::data::Migration;

use super::graph::migration;

type Texts<'a> = [(&'a str, String)];

/// `000002_price.up.sql` with `000002_price.down.sql`, or `2_price.sql` alone: golang-migrate, sqlx.
pub(super) fn pairs(texts: &Texts<'_>) -> Vec<Migration> {
    let mut found: BTreeMap<u64, (Option<&str>, Option<&str>)> = BTreeMap::new();
    for (name, text) in texts {
        let Some(stem) = base(name).strip_suffix(".sql") else { continue };
        let Some(number) = number(stem) else { continue };
        let entry = found.entry(number).or_default();
        match stem.ends_with(".down") {
            true => entry.1 = Some(text),
            false => entry.0 = Some(text),
        }
    }
    found.into_iter().map(|(number, (up, down))| migration(&number.to_string(), up, down)).collect()
}

/// `2026-11-21-000000_price/up.sql` with `down.sql`: diesel.
pub(super) fn folders(texts: &Texts<'_>) -> Vec<Migration> {
    let mut found: BTreeMap<String, (Option<&str>, Option<&str>)> = BTreeMap::new();
    for (name, text) in texts {
        let Some((folder, file)) = name.rsplit_once('/') else { continue };
        let version = base(folder).split('_').next().unwrap_or_default().replace('-', "");
        let entry = found.entry(version).or_default();
        match file {
            "up.sql" => entry.0 = Some(text),
            "down.sql" => entry.1 = Some(text),
            _ => (),
        }
    }
    let all = found.into_iter().filter(|(_, (up, _))| up.is_some());
    all.map(|(version, (up, down))| migration(&version, up, down)).collect()
}

/// `V2_1__price.sql` with `U2_1__price.sql`; `R__views.sql` has no version: Flyway.
pub(super) fn flyway(texts: &Texts<'_>) -> Vec<Migration> {
    let version = |name: &str, letter: char| -> Option<String> {
        let (version, _) = base(name).strip_prefix(letter)?.strip_suffix(".sql")?.split_once("__")?;
        Some(version.replace('_', "."))
    };
    let undo: BTreeMap<String, &str> =
        texts.iter().filter_map(|(name, text)| Some((version(name, 'U')?, text.as_str()))).collect();
    let ups = texts.iter().filter_map(|(name, text)| Some((version(name, 'V')?, text)));
    ups.map(|(version, text)| migration(&version, Some(text), undo.get(&version).copied())).collect()
}

/// `V2__price.sql`; there is no way back: refinery.
pub(super) fn refinery(texts: &Texts<'_>) -> Vec<Migration> {
    let version = |name: &str| {
        let (version, _) = base(name).strip_prefix(['V', 'U'])?.split_once("__")?;
        version.parse::<u64>().ok()
    };
    let all = texts.iter().filter_map(|(name, text)| Some((version(name)?, text)));
    all.map(|(version, text)| migration(&version.to_string(), Some(text), None)).collect()
}

/// `20261121_price/migration.sql`; there is no way back: Prisma.
pub(super) fn prisma(texts: &Texts<'_>) -> Vec<Migration> {
    let folder = |name: &str| name.strip_suffix("/migration.sql").map(|folder| base(folder).to_owned());
    let all = texts.iter().filter_map(|(name, text)| Some((folder(name)?, text)));
    all.map(|(name, text)| migration(&name, Some(text), None)).collect()
}

/// The last part of a path.
pub(super) fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The number that a name starts with.
pub(super) fn number(name: &str) -> Option<u64> {
    let end = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
    name[..end].parse().ok()
}
