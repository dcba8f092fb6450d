//! The command lines of `pg_restore` and `psql`. Pure; what they connect with is in their environment.

use backout_adapters::command::Command;

/// How much memory each connection may sort in: indexes are what a restore takes longest for.
const MEMORY: &str = "256MB";

/// Settings of the sessions that restore. What is lost when the machine dies is restored anew, so nothing waits for disks;
/// and no setting of a role may end a long statement.
pub(super) fn with_settings(command: Command) -> Command {
    let settings = [
        format!("maintenance_work_mem={MEMORY}"),
        "synchronous_commit=off".to_owned(),
        "default_transaction_read_only=off".to_owned(),
        "statement_timeout=0".to_owned(),
        "lock_timeout=0".to_owned(),
        "idle_in_transaction_session_timeout=0".to_owned(),
    ];
    let options: Vec<String> = settings.into_iter().map(|setting| format!("-c {setting}")).collect();
    command.env("PGOPTIONS", options.join(" "))
}

/// A database's name as a program takes it: one that has a `=` would be read as more than a name.
pub(crate) fn connection(dbname: &str) -> String {
    format!("dbname='{}'", dbname.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// `pg_restore`'s words for restoring an archive into `dbname`.
pub(super) fn archive(dbname: &str, jobs: u32, ownership: &[String]) -> Vec<String> {
    let mut words = vec!["--exit-on-error".to_owned(), "--no-password".to_owned()];
    words.push(format!("--dbname={}", connection(dbname)));
    if jobs > 1 {
        words.push(format!("--jobs={jobs}"));
    }
    words.extend(ownership.iter().cloned());
    words
}

/// `psql`'s words for running SQL from its standard input. Not in one transaction: dumps with large objects have
/// transactions of their own, which would end it.
pub(super) fn sql(dbname: &str) -> Vec<String> {
    let words = ["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-"];
    let named = format!("--dbname={}", connection(dbname));
    words.iter().map(|word| (*word).to_owned()).chain([named]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_a_name() {
        assert_eq!(connection("host=evil"), "dbname='host=evil'");
        assert_eq!(connection("it's\\"), "dbname='it\\'s\\\\'");
    }

    #[test]
    fn the_first_error_ends_a_restore() {
        let role = ["--no-owner".to_owned(), "--role=shop".to_owned()];
        let expected = "--exit-on-error --no-password --dbname=dbname='copy' --jobs=2 --no-owner --role=shop";
        assert_eq!(archive("copy", 2, &role).join(" "), expected);
        assert!(!archive("copy", 1, &[]).join(" ").contains("jobs"));
        assert!(sql("copy").contains(&"--set=ON_ERROR_STOP=1".to_owned()));
    }
}
