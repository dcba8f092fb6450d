//! Whether the kernel has room for the connections of a run: where its table of tracked connections is full, new ones are
//! dropped, and every prober is told of failures that no target had.

use std::fs;

use crate::failure::Failure;

const TABLE: &str = "/proc/sys/net/netfilter";

/// Refuses a run that makes so many connections a second for so long, in seconds, where the table cannot hold them. Where
/// connections are not tracked, there is always room.
pub(super) fn check(a_second: usize, seconds: u64) -> Result<(), Failure> {
    let (Some(most), Some(held)) = (number("nf_conntrack_max"), number("nf_conntrack_count")) else { return Ok(()) };
    let kept = number("nf_conntrack_tcp_timeout_time_wait").unwrap_or(120);
    needed(a_second as u64, seconds.min(kept), most.saturating_sub(held)).map_or(Ok(()), |needed| {
        let needed = held + needed;
        Err(Failure::Check(format!(
            "the kernel tracks {most} connections at most, {held} are there, and this run needs {needed}: it would drop \
             connections, and probes would fail that no target failed.\nRaise it for the run: \
             sysctl -w net.netfilter.nf_conntrack_max={}",
            needed.next_power_of_two()
        )))
    })
}

/// How many connections are in the table at once, where that is more than it has room for.
fn needed(a_second: u64, seconds: u64, room: u64) -> Option<u64> {
    let needed = a_second * seconds;
    (needed > room).then_some(needed)
}

fn number(name: &str) -> Option<u64> {
    fs::read_to_string(format!("{TABLE}/{name}")).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_refused_where_its_connections_do_not_fit() {
        assert_eq!(needed(10_000, 90, 262_144), Some(900_000));
        assert_eq!(needed(500, 9, 262_144), None);
    }
}
