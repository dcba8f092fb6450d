//! Columns: which ones a recording may have, and where they are.

/// Where the columns of a recording are; an index each.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Columns {
    pub(super) time: usize,
    pub(super) requests: Option<usize>,
    pub(super) errors: Option<usize>,
    pub(super) old_requests: Option<usize>,
    pub(super) old_errors: Option<usize>,
    pub(super) up: Option<usize>,
    /// Upper edges in seconds, ascending, with their columns.
    pub(super) edges: Vec<(f64, usize)>,
    /// The column of all requests, whatever they took.
    pub(super) beyond: Option<usize>,
    /// Those that mean nothing here.
    pub(super) ignored: Vec<String>,
}

/// What a header should look like, for messages.
const KNOWN: &str = "`t`, `requests`, `errors`, `baseline_requests`, `baseline_errors`, `up` and `le_<ms>`";

impl Columns {
    /// Reads a header.
    ///
    /// # Errors
    /// With a sentence for a person where a column is missing or there twice.
    pub(super) fn read(header: &[String]) -> Result<Self, String> {
        let mut columns = Self { time: usize::MAX, ..Self::default() };
        for (index, name) in header.iter().enumerate() {
            let name = name.trim().to_ascii_lowercase();
            let twice = match name.as_str() {
                "t" => std::mem::replace(&mut columns.time, index) != usize::MAX,
                "requests" => columns.requests.replace(index).is_some(),
                "errors" => columns.errors.replace(index).is_some(),
                "baseline_requests" => columns.old_requests.replace(index).is_some(),
                "baseline_errors" => columns.old_errors.replace(index).is_some(),
                "up" => columns.up.replace(index).is_some(),
                other => columns.latency(other, index)?,
            };
            if twice {
                return Err(format!("the column `{name}` is there twice"));
            }
        }
        columns.edges.sort_by(|a, b| a.0.total_cmp(&b.0));
        columns.complete()
    }

    /// Takes a column of latencies; answers whether it was there already.
    fn latency(&mut self, name: &str, index: usize) -> Result<bool, String> {
        let Some(edge) = name.strip_prefix("le_") else {
            self.ignored.push(name.to_owned());
            return Ok(false);
        };
        if matches!(edge, "inf" | "+inf") {
            return Ok(self.beyond.replace(index).is_some());
        }
        let edge: f64 = edge.parse().ok().filter(|edge: &f64| edge.is_finite() && *edge > 0.0).ok_or_else(|| {
            format!("`{name}` names no number of milliseconds; write `le_100`, `le_2500` or `le_inf`")
        })?;
        let is_there = self.edges.iter().any(|(there, _)| there.total_cmp(&(edge / 1000.0)).is_eq());
        self.edges.push((edge / 1000.0, index));
        Ok(is_there)
    }

    fn complete(self) -> Result<Self, String> {
        if self.time == usize::MAX {
            return Err(format!("there is no column `t`; a header names {KNOWN}"));
        }
        let pairs = [
            (self.requests, self.errors, "requests", "errors"),
            (self.old_requests, self.old_errors, "baseline_requests", "baseline_errors"),
        ];
        for (requests, errors, of_requests, of_errors) in pairs {
            if requests.is_some() != errors.is_some() {
                let (there, missing) =
                    if requests.is_some() { (of_requests, of_errors) } else { (of_errors, of_requests) };
                return Err(format!("there is a column `{there}` and none named `{missing}`"));
            }
        }
        if self.requests.is_none() && self.up.is_none() && self.edges.is_empty() {
            return Err(format!("there is nothing to judge by; a header names {KNOWN}"));
        }
        Ok(self)
    }
}
