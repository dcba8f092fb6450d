//! Connections that are kept open between two probes of the same target.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::ask::Whose;
use super::line::Line;

/// The connections that are open, by whose they are. Nobody reads from them between two probes: one that the server has
/// closed meanwhile is found when it is used.
pub(in crate::probe) struct Lines {
    open: Mutex<HashMap<Whose, Line>>,
    room: usize,
}

impl Lines {
    /// Room for so many connections.
    pub(in crate::probe) fn with_room_for(room: usize) -> Self {
        Self { open: Mutex::default(), room }
    }

    /// The connection of the time before.
    pub(super) fn take(&self, whose: &Whose) -> Option<Line> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(whose)
    }

    /// Keeps a connection for the next time, or closes it where there is no room.
    pub(super) fn keep(&self, whose: &Whose, line: Line) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() < self.room {
            open.insert(whose.clone(), line);
        }
    }
}
