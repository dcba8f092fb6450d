//! What a process costs: its time, its processor time and its memory, as the kernel counts them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::process::Call;

/// Between two looks at a process: its memory is only told while it lives.
const LOOK: Duration = Duration::from_millis(2);

/// What one run of a program took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// User and system time of all its threads, counted in ticks of 10 ms.
    pub(crate) processor: Duration,
    /// The most resident memory that it had, in MiB.
    pub(crate) peak_mib: f64,
    /// Its exit code.
    pub(crate) code: Option<i32>,
}

impl Usage {
    /// Runs a program to its end, with its output in the log.
    pub(crate) fn of(call: Call, log: &Path) -> Result<Self, Failure> {
        let begun = Instant::now();
        let mut child = call.child(log)?;
        let (id, mut peak_mib) = (child.id(), 0.0);
        // A process that has ended and was not waited for still has its processor time.
        while !has_ended(id)? {
            peak_mib = memory_mib(id, "VmHWM").unwrap_or(peak_mib);
            std::thread::sleep(LOOK);
        }
        let wall = begun.elapsed();
        let processor = Duration::from_secs_f64(processor_ticks(id)? / 100.0);
        let status = child.wait().map_err(|error| Failure::Start { program: log.display().to_string(), error })?;
        Ok(Self { wall, processor, peak_mib, code: status.code() })
    }
}

fn has_ended(id: u32) -> Result<bool, Failure> {
    Ok(fields(id)?.split_whitespace().next() == Some("Z"))
}

/// User and system time of a process, in the kernel's ticks of 10 ms.
pub(crate) fn processor_ticks(id: u32) -> Result<f64, Failure> {
    let text = fields(id)?;
    let fields: Vec<f64> = text.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    Ok(fields.get(11).unwrap_or(&0.0) + fields.get(12).unwrap_or(&0.0))
}

/// A line of a living process's `status`, in MiB: `VmRSS`, or `VmHWM` for its peak.
pub(crate) fn memory_mib(id: u32, line: &str) -> Result<f64, Failure> {
    let text = proc_file(id, "status")?;
    let value = text.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':')?.split_whitespace().next());
    let kib: Option<f64> = value.and_then(|kib| kib.parse().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| Failure::Check(format!("no {line}: the process has ended")))
}

/// The fields of `stat` after the program's name, which may have spaces in it.
fn fields(id: u32) -> Result<String, Failure> {
    proc_file(id, "stat").map(|text| text.rsplit(')').next().unwrap_or_default().to_owned())
}

fn proc_file(id: u32, name: &str) -> Result<String, Failure> {
    let path = Path::new("/proc").join(id.to_string()).join(name);
    fs::read_to_string(&path).map_err(Failure::file(&path))
}
