//! Commands of the user's own that switch maintenance mode.
//!
//! Contract: whether they did is not seen here; the page shows it, where one is configured. They never run beside each other:
//! one that a process of ours has not lived to see the end of is waited for.

use backout_core::journal::Former;
use backout_core::port::{Barrier, Blobs, Pending, PortError};

use crate::command::Command;

/// A pair of commands.
#[derive(Debug, Clone)]
pub struct CommandBarrier {
    on: Command,
    off: Command,
}

impl CommandBarrier {
    /// Both must be safe to run again where they have been run.
    #[must_use]
    pub fn new(on: Command, off: Command) -> Self {
        Self { on, off }
    }
}

impl Barrier for CommandBarrier {
    fn name(&self) -> String {
        "command".to_owned()
    }

    fn look<'a>(&'a self, _: &'a dyn Blobs) -> Pending<'a, Result<Former, PortError>> {
        Box::pin(std::future::ready(Ok(Former::Unseen)))
    }

    fn raise<'a>(&'a self, _: &'a Former, _: &'a dyn Blobs) -> Pending<'a, Result<String, PortError>> {
        Box::pin(ran(&self.on))
    }

    fn lower<'a>(&'a self, _: &'a Former, _: &'a dyn Blobs) -> Pending<'a, Result<String, PortError>> {
        Box::pin(ran(&self.off))
    }
}

async fn ran(command: &Command) -> Result<String, PortError> {
    let (_, waited) = command.run_alone("maintenance mode").await?;
    let after = if waited { "; one that was still running was waited for" } else { "" };
    Ok(format!("`{command}` succeeded{after}"))
}
