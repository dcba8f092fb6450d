//! Where the programs of PostgreSQL are.

use std::path::{Path, PathBuf};

use backout_core::port::PortError;

/// Where Debian and its like keep the programs of every major version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// A folder with the programs of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// The programs in `named`, else those of the newest version that is installed, else those that `/usr/bin` has.
    ///
    /// # Errors
    /// Where there are none.
    pub fn find(named: Option<&Path>) -> Result<Self, PortError> {
        if let Some(folder) = named {
            return Ok(Self { folder: folder.to_owned() });
        }
        let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
        let newest = versions
            .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
            .filter(|(_, folder)| folder.join("pg_dump").is_file())
            .max();
        let usual = || Some(PathBuf::from("/usr/bin")).filter(|folder| folder.join("pg_dump").is_file());
        let folder = newest.map(|(_, folder)| folder).or_else(usual);
        folder.map(|folder| Self { folder }).ok_or_else(|| {
            PortError::new("the client programs of PostgreSQL (`pg_dump` and its like) are not installed")
                .hint("install `postgresql-client`, or name their folder: `postgres: { tools: FOLDER }`")
        })
    }

    /// One of the programs.
    ///
    /// # Errors
    /// Where it is not installed.
    pub fn program(&self, name: &str) -> Result<PathBuf, PortError> {
        let program = self.folder.join(name);
        if program.is_file() {
            return Ok(program);
        }
        Err(PortError::new(format!("`{name}` is not in {}", self.folder.display()))
            .hint("install PostgreSQL's server package of the same version as its client"))
    }
}
