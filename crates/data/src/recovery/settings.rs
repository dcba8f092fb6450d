//! The configuration of the server beside. Pure.

use backout_core::data::RecoveryTarget;

use super::control::Control;

/// What it does not do, whatever the cluster that it came from did: it reaches nobody, and nothing runs in it by itself.
const ALONE: [(&str, &str); 9] = [
    ("archive_mode", "off"),
    ("archive_command", ""),
    ("primary_conninfo", ""),
    ("max_logical_replication_workers", "0"),
    ("shared_preload_libraries", ""),
    ("autovacuum", "off"),
    ("logging_collector", "off"),
    ("lc_messages", "C"),
    // Nobody reads before it has arrived: a server that can be read early would have to be as large as the original.
    ("hot_standby", "off"),
];

/// `postgresql.conf`, wholly.
pub(super) fn configuration(moment: &RecoveryTarget, restore_command: &str, control: &Control) -> String {
    let alone = ALONE.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let recovery = [("restore_command", restore_command.to_owned()), ("recovery_target_action", "promote".to_owned())];
    let all = alone.chain(control.settings()).chain(recovery).chain(target(moment));
    all.map(|(name, value)| format!("{name} = {}\n", quoted(&value))).collect()
}

/// Where recovery stops: at a name or a time, and before a transaction or what is at a position.
fn target(moment: &RecoveryTarget) -> [(&'static str, String); 2] {
    let (name, value, inclusive) = match moment {
        RecoveryTarget::Name { name } => ("recovery_target_name", name.clone(), "on"),
        RecoveryTarget::Time { at } => {
            ("recovery_target_time", at.strftime("%Y-%m-%d %H:%M:%S%.f+00").to_string(), "on")
        }
        RecoveryTarget::Lsn { lsn } => ("recovery_target_lsn", lsn.clone(), "off"),
        // The log has the lower 32 bits.
        RecoveryTarget::Xid { xid } => ("recovery_target_xid", (xid & 0xffff_ffff).to_string(), "off"),
    };
    [(name, value), ("recovery_target_inclusive", inclusive.to_owned())]
}

/// A value as `postgresql.conf` has it.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

/// Whether the log of the server says that it stopped where it was asked to; that line of it.
pub(super) fn stopped<'a>(log: &'a str, moment: &RecoveryTarget) -> Option<&'a str> {
    let line = log.lines().rev().find_map(|line| line.split_once("recovery stopping ").map(|(_, rest)| rest))?;
    let is_it = match moment {
        RecoveryTarget::Name { name } => line.starts_with(&format!("at restore point \"{name}\"")),
        RecoveryTarget::Time { .. } => line.starts_with("before ") || line.starts_with("after "),
        RecoveryTarget::Lsn { .. } => line.starts_with("before WAL location"),
        RecoveryTarget::Xid { xid } => {
            line.starts_with("before ") && line.contains(&format!(" transaction {}", xid & 0xffff_ffff))
        }
    };
    is_it.then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_quotes() {
        assert_eq!(quoted(r"cp '/it'\''s/%f' x"), r"'cp ''/it''\\''''s/%f'' x'");
    }

    #[test]
    fn a_time_is_written_as_the_server_reads_it() {
        let time = |at: &str| target(&RecoveryTarget::Time { at: at.parse().unwrap() })[0].1.clone();
        assert_eq!(time("2026-11-21T07:00:01.5+01:00"), "2026-11-21 06:00:01.5+00");
        assert_eq!(time("2026-11-21T06:00:00Z"), "2026-11-21 06:00:00+00");
    }

    #[test]
    fn stopping_elsewhere_is_not_stopping_there() {
        let log = "x LOG:  recovery stopping at restore point \"before\", time 2026-11-21 06:00:00+00\nready\n";
        let named = |name: &str| RecoveryTarget::Name { name: name.to_owned() };
        assert!(stopped(log, &named("before")).is_some_and(|line| line.contains("06:00:00")));
        assert_eq!(stopped(log, &named("after")), None);
        assert_eq!(stopped(log, &RecoveryTarget::Xid { xid: 7 }), None);
        assert_eq!(stopped("LOG:  ready\n", &named("before")), None);
    }
}
