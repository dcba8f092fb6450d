//! Those who use a service all along.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::client::status;

/// Somebody who asks one thing after the other, about twenty a second, until this is dropped.
#[derive(Debug)]
pub struct Users {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Users {
    /// Begins to ask that path of that port.
    #[must_use]
    pub fn start(port: u16, path: &'static str) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                let _ = status(port, path);
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Self { is_over, thread: Some(thread) }
    }
}

impl Drop for Users {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // What it asks last is answered within seconds.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
