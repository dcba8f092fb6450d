//! Evidence that is valid at every moment: a mixture of likelihood ratios over how bad it might be and since when.
//!
//! Each alternative has one running number, so that no window is kept. With weight `w` for a start now, and the likelihood
//! ratio `l` of what was seen, it grows as `A = (A + w) * exp(l)`. The mean over alternatives and the weight that is not
//! spent yet are together an e-process: on a healthy deploy it ever reaches `1/alpha` with a chance of at most `alpha`
//! (Ville), however often one looks. Howard and Ramdas, Bernoulli 2022; Lindon and Malek, NeurIPS 2022.

/// No single look may say more than this, in nats: a broken measurement is not a proof.
const MOST_AT_ONCE: f64 = 30.0;

/// Where numbers stop to grow.
const CEILING: f64 = 1e200;

/// Running evidence against a healthy deploy, over `N` ways in which it might be bad.
#[derive(Debug, Clone)]
pub(crate) struct Mixture<const N: usize> {
    grown: [f64; N],
    spent: f64,
}

impl<const N: usize> Mixture<N> {
    pub(crate) fn new() -> Self {
        Self { grown: [0.0; N], spent: 0.0 }
    }

    /// Lets every alternative start now, with what of the weight was spent until now (0 to 1).
    pub(crate) fn start(&mut self, spent: f64) {
        let weight = (spent - self.spent).max(0.0);
        self.spent = self.spent.max(spent);
        for grown in &mut self.grown {
            *grown += weight;
        }
    }

    /// Weighs what was seen: the log of its likelihood ratio under each alternative.
    pub(crate) fn weigh(&mut self, ratios: [f64; N]) {
        for (grown, ratio) in self.grown.iter_mut().zip(ratios) {
            if ratio != 0.0 {
                *grown = (*grown * ratio.min(MOST_AT_ONCE).exp()).min(CEILING);
            }
        }
    }

    /// The evidence: 1 at the beginning; on a healthy deploy it stays there on average.
    #[expect(clippy::cast_precision_loss, reason = "a handful of alternatives")]
    pub(crate) fn value(&self) -> f64 {
        self.grown.iter().sum::<f64>() / N as f64 + (1.0 - self.spent)
    }

    /// Takes back what was held against the deploy; it was something else.
    pub(crate) fn forget(&mut self) {
        self.grown = [0.0; N];
    }
}
