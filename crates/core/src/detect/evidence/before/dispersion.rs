//! Noise: how much more the rate of bad requests varied from block to block than chance makes it.

/// How long the blocks are that rates are compared over, in blocks of 30 s: 30 s, one minute, three, five.
const LENGTHS: [usize; 4] = [1, 2, 6, 10];

/// With fewer bad requests than these, nothing is said of their noise.
const FEWEST: f64 = 10.0;

/// How much the rate of bad requests varied beyond chance.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Noise {
    /// The square of its coefficient of variation, of the block length where it is largest.
    pub(crate) square: f64,
    /// How many times its mean the variance of a block's count was, less one: of the block length where that is largest.
    pub(crate) excess: f64,
    /// How large the square may be, given how few blocks it is known from: an upper bound.
    pub(crate) most: f64,
    /// The square of the coefficient of variation of the mean of all blocks: how well it is known where the rate was usually.
    pub(crate) of_mean: f64,
}

/// The quantile of the normal distribution for 95 % on one side.
const Z: f64 = 1.645;

/// Noise over blocks of 30 s of `(requests, bad)`, by Pearson's dispersion; 0 where there is none.
///
/// Noise that stays for minutes is no larger within long blocks than within short ones, and there are few long blocks in half
/// an hour: so both its bound and how little the mean is known come from there. A longer history narrows both.
pub(crate) fn noise(blocks: &[(f64, f64)]) -> Noise {
    let (requests, bad) = blocks.iter().fold((0.0, 0.0), |sum, block| (sum.0 + block.0, sum.1 + block.1));
    if bad < FEWEST || requests == 0.0 {
        return Noise::default();
    }
    let of_length = |length: usize| {
        let merged: Vec<(f64, f64)> = blocks
            .chunks_exact(length)
            .map(|chunk| chunk.iter().fold((0.0, 0.0), |sum, block| (sum.0 + block.0, sum.1 + block.1)))
            .filter(|(requests, _)| *requests > 0.0)
            .collect();
        beyond_chance(&merged, bad / requests)
    };
    LENGTHS.into_iter().map(of_length).fold(Noise::default(), |most, noise| Noise {
        square: most.square.max(noise.square),
        excess: most.excess.max(noise.excess),
        most: most.most.max(noise.most),
        of_mean: most.of_mean.max(noise.of_mean),
    })
}

#[expect(clippy::cast_precision_loss, reason = "a count of blocks")]
fn beyond_chance(blocks: &[(f64, f64)], share: f64) -> Noise {
    if blocks.len() < 2 {
        return Noise::default();
    }
    let freedom = (blocks.len() - 1) as f64;
    let expected = |requests: f64| requests * share;
    let pearson: f64 =
        blocks.iter().map(|(requests, bad)| (bad - expected(*requests)).powi(2) / expected(*requests)).sum();
    let mean = blocks.iter().map(|(requests, _)| expected(*requests)).sum::<f64>() / blocks.len() as f64;
    let ratio = pearson / freedom;
    let chance = 1.0 + (2.0 / freedom).sqrt();
    if ratio <= chance {
        return Noise::default();
    }
    let excess = ratio - 1.0;
    let square = excess / mean;
    Noise { square, excess, most: square * at_most(freedom), of_mean: square / blocks.len() as f64 }
}

/// How many times as large as what was seen a variance may be that has so many degrees of freedom: from the lower quantile of
/// chi-square, by Wilson and Hilferty.
fn at_most(freedom: f64) -> f64 {
    let spread = 2.0 / (9.0 * freedom);
    // With one or two degrees it is not bounded at all; a hundred times is as good as that.
    (1.0 - spread - Z * spread.sqrt()).powi(3).max(0.01).recip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate_has_no_noise_and_a_bursty_one_has() {
        let steady: Vec<(f64, f64)> = (0..60).map(|i| (3000.0, 3.0 + f64::from(i % 3) - 1.0)).collect();
        assert_eq!(noise(&steady), Noise::default());
        let bursty: Vec<(f64, f64)> = (0..60).map(|i| (3000.0, if i % 10 < 5 { 60.0 } else { 2.0 })).collect();
        assert!(noise(&bursty).square > 0.5, "{:?}", noise(&bursty));
    }

    #[test]
    fn noise_that_stays_leaves_its_size_and_the_mean_less_known() {
        let of_length = |length: usize| -> Vec<(f64, f64)> {
            (0..60).map(|i| (3000.0, if (i / length).is_multiple_of(2) { 60.0 } else { 2.0 })).collect()
        };
        let (short, long) = (noise(&of_length(1)), noise(&of_length(10)));
        assert!((short.square - long.square).abs() < 0.2 * long.square, "{short:?} {long:?}");
        assert!(long.most > 2.0 * short.most, "{short:?} {long:?}");
        assert!(long.of_mean > 4.0 * short.of_mean, "{short:?} {long:?}");
        let day: Vec<(f64, f64)> = (0..48).flat_map(|_| of_length(10)).collect();
        assert!(noise(&day).of_mean < 0.05 * long.of_mean, "{:?}", noise(&day));
    }

    #[test]
    fn too_few_bad_requests_say_nothing_of_noise() {
        let mut blocks = vec![(3000.0, 0.0); 60];
        blocks[7].1 = 9.0;
        assert_eq!(noise(&blocks), Noise::default());
    }
}
