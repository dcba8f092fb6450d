//! The table of contents of an archive, as `pg_restore --list` prints it.

use std::collections::BTreeSet;

use backout_core::data::ObjectName;

/// What is in an archive. Lines are kept as they are, because they are handed back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entries(Vec<String>);

/// What is left out where only some tables are wanted: it needs the rows of others, or acts on more than rows.
const LEFT_OUT: [&str; 10] = [
    "FK CONSTRAINT ",
    "TRIGGER ",
    "EVENT TRIGGER ",
    "MATERIALIZED VIEW DATA ",
    "PUBLICATION ",
    "PUBLICATION TABLE ",
    "PUBLICATION TABLES IN SCHEMA ",
    "SUBSCRIPTION ",
    "BLOB",
    "LARGE OBJECT ",
];

impl Entries {
    /// Reads what `pg_restore --list` printed.
    pub(crate) fn parse(list: &str) -> Self {
        Self(list.lines().filter(|line| !line.is_empty() && !line.starts_with(';')).map(str::to_owned).collect())
    }

    /// The roles that own what is in it, by the names of those that are `known`: a name with a blank is told by them. The
    /// owner of the database is left out, whoever that is.
    pub(crate) fn owners<'a>(&'a self, known: &'a BTreeSet<String>) -> BTreeSet<&'a str> {
        let owner = |line: &'a String| {
            let ends = |role: &&'a String| line.strip_suffix(role.as_str()).is_some_and(|rest| rest.ends_with(' '));
            let longest = known.iter().filter(ends).max_by_key(|role| role.len()).map(String::as_str);
            longest.or_else(|| line.rsplit(' ').next())
        };
        self.0.iter().filter_map(owner).filter(|owner| !owner.is_empty() && *owner != "pg_database_owner").collect()
    }

    /// The list for `pg_restore --use-list` that brings every definition, the rows of `tables` and their indexes and keys,
    /// and what stands in sequences. Foreign keys and triggers are left out: the rows that they speak of are not there.
    pub(crate) fn only(&self, tables: &[ObjectName]) -> String {
        let wanted = |line: &&String| {
            let Some(what) = described(line) else { return false };
            match what.strip_prefix("TABLE DATA ") {
                Some(named) => tables.iter().any(|table| names(named, table)),
                None => !LEFT_OUT.iter().any(|kind| what.starts_with(kind)),
            }
        };
        self.0.iter().filter(wanted).map(|line| format!("{line}\n")).collect()
    }
}

/// What follows the three numbers of a line: `215; 1259 16386 TABLE public orders shop`.
fn described(line: &str) -> Option<&str> {
    line.splitn(4, ' ').nth(3)
}

/// Whether `public orders shop` is about `table`. Names are printed bare, so that one with a blank may be taken for a
/// shorter one: a table too many does no harm.
fn names(named: &str, table: &ObjectName) -> bool {
    let bare = |name: &str| name.replace(['\n', '\r'], " ");
    let wanted = format!("{} {} ", bare(&table.schema), bare(&table.name));
    named.starts_with(&wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = ";\n; Archive created at 2026-11-21 03:15:02 UTC\n;     dbname: shop\n;\n\
        2; 3079 16385 EXTENSION - pg_trgm \n\
        215; 1259 16386 TABLE public orders shop\n\
        216; 1259 16387 TABLE public Weird \"Name shop\n\
        3342; 0 16386 TABLE DATA public orders shop\n\
        3343; 0 16387 TABLE DATA public Weird \"Name shop\n\
        3350; 0 0 SEQUENCE SET public orders_id_seq shop\n\
        3190; 2606 16391 CONSTRAINT public orders orders_pkey shop\n\
        3195; 2606 16400 FK CONSTRAINT public orders orders_customer_fkey shop\n\
        3399; 0 0 ACL public TABLE orders admin\n";

    #[test]
    fn owners_are_the_last_words_of_their_lines() {
        let list = format!(
            "{LIST}220; 1259 16387 TABLE public notes the shop\n5; 2615 2200 SCHEMA - public pg_database_owner\n"
        );
        let known = ["shop", "the shop"].map(str::to_owned).into();
        let list = Entries::parse(&list);
        assert_eq!(list.owners(&known).into_iter().collect::<Vec<_>>(), ["admin", "shop", "the shop"]);
    }

    #[test]
    fn only_the_rows_of_wanted_tables_are_listed_and_nothing_that_needs_others() {
        let list = Entries::parse(LIST).only(&[ObjectName::new("public", "Weird \"Name")]);
        assert!(list.contains("TABLE public orders shop") && list.contains("TABLE DATA public Weird \"Name shop"));
        assert!(!list.contains("TABLE DATA public orders") && !list.contains("FK CONSTRAINT"), "{list}");
        assert!(list.contains("orders_pkey") && list.contains("SEQUENCE SET") && list.contains("pg_trgm"));
    }
}
