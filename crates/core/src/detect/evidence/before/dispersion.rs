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
}

/// Noise over blocks of 30 s of `(requests, bad)`, by Pearson's dispersion; 0 where there is none.
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
    if ratio > chance { Noise { square: (ratio - 1.0) / mean, excess: ratio - 1.0 } } else { Noise::default() }
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
    fn too_few_bad_requests_say_nothing_of_noise() {
        let mut blocks = vec![(3000.0, 0.0); 60];
        blocks[7].1 = 9.0;
        assert_eq!(noise(&blocks), Noise::default());
    }
}
