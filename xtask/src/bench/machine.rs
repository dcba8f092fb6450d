//! The machine that is measured on, and how busy it is.

use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::process::Call;

/// The day, the cores and the kernel.
pub(crate) fn words() -> Result<String, Failure> {
    let line = |program: &str, words: &[&str]| Call::new(program).args(words).output();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let (day, kernel) = (line("date", &["-u", "+%Y-%m-%d"])?, line("uname", &["-r"])?);
    Ok(format!("{}; {cores} cores; kernel {}", day.trim(), kernel.trim()))
}

/// The load averages of 1, 5 and 15 minutes: other work on the machine disturbs what is measured.
pub(crate) fn load() -> Result<String, Failure> {
    let path = Path::new("/proc/loadavg");
    let text = fs::read_to_string(path).map_err(Failure::file(path))?;
    let averages: Vec<&str> = text.split_whitespace().take(3).collect();
    Ok(averages.join(" "))
}
