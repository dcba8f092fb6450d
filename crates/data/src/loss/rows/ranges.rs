//! Ranges of a whole number's key in which two databases do not have the same keys.
//!
//! The server sums up the hashes of the keys of each range, in one pass over the table and without sending a row, so that only
//! the ranges whose sums differ are left to walk. Two different sets of keys have the same sum of 64-bit hashes about as often
//! as two rows have the same hash, which is what rows are compared by everywhere here.

use std::collections::HashMap;

use backout_core::port::PortError;
use futures_util::TryStreamExt;

use super::shape::{Kind, Shape};
use super::side::Side;
use super::sql;
use crate::words::failed;

/// How many ranges there are at most: enough that few keys share one, few enough to be held on both sides.
const RANGES: i128 = 1 << 17;

/// Ranges of a key: those that begin with these numbers, less the last `shift` bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::loss) struct Ranges {
    pub(super) shift: u32,
    pub(super) numbers: Vec<i64>,
}

impl Ranges {
    /// The least number of each, and the greatest.
    pub(super) fn ends(&self) -> impl Iterator<Item = (i64, i64)> {
        self.numbers.iter().map(|number| (number << self.shift, (number << self.shift) | ((1 << self.shift) - 1)))
    }
}

impl Ranges {
    /// Those in which `second` has a key that `first` has not, and some in which it is the other way about. `None` where the
    /// key is not one whole number, or where so many differ that it is quicker to walk them all.
    pub(in crate::loss) async fn differing(
        first: (&Side, &Shape),
        second: (&Side, &Shape),
    ) -> Result<Option<Self>, PortError> {
        if !matches!(second.1.key.as_slice(), [part] if part.kind == Kind::Integer) {
            return Ok(None);
        }
        let (one, other) = tokio::try_join!(ends(first), ends(second))?;
        let Some(shift) = shift(one.into_iter().chain(other)) else { return Ok(None) };
        let (one, other) = tokio::try_join!(sums(first, shift), sums(second, shift))?;
        let of = other.len();
        let mut numbers: Vec<i64> =
            other.into_iter().filter(|(number, sum)| one.get(number) != Some(sum)).map(|(number, _)| number).collect();
        numbers.sort_unstable();
        Ok(Some(Self { shift, numbers }).filter(|ranges| ranges.numbers.len() <= of / 4))
    }
}

/// How many bits less leave no more than [`RANGES`]; `None` where there is no key at all.
fn shift(ends: impl Iterator<Item = i64> + Clone) -> Option<u32> {
    let width = i128::from(ends.clone().max()?) - i128::from(ends.min()?);
    (0..64).find(|shift| width >> shift < RANGES - 1)
}

/// The least key and the greatest.
async fn ends((side, shape): (&Side, &Shape)) -> Result<Vec<i64>, PortError> {
    let row = side.look.query_one(&sql::ends(shape), &[]).await.map_err(|error| unread(side, shape, &error))?;
    Ok([0, 1].into_iter().filter_map(|index| row.get(index)).collect())
}

/// The sum of each range that has keys.
async fn sums((side, shape): (&Side, &Shape), shift: u32) -> Result<HashMap<i64, String>, PortError> {
    let none: [&str; 0] = [];
    let rows = side.stream.query_raw(&sql::sums(shape, shift), none).await;
    let rows = rows.map_err(|error| unread(side, shape, &error))?;
    let sums = rows.map_ok(|row| (row.get(0), row.get(1))).try_collect().await;
    sums.map_err(|error| unread(side, shape, &error))
}

fn unread(side: &Side, shape: &Shape, error: &tokio_postgres::Error) -> PortError {
    failed(&format!("could not sum the keys of `{}` up in `{}`", shape.name, side.dbname), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_few_however_far_apart_keys_are() {
        for (least, greatest) in [(1, 1), (1, 10_000_000), (-5, 1 << 40), (i64::MIN, i64::MAX)] {
            let shift = shift([least, greatest].into_iter()).unwrap();
            let ranges = i128::from(greatest >> shift) - i128::from(least >> shift) + 1;
            assert!(ranges <= RANGES, "{least} to {greatest}: {ranges}");
        }
        assert_eq!(shift([1, 10_000_000].into_iter()), Some(7));
        let ends: Vec<_> = Ranges { shift: 47, numbers: vec![i64::MIN >> 47, i64::MAX >> 47] }.ends().collect();
        assert_eq!((ends[0].0, ends[1].1), (i64::MIN, i64::MAX));
        assert_eq!(shift(std::iter::empty()), None);
    }
}
