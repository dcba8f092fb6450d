//! Files of rows: one JSON object a line, only their owner can read them.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use backout_core::data::{LostRow, ObjectName};
use backout_core::port::PortError;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::Target;

fn failed(path: &Path, error: &std::io::Error) -> PortError {
    PortError::new(format!("the file of rows {}: {error}", path.display()))
        .hint("make sure that the folder can be written and has space")
}

/// The file of that name in our folder of reports.
pub(in crate::loss) fn report(target: &Target, name: &str) -> PathBuf {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    target.state.join("reports").join(format!("{plain}.jsonl"))
}

/// A file of rows that is being written. It is not there until it is finished, and then it is whole.
pub(in crate::loss) struct Lines {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
    count: u64,
}

impl Lines {
    /// Starts a file.
    pub(in crate::loss) fn create(path: &Path) -> Result<Self, PortError> {
        let wrong = |error| failed(path, &error);
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(wrong)?;
        // A temporary file is its owner's alone from the start.
        let file = NamedTempFile::new_in(folder).map_err(wrong)?;
        Ok(Self { file: BufWriter::new(file), path: path.to_owned(), count: 0 })
    }

    /// Adds a row.
    pub(in crate::loss) fn push(&mut self, row: &impl Serialize) -> Result<(), PortError> {
        let wrong = |error| failed(&self.path, &error);
        serde_json::to_writer(&mut self.file, row).map_err(|error| wrong(error.into()))?;
        self.file.write_all(b"\n").map_err(wrong)?;
        self.count += 1;
        Ok(())
    }

    /// How many rows were added.
    pub(in crate::loss) fn count(&self) -> u64 {
        self.count
    }

    /// Makes it durable under its name.
    pub(in crate::loss) fn finish(self) -> Result<PathBuf, PortError> {
        let path = self.path;
        let wrong = |error: std::io::Error| failed(&path, &error);
        let file = self.file.into_inner().map_err(|error| wrong(error.into_error()))?;
        file.as_file().sync_all().map_err(wrong)?;
        file.persist(&path).map_err(|error| wrong(error.error))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(wrong)?;
        Ok(path)
    }
}

/// Rows of one table that stand together within a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::loss) struct Section {
    pub(in crate::loss) table: ObjectName,
    start: u64,
    pub(in crate::loss) rows: u64,
}

/// A file of rows that is read.
pub(in crate::loss) struct Report {
    path: PathBuf,
    pub(in crate::loss) sections: Vec<Section>,
}

impl Report {
    /// Reads through a file, and remembers where each table stands.
    pub(in crate::loss) fn open(path: &Path) -> Result<Self, PortError> {
        let mut report = Self { path: path.to_owned(), sections: Vec::new() };
        let mut sections: Vec<Section> = Vec::new();
        let mut start = 0;
        for line in report.from(0)? {
            let (row, bytes) = line?;
            match sections.last_mut().filter(|section| section.table == row.table) {
                Some(section) => section.rows += 1,
                None => sections.push(Section { table: row.table, start, rows: 1 }),
            }
            start += bytes;
        }
        report.sections = sections;
        Ok(report)
    }

    /// The rows of a section.
    pub(in crate::loss) fn rows(
        &self,
        section: &Section,
    ) -> Result<impl Iterator<Item = Result<LostRow, PortError>>, PortError> {
        let count = usize::try_from(section.rows).unwrap_or(usize::MAX);
        Ok(self.from(section.start)?.take(count).map(|line| line.map(|(row, _)| row)))
    }

    /// Every row from a byte on, each with the length of its line.
    fn from(&self, start: u64) -> Result<impl Iterator<Item = Result<(LostRow, u64), PortError>>, PortError> {
        let path = self.path.clone();
        let mut file = File::open(&path).map_err(|error| failed(&path, &error))?;
        file.seek(SeekFrom::Start(start)).map_err(|error| failed(&path, &error))?;
        let lines = BufReader::with_capacity(1 << 16, file).split(b'\n');
        Ok(lines.map(move |line| {
            let line = line.map_err(|error| failed(&path, &error))?;
            let row = serde_json::from_slice(&line).map_err(|error| failed(&path, &error.into()))?;
            Ok((row, u64::try_from(line.len()).unwrap_or(u64::MAX).saturating_add(1)))
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use backout_core::data::{Operation, Values};

    use super::*;

    fn row(table: &str, key: &str) -> LostRow {
        LostRow {
            table: ObjectName::new("public", table),
            op: Operation::Inserted,
            key: Values::from([("id".to_owned(), Some(key.to_owned()))]),
            row: Some(Values::from([("text".to_owned(), Some("two\nlines \u{1f600}".to_owned()))])),
            was: None,
            certain: true,
            xid: Some(7),
        }
    }

    #[test]
    fn a_file_is_read_table_by_table_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reports/a.jsonl");
        let mut lines = Lines::create(&path).unwrap();
        let all = [row("a", "1"), row("a", "2"), row("b", "1")];
        all.iter().for_each(|row| lines.push(row).unwrap());
        assert!(!path.exists());
        lines.finish().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let report = Report::open(&path).unwrap();
        assert_eq!(report.sections.len(), 2);
        let second: Vec<_> = report.rows(&report.sections[1]).unwrap().map(Result::unwrap).collect();
        assert_eq!(second, [all[2].clone()]);
        let first: Vec<_> = report.rows(&report.sections[0]).unwrap().map(Result::unwrap).collect();
        assert_eq!(first, all[..2]);
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        drop(Lines::create(&folder.path().join("a.jsonl")).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
