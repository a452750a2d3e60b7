//! What theory says of a scalar of training.

/// The value that the best possible model would have in the place of a scalar, as far as the data tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oracle {
    /// Of −E log p(x): the entropy of the distribution that values were drawn from, in nats. No model's is below it
    /// (Gibbs' inequality).
    Entropy,
    /// Of −E log p(caption | value): the entropy of captions, in nats. Given what it shows, a scene of two objects has two
    /// captions that are true of it, either as likely. Known where no scene has more, and no caption is wrong.
    Captions,
    /// Of a squared error, summed over the numbers of a value: what the best affine code of so many numbers leaves,
    /// which is the variance beyond as many principal components (Baldi & Hornik 1989). An affine autoencoder
    /// cannot be better on its training data, another one can.
    LinearCode {
        /// Numbers in the code.
        dimensions: usize,
    },
}
