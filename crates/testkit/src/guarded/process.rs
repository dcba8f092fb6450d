//! `backout` as a process: started, waited for, killed.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything here takes; a hang fails the test.
const LIMIT: Duration = Duration::from_secs(200);

/// A process that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; 128 and the signal's number where a signal ended it, as shells have it.
    pub code: i32,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// How long it ran.
    pub took: Duration,
}

impl Ended {
    /// The same, where it ended with that code.
    ///
    /// # Panics
    /// With everything it wrote, where it did not.
    #[expect(clippy::must_use_candidate, reason = "the expectation is what counts")]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// A process that runs. It is killed when this is dropped; what it started is not.
#[derive(Debug)]
pub struct Running {
    child: Child,
    since: Instant,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

impl Running {
    /// Starts a command without input, its output collected.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test whose program is missing cannot go on")]
    pub fn start(mut command: Command) -> Self {
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().map(collect), child.stderr.take().map(collect));
        Self { child, since: now(), stdout, stderr }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends it a signal; what it started gets none.
    ///
    /// # Panics
    /// Where it is gone.
    #[expect(clippy::unwrap_used, reason = "a signal to nobody is a test gone wrong")]
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Kills it at once, as `kill -9` does.
    ///
    /// # Panics
    /// Where it cannot be killed.
    #[expect(clippy::unwrap_used, reason = "a process that cannot be killed makes the test meaningless")]
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// Where it does not end in 200 s.
    #[must_use = "what it wrote may be all that tells what went wrong"]
    #[expect(clippy::unwrap_used, reason = "a process that cannot be waited for makes the test meaningless")]
    pub fn wait(mut self) -> Ended {
        use std::os::unix::process::ExitStatusExt;
        wait_until("backout to end", LIMIT, || !self.is_running());
        let status = self.child.wait().unwrap();
        let took = self.since.elapsed();
        let text = |reader: Option<JoinHandle<String>>| reader.map(|it| it.join().unwrap()).unwrap_or_default();
        let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1);
        Ended { code, stdout: text(self.stdout.take()), stderr: text(self.stderr.take()), took }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads until the writer *and all it handed the pipe on to* are gone, at most.
fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits until something holds, looking every millisecond.
///
/// # Panics
/// Where it does not hold in time, saying what was waited for.
pub fn wait_until(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) -> Duration {
    let since = now();
    while !holds() {
        assert!(since.elapsed() < limit, "waited {} s for {what}", limit.as_secs());
        std::thread::sleep(Duration::from_millis(1));
    }
    since.elapsed()
}

/// Kills every process whose command line or working directory names that folder, which is the test's own.
pub fn end_all_of(folder: &Path) {
    let Ok(processes) = std::fs::read_dir("/proc") else { return };
    let own = std::process::id();
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if pid != own && is_of(&process.path(), folder) {
            let _ = i32::try_from(pid).ok().and_then(Pid::from_raw).map(|pid| kill_process(pid, Signal::KILL));
        }
    }
}

fn is_of(process: &Path, folder: &Path) -> bool {
    let folder_name = folder.as_os_str().as_encoded_bytes();
    let words = std::fs::read(process.join("cmdline")).unwrap_or_default();
    let works_there = std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    works_there || words.windows(folder_name.len()).any(|part| part == folder_name)
}

#[expect(clippy::disallowed_methods, reason = "real processes take real time")]
fn now() -> Instant {
    Instant::now()
}
