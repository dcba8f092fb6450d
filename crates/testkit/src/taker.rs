//! A stranger who takes a port of this machine as soon as it is free.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::mpsc::{Sender, channel};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

/// Takes a port on loopback as soon as it is free, and keeps it until told.
#[derive(Debug)]
pub struct Taker {
    release: Sender<()>,
    thread: JoinHandle<()>,
}

impl Taker {
    /// Waits for that port from now on.
    #[must_use]
    pub fn of(port: u16) -> Self {
        let (release, released) = channel();
        let thread = spawn(move || {
            let _held = loop {
                match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                    Ok(listener) => break Some(listener),
                    Err(_) if released.try_recv().is_ok() => break None,
                    Err(_) => sleep(Duration::from_millis(2)),
                }
            };
            let _ = released.recv();
        });
        Self { release, thread }
    }

    /// Lets go of it.
    ///
    /// # Panics
    /// Where it could not be held.
    #[expect(clippy::unwrap_used, reason = "a port that was not held makes the test meaningless")]
    pub fn let_go(self) {
        drop(self.release);
        self.thread.join().unwrap();
    }
}
