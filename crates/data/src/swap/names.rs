//! Which three names a swap is about, and what stands under them now.

use backout_core::data::{DataAct, DataStep};
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::marks::{self, Marked};

/// The names of a swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    /// What applications use.
    pub(super) live: String,
    /// What takes its place.
    pub(super) copy: String,
    /// What the database is called afterwards.
    pub(super) aside: String,
    /// How long it is kept then, in milliseconds.
    pub(super) keep_ms: u64,
    /// Whether logical slots of others may be given up.
    pub(super) breaks_slots: bool,
}

impl Names {
    /// The names in a step.
    pub(super) fn of(step: &DataStep) -> Result<Self, PortError> {
        match &step.act {
            DataAct::Swap { live, copy, aside, keep_ms, breaks_slots } => Ok(Self {
                live: live.clone(),
                copy: copy.clone(),
                aside: aside.clone(),
                keep_ms: *keep_ms,
                breaks_slots: *breaks_slots,
            }),
            other => Err(PortError::new(format!("`{}` is no swap of databases", other.kind()))),
        }
    }

    /// The swap that takes this one back.
    pub(super) fn back(&self) -> Self {
        Self { copy: self.aside.clone(), aside: self.copy.clone(), ..self.clone() }
    }
}

/// What stands under the three names.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// What applications get.
    pub(super) live: Marked,
    /// What is to take its place.
    pub(super) copy: Option<Marked>,
    /// What was replaced, or is in the way.
    pub(super) aside: Option<Marked>,
}

/// How far a swap is. It is read from the catalogs alone, so a run that knows nothing of the one before it sees the same.
///
/// | the live database          | copy   | aside         | stage       |
/// |----------------------------|--------|---------------|-------------|
/// | was called as the copy is  | absent | any           | `Swapped`   |
/// | bears our mark: frozen     | there  | absent        | `Frozen`    |
/// | otherwise                  | there  | absent        | `Before`    |
/// | otherwise                  | absent | any           | `Impossible`|
/// | otherwise                  | there  | there         | `Impossible`|
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing has happened.
    Before,
    /// Nobody can connect.
    Frozen,
    /// The names were exchanged.
    Swapped,
    /// There is nothing that could be swapped.
    Impossible,
}

impl Standing {
    /// Looks, at all of them in one moment: another session may be about to exchange them.
    pub(super) async fn read(client: &Client, names: &Names) -> Result<Self, PortError> {
        let mut found = marks::read_all(client, &[&names.live, &names.copy, &names.aside]).await?;
        let mut take = |name: &str| {
            let at = found.iter().position(|marked| marked.dbname == name)?;
            Some(found.swap_remove(at))
        };
        let live = take(&names.live).ok_or_else(|| PortError::new(format!("there is no database `{}`", names.live)))?;
        let (copy, aside) = (take(&names.copy), take(&names.aside));
        Ok(Self { live, copy, aside })
    }

    /// How far the swap is.
    pub(super) fn stage(&self, names: &Names) -> Stage {
        let took_its_place = self.live.marks.placed.as_ref().is_some_and(|placed| placed.was == names.copy);
        match (took_its_place, &self.copy, &self.aside) {
            (true, None, _) => Stage::Swapped,
            (_, Some(_), None) if self.live.marks.frozen.is_some() => Stage::Frozen,
            (_, Some(_), None) => Stage::Before,
            _ => Stage::Impossible,
        }
    }

    /// Whether nothing is left to be done about the databases after the swap.
    pub(super) fn is_finished(&self) -> bool {
        let is_locked = |aside: &Marked| aside.marks.kept.as_ref().is_some_and(|kept| kept.locked);
        self.live.takes_connections && self.aside.as_ref().is_none_or(is_locked)
    }

    /// Why there is nothing that could be swapped.
    pub(super) fn obstacle(&self, names: &Names) -> PortError {
        match &self.copy {
            None => PortError::new(format!(
                "there is no database `{}` that could take the place of `{}`",
                names.copy, names.live
            ))
            .hint("restore it beside first"),
            Some(_) => PortError::new(format!(
                "`{}` cannot be put aside: there is a database `{}` already",
                names.live, names.aside
            ))
            .hint("`backout status` lists the databases that were put aside"),
        }
    }
}
