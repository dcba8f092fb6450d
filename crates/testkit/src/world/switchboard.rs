//! A board of fallbacks in memory.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use backout_core::config::Fallback;
use backout_core::port::{Pending, PortError, Switchboard};

/// What is on, and what cannot be switched. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemorySwitchboard(Arc<Mutex<Board>>);

#[derive(Debug, Default)]
struct Board {
    on: BTreeSet<String>,
    stuck: BTreeSet<String>,
    switched: Vec<(String, bool)>,
}

impl MemorySwitchboard {
    fn board(&self) -> std::sync::MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this one cannot be switched.
    pub fn stick(&self, name: &str) {
        self.board().stuck.insert(name.to_owned());
    }

    /// What is on.
    #[must_use]
    pub fn on(&self) -> Vec<String> {
        self.board().on.iter().cloned().collect()
    }

    /// How often something was asked for.
    #[must_use]
    pub fn switched(&self) -> Vec<(String, bool)> {
        self.board().switched.clone()
    }
}

impl Switchboard for MemorySwitchboard {
    fn switch<'a>(&'a self, name: &'a str, _: &'a Fallback, on: bool) -> Pending<'a, Result<String, PortError>> {
        Box::pin(async move {
            let mut board = self.board();
            board.switched.push((name.to_owned(), on));
            if board.stuck.contains(name) {
                return Err(PortError::new("the flag server is away"));
            }
            if on {
                board.on.insert(name.to_owned());
            } else {
                board.on.remove(name);
            }
            Ok(format!("{} is set", name))
        })
    }
}
